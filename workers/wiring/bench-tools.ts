import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { LoadTool } from '#cli/load-bench.ts';
import type { BenchProgram } from './bench-process.ts';
import type { Environment } from './environment.ts';

/** A generator that is not ours, against one URL. */
export interface PeerTrial {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** For scripts that it needs. */
  readonly folder: string;
  /** Between an answer and the next request; wrk only. */
  readonly pauseMs?: number;
}

/** What a generator says of itself. */
export interface PeerResult {
  readonly requests: number;
  readonly failed: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Peer {
  /** How to install it. */
  readonly advice: string;
  /** Undefined where it is not installed. */
  find(environment: Environment): string | undefined;
  program(path: string, trial: PeerTrial): Pick<BenchProgram, 'command' | 'args'>;
  /** Throws when the output is not understood. */
  read(output: string): PeerResult;
}

export type PeerName = Exclude<LoadTool, 'soakwave' | 'undici'>;

const onPath =
  (name: string) =>
  ({ searchPath, cacheFolder }: Environment): string | undefined =>
    [...searchPath, cacheFolder, join(cacheFolder, '..', 'locust', 'bin')]
      .map((folder) => join(folder, name))
      .find((path) => existsSync(path));

const wrk: Peer = {
  advice: 'apt-get install wrk',
  find: onPath('wrk'),
  program(path, { url, connections, seconds, folder, pauseMs = 0 }) {
    const pace = join(folder, 'pace.lua');
    writeFileSync(pace, `function delay() return ${pauseMs} end\n`);
    const script = pauseMs > 0 ? ['-s', pace] : [];
    return { command: path, args: ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...script, url] };
  },
  read(output) {
    const [, requests = ''] = /(\d+) requests in/.exec(output) ?? [];
    const [, rate = ''] = /Requests\/sec:\s+([\d.]+)/.exec(output) ?? [];
    const [, refused = '0'] = /Non-2xx or 3xx responses: (\d+)/.exec(output) ?? [];
    const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? [];
    const failed = [refused, ...errors].reduce((sum, count) => sum + Number(count), 0);
    if (requests === '' || rate === '') throw new Error(`wrk said something unexpected: ${output.slice(-500)}`);
    const at = (percent: number): number => milliseconds(new RegExp(`${percent}%\\s+([\\d.]+)(us|ms|s)`).exec(output));
    return { requests: Number(requests), failed, requestsPerSecond: Number(rate), p50Ms: at(50), p99Ms: at(99) };
  },
};

function milliseconds(found: RegExpExecArray | null): number {
  const [, value = '0', unit = 'ms'] = found ?? [];
  return Number(value) * (unit === 'us' ? 0.001 : unit === 's' ? 1_000 : 1);
}

const count = z.number().nonnegative();
const AutocannonResult = z.object({
  duration: z.number(),
  errors: count,
  non2xx: count,
  '2xx': count,
  latency: z.object({ p50: z.number(), p99: z.number() }),
});

const autocannon: Peer = {
  advice: 'npm ci, without --omit=dev',
  find({ home }) {
    const path = join(home, 'node_modules', 'autocannon', 'autocannon.js');
    return existsSync(path) ? path : undefined;
  },
  program: (path, { url, connections, seconds }) => ({
    command: process.execPath,
    args: [path, '-c', `${connections}`, '-d', `${seconds}`, '-j', '-n', url],
  }),
  read(output) {
    const { duration, errors, non2xx, latency, ...rest } = AutocannonResult.parse(parseObject(output));
    const requests = rest['2xx'];
    const rate = requests / duration;
    return { requests, failed: errors + non2xx, requestsPerSecond: rate, p50Ms: latency.p50, p99Ms: latency.p99 };
  },
};

const K6Result = z.object({
  http_reqs: z.object({ values: z.object({ count, rate: z.number() }) }),
  http_req_failed: z.object({ values: z.object({ passes: count }) }),
  http_req_duration: z.object({ values: z.object({ med: z.number(), 'p(99)': z.number() }) }),
});

const k6: Peer = {
  advice: 'scripts/setup --with k6, or https://grafana.com/docs/k6',
  find: onPath('k6'),
  program(path, { url, connections, seconds, folder }) {
    const script = join(folder, 'bench.js');
    writeFileSync(
      script,
      `import http from 'k6/http';
export const options = { vus: ${connections}, duration: '${seconds}s', summaryTrendStats: ['med', 'p(99)'] };
export default function () { http.get('${url}'); }
export function handleSummary(data) { return { stdout: JSON.stringify(data.metrics) }; }
`,
    );
    return { command: path, args: ['run', '--quiet', '--no-usage-report', script] };
  },
  read(output) {
    const metrics = K6Result.parse(parseObject(output));
    const { count: all, rate } = metrics.http_reqs.values;
    const failed = metrics.http_req_failed.values.passes;
    const { med, 'p(99)': p99 } = metrics.http_req_duration.values;
    return { requests: all - failed, failed, requestsPerSecond: (rate * (all - failed)) / all, p50Ms: med, p99Ms: p99 };
  },
};

const LocustResult = z.array(
  z.object({
    start_time: z.number(),
    last_request_timestamp: z.number(),
    num_requests: count,
    num_failures: count,
    response_times: z.record(z.string(), count),
  }),
);

/** Statistics begin when all users are there, as the other tools' do. */
const locust = (user: 'Fast' | 'Plain'): Peer => ({
  advice: 'scripts/setup --with locust, or pip install locust',
  find: onPath('locust'),
  program(path, { url, connections, seconds, folder }) {
    const script = join(folder, 'locustfile.py');
    writeFileSync(
      script,
      `from locust import FastHttpUser, HttpUser, task


class Fast(FastHttpUser):
    @task
    def ask(self):
        self.client.get("/")


class Plain(HttpUser):
    @task
    def ask(self):
        self.client.get("/")
`,
    );
    const users = ['-u', `${connections}`, '-r', `${connections}`, '-t', `${seconds + 1}s`, '--reset-stats'];
    const host = ['--host', new URL(url).origin];
    return { command: path, args: ['-f', script, user, '--headless', ...users, ...host, '--json', '--loglevel', 'ERROR'] }; // prettier-ignore
  },
  read(output) {
    const [found] = LocustResult.parse(JSON.parse(output.slice(output.indexOf('['), output.lastIndexOf(']') + 1)));
    if (found === undefined) throw new Error('Locust sent nothing');
    const seconds = found.last_request_timestamp - found.start_time;
    const requests = found.num_requests - found.num_failures;
    const at = (share: number): number => percentileOf(found.response_times, share);
    const rate = requests / seconds;
    return { requests, failed: found.num_failures, requestsPerSecond: rate, p50Ms: at(0.5), p99Ms: at(0.99) };
  },
});

/** Locust counts by whole milliseconds. */
function percentileOf(counts: Readonly<Record<string, number>>, share: number): number {
  const sorted = Object.entries(counts).sort(([one], [other]) => Number(one) - Number(other));
  let left = share * sorted.reduce((sum, [, each]) => sum + each, 0);
  for (const [value, each] of sorted) {
    left -= each;
    if (left <= 0) return Number(value);
  }
  return 0;
}

/** The output's one object, whatever stands around it. */
const parseObject = (output: string): unknown =>
  JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));

export const peers: Readonly<Record<PeerName, Peer>> = {
  ...{ wrk, autocannon, k6 },
  'locust-fasthttp': locust('Fast'),
  'locust-http': locust('Plain'),
};
