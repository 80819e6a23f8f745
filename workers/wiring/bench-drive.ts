import { build, type Histogram } from 'hdr-histogram-js';
import { Client, type Dispatcher } from 'undici';
import * as z from 'zod';
import { createConnection } from '#loadtest/connection.ts';
import { PopulationPlan } from '#model/population-plan.ts';

/** What one generating process of `soak bench load` is to do; its parent watches its memory and processor time. */
export const DriveTask = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('bare'),
    client: z.enum(['soakwave', 'undici']),
    origin: z.url(),
    path: z.string(),
    headers: z.record(z.string(), z.string()),
    connections: z.int().positive(),
    seconds: z.number().positive(),
    /** Between an answer and the next request. */
    pauseMs: z.int().nonnegative(),
  }),
  z.strictObject({
    kind: z.literal('engine'),
    baseUrl: z.url(),
    secret: z.string(),
    population: PopulationPlan,
    users: z.int().positive(),
    spawnRatePerSecond: z.number().positive(),
    /** Absent: the closed model. */
    iterationsPerSecond: z.number().positive().optional(),
    thinkTimeMs: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
    seconds: z.number().positive(),
    /** For its spool and its journal. */
    folder: z.string(),
  }),
]);
export type DriveTask = z.infer<typeof DriveTask>;
export type EngineTask = Extract<DriveTask, { kind: 'engine' }>;
type BareTask = Extract<DriveTask, { kind: 'bare' }>;

/** One line of a generating process: each minute, and at its end. */
export const DriveLine = z.strictObject({
  isLast: z.boolean(),
  seconds: z.number(),
  requests: z.int(),
  failed: z.int(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  rssBytes: z.int(),
  /** Of processor time, for one request, from when every user was there. */
  cpuUsPerRequest: z.number(),
  /** From the first user to the last. */
  spawnSeconds: z.number().optional(),
  /** Open model: how late iterations began that were due, and how many were not begun for want of a user. */
  late: z.strictObject({ p50Ms: z.number(), p99Ms: z.number(), dropped: z.int() }).optional(),
  /** The most frequent causes of what failed. */
  causes: z.record(z.string(), z.int()),
});
export type DriveLine = z.infer<typeof DriveLine>;

export const createLatencies = (): Histogram =>
  build({ bitBucketSize: 32, autoResize: true, highestTrackableValue: 2 ** 26, numberOfSignificantValueDigits: 3 });

export const latencyMs = (histogram: Histogram, percentile: number): number =>
  histogram.totalCount === 0 ? 0 : histogram.getValueAtPercentile(percentile) / 1_000;

/** Undefined when the request failed. */
type Ask = () => Promise<number | undefined>;

/** The same request for ever on every connection, each as soon as the one before is answered; every latency in a histogram. */
export async function driveBare(task: BareTask): Promise<DriveLine> {
  const latencies = createLatencies();
  const startedAt = performance.now();
  const endsAt = startedAt + task.seconds * 1_000;
  let failed = 0;
  const drive = async (): Promise<void> => {
    const { ask, close } = task.client === 'soakwave' ? createOurs(task) : createTheirs(task);
    while (performance.now() < endsAt) {
      const durationUs = await ask();
      if (durationUs === undefined) failed += 1;
      else latencies.recordValue(durationUs);
      if (task.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, task.pauseMs));
      // A server that refuses at once must not be asked without a pause.
      else if (durationUs === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await close();
  };
  await Promise.all(Array.from({ length: task.connections }, drive));
  const requests = latencies.totalCount;
  const { user, system } = process.cpuUsage();
  return {
    ...{ isLast: true, seconds: (performance.now() - startedAt) / 1_000, requests, failed, causes: {} },
    ...{ p50Ms: latencyMs(latencies, 50), p99Ms: latencyMs(latencies, 99), rssBytes: process.memoryUsage.rss() },
    cpuUsPerRequest: (user + system) / Math.max(1, requests),
  };
}

interface Asker {
  readonly ask: Ask;
  readonly close: () => Promise<unknown>;
}

const timeoutMs = 10_000;

function createOurs({ origin, path, headers }: BareTask): Asker {
  const connection = createConnection(origin, timeoutMs);
  const request = { method: 'GET', path, headers } as const;
  return {
    async ask() {
      const exchange = await connection.send(request);
      return exchange.outcome === 'answered' && exchange.response.status < 400 ? exchange.durationUs : undefined;
    },
    close: () => connection.close(),
  };
}

/** The same on undici's leanest interface: one client a connection, one handler for all of its requests. */
function createTheirs({ origin, path, headers }: BareTask): Asker {
  const client = new Client(origin, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const request = { method: 'GET', path, headers } as const;
  let startedAt = 0;
  let status = 0;
  let chunks: Buffer[] = [];
  let settle: (durationUs: number | undefined) => void = () => undefined;
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: () => undefined,
    onResponseStart(_controller, statusCode) {
      status = statusCode;
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      Buffer.concat(chunks).toString('utf8');
      const durationUs = Math.max(1, Math.round((performance.now() - startedAt) * 1_000));
      settle(status < 400 ? durationUs : undefined);
    },
    onResponseError() {
      settle(undefined);
    },
  };
  return {
    ask: () =>
      new Promise((resolve) => {
        settle = resolve;
        chunks = [];
        startedAt = performance.now();
        client.dispatch(request, handler);
      }),
    close: () => client.destroy(),
  };
}
