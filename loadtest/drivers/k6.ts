import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { type EngineOrders, plannedUsers, totalLoadMs } from '#model/load-plan.ts';
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
  /** The script has scenarios of its own: how many users there are, and when, is its business. */
  readonly ownSchedule: boolean;
  readonly env: Readonly<Record<string, string>>;
}

/** From its start to its first user. */
const leadMs = 1_000;
/** A threshold that was crossed: its verdict on the run, and not a death. */
const thresholdsCrossed = 99;

export function createK6(options: K6Options): Tool {
  const { command, file, besideFolder, summaryFile, ownSchedule, env } = options;
  return {
    name: 'k6',
    leadMs,
    launch(orders, at) {
      const stages = ownSchedule ? [] : stagesFrom(orders, at + leadMs);
      return {
        command,
        args: [
          ...['run', '--quiet', '--no-color', '--no-usage-report', '--address', '', '--summary-export', summaryFile],
          ...['--out', 'json=-', ...stages.flatMap((stage) => ['--stage', stage]), file],
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

/** What is left of the plan's stages at `at`, in k6's words: how long it takes to come to how many users. */
function stagesFrom({ plan, startsAt, endsAt }: EngineOrders, at: number): string[] {
  const from = Math.max(0, at - startsAt);
  // It may have begun a little before it was reckoned to: its last users stay until the schedule has surely ended.
  const until = Math.min(totalLoadMs(plan), endsAt - startsAt);
  const stages: string[] = [];
  // Who starts in mid-load comes to the users of that moment at the spawn rate.
  const present = plannedUsers(plan, from);
  const returnMs = from === 0 ? 0 : Math.ceil((present / plan.spawnRatePerSecond) * 1_000);
  if (returnMs > 0) stages.push(`${returnMs}ms:${present}`);
  let begins = 0;
  for (const { durationMs, usersTo } of plan.stages) {
    const leftMs = Math.min(begins + durationMs, until) - Math.max(begins, from + returnMs);
    if (leftMs > 0) stages.push(`${Math.round(leftMs)}ms:${Math.round(usersTo)}`);
    begins += durationMs;
  }
  return [...stages, `${leadMs}ms:${Math.round(plan.stages.at(-1)?.usersTo ?? 0)}`];
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
