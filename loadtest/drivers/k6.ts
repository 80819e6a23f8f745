import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { EngineOrders } from '#model/load-plan.ts';
import type { K6Schedule } from './k6-schedule.ts';
import type { Tool } from './tool.ts';
import type { RequestCount, ToldThing, ToolReport, ToolSelf } from './tool-report.ts';

export interface K6Options {
  /** Its program. */
  readonly command: string;
  /** The copy of the user's script. */
  readonly file: string;
  /** Folder of the original. */
  readonly besideFolder: string;
  /** Where it writes what became of its thresholds; in the driver's own folder. */
  readonly summaryFile: string;
  /** Where the script is written that k6 runs: the user's with the plan's schedule. */
  readonly scheduledFile: string;
  /** The script has scenarios of its own: how many users there are, and when, is its business. */
  readonly ownSchedule: boolean;
  readonly env: Readonly<Record<string, string>>;
}

/** What k6 may take to begin, on a machine that is busy with much else. */
const leadMs = 5_000;
/** A script with scenarios of its own begins with them. */
const ownLeadMs = 1_000;
const scheduleModule = fileURLToPath(new URL('k6-schedule.ts', import.meta.url));
/** A threshold that was crossed: its verdict on the run, and not a death. */
const thresholdsCrossed = 99;

export function createK6(options: K6Options): Tool {
  const { command, file, besideFolder, summaryFile, scheduledFile, ownSchedule, env } = options;
  return {
    name: 'k6',
    leadMs: ownSchedule ? ownLeadMs : leadMs,
    launch(orders) {
      const script = ownSchedule ? file : writeScheduled(scheduledFile, { file, orders });
      return {
        command,
        args: [
          ...['run', '--quiet', '--no-color', '--no-usage-report', '--address', '', '--summary-export', summaryFile],
          ...['--out', 'json=-', script],
        ],
        env: { ...env, SOAKWAVE_BASE_URL: orders.baseUrl, SOAKWAVE_FOLDER: besideFolder },
        cwd: dirname(summaryFile),
        output: 'stdout',
      };
    },
    steer: () => undefined,
    parse: parseK6Line,
    measure: measureProcess,
    hasEnded: ({ code }) => code === thresholdsCrossed || (ownSchedule && code === 0),
    remains: () => readThresholds(summaryFile),
  };
}

/**
 * The user's script with the plan's schedule in place of its own. k6 takes the options of the first script only, so it is told
 * to run this one, which is the other in everything else.
 */
function writeScheduled(path: string, { file, orders }: { file: string; orders: EngineOrders }): string {
  const { plan, startsAt, endsAt } = orders;
  const stages = plan.stages.map(({ durationMs, usersFrom, usersTo }) => ({ durationMs, usersFrom, usersTo }));
  const schedule: K6Schedule = { startsAt, endsAt, spawnRatePerSecond: plan.spawnRatePerSecond, stages };
  const lines = [
    `import { stagesFrom } from ${JSON.stringify(scheduleModule)};`,
    `import * as script from ${JSON.stringify(file)};`,
    `export * from ${JSON.stringify(file)};`,
    `export { default } from ${JSON.stringify(file)};`,
    `const { vus, duration, iterations, stages, ...options } = script.options || {};`,
    `const left = stagesFrom(${JSON.stringify(schedule)}, Date.now());`,
    `options.scenarios = { default: { executor: 'ramping-vus', startVUs: 0, stages: left } };`,
    'export { options };',
  ];
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return path;
}

const Point = z.object({
  metric: z.string(),
  type: z.literal('Point'),
  data: z.object({ time: z.string(), value: z.number(), tags: z.record(z.string(), z.string()).nullish() }),
});

/** Of some fourteen lines a request, these are read. */
const told = /^\{"metric":"(http_req_duration|vus|checks)","type":"Point"/;
const nameCharactersMax = 120;

/**
 * What a line of k6's JSON output tells; undefined for one that tells nothing here.
 * @internal
 */
export function parseK6Line(line: string): ToolReport | undefined {
  if (!told.test(line)) return undefined;
  const read = Point.safeParse(parseJson(line));
  if (!read.success) return undefined;
  const { metric, data } = read.data;
  const at = Date.parse(data.time);
  if (Number.isNaN(at)) return undefined;
  const tags = data.tags ?? {};
  switch (metric) {
    case 'vus':
      return { at, users: Math.max(0, Math.round(data.value)) };
    case 'http_req_duration':
      return { at, requests: [requestOf(tags, data.value)] };
    case 'checks':
      return data.value === 0 ? { at, told: [failedCheck(tags['check'] ?? 'unnamed')] } : undefined;
    default:
      return undefined;
  }
}

const failedCheck = (check: string): ToldThing => ({
  ...{ finding: 'wrong-answer', detail: `a check failed: ${check}` },
  failed: { operation: named('check', check), count: 1 },
});

function requestOf(tags: Readonly<Record<string, string>>, ms: number): RequestCount {
  const operation = named(tags['method'] ?? 'GET', tags['name']);
  const status = Number(tags['status'] ?? 0);
  const isRight = tags['expected_response'] !== 'false' && status > 0;
  const durationsUs = isRight ? [[Math.max(1, Math.round(ms * 1_000)), 1] as const] : [];
  if (isRight) return { operation, ok: 1, failed: {}, bytesIn: 0, durationsUs };
  return { operation, ok: 0, failed: { [causeOf(status, tags)]: 1 }, bytesIn: 0, durationsUs };
}

/** k6's numbers for a request that took too long, and for connections that failed in ways which have a name. */
const timeoutCode = '1050';
const connectionCodes: Readonly<Record<string, string>> = {
  '1201': 'EPIPE',
  '1212': 'ECONNREFUSED',
  '1220': 'ECONNRESET',
};

function causeOf(status: number, tags: Readonly<Record<string, string>>): string {
  if (status > 0) return `http-${status}`;
  const code = tags['error_code'] ?? '0';
  return code === timeoutCode ? 'timeout' : `connection-${connectionCodes[code] ?? `k6-${code}`}`;
}

const named = (kind: string, name = 'unnamed'): string => `${kind} ${name}`.slice(0, nameCharactersMax);

const Summary = z.object({
  metrics: z.record(z.string(), z.object({ thresholds: z.record(z.string(), z.boolean()).optional() })),
});

/** The script's own thresholds: shown, and not judged. In this file true means crossed. */
function readThresholds(path: string): ToldThing[] {
  const read = Summary.safeParse(parseJson(readText(path)));
  if (!read.success) return [];
  return Object.entries(read.data.metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds).map(([threshold, isCrossed]): ToldThing => ({
      finding: 'threshold',
      detail: `${isCrossed ? 'crossed' : 'met'}: ${metric} ${threshold}`,
    })),
  );
}

/** Ticks of the kernel's clock a second; Linux tells programs 100 on every architecture. */
const ticksPerSecond = 100;
const pageBytes = 4_096;

function measureProcess(pid: number): ToolSelf | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const statm = readText(`/proc/${pid}/statm`).split(' ');
  // The name of the program is in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  if (stat === '' || Number.isNaN(user + system)) return undefined;
  return { cpuSeconds: (user + system) / ticksPerSecond, rssBytes: Number(statm[1] ?? 0) * pageBytes };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
