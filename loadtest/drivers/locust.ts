import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { EngineOrders } from '#model/load-plan.ts';
import { plannedAt } from '../presence-ledger.ts';
import type { Tool } from './tool.ts';
import type { ToolReport } from './tool-report.ts';

export interface LocustOptions {
  /** Its program. */
  readonly command: string;
  /** The copy of the user's file. */
  readonly file: string;
  /** Folder of the original, where it finds what it imports. */
  readonly besideFolder: string;
  /** What the plugin reads how many users shall be there; in the driver's own folder. */
  readonly wantedFile: string;
  /** What it is told beside its command line, the file of identities among it; no secrets. */
  readonly env: Readonly<Record<string, string>>;
}

/** Prints its reports to the fourth file and holds the number of users that the wanted file says. */
const locustPlugin = fileURLToPath(new URL('locust-plugin.py', import.meta.url));

/** Users come in whole seconds in Locust: who is due in a second is asked for in the one before. */
const aheadMs = 1_000;
/** Python, gevent and the user's imports. */
const leadMs = 60_000;

export function createLocust(options: LocustOptions): Tool {
  const { command, file, besideFolder, wantedFile, env } = options;
  let written = '';

  function want(orders: EngineOrders, at: number): void {
    const wanted = `${JSON.stringify({
      users: Math.max(plannedAt(orders, at), at < orders.startsAt ? 0 : plannedAt(orders, at + aheadMs)),
      spawnRate: orders.plan.spawnRatePerSecond,
      isOver: at >= orders.endsAt,
    })}\n`;
    if (wanted === written) return;
    // Read ten times a second and worth nothing after a crash: replaced whole, and not forced to the disk.
    writeFileSync(`${wantedFile}.new`, wanted);
    renameSync(`${wantedFile}.new`, wantedFile);
    written = wanted;
  }

  return {
    name: 'Locust',
    leadMs,
    launch(orders, at) {
      mkdirSync(dirname(wantedFile), { recursive: true });
      written = '';
      want(orders, at);
      const drainSeconds = Math.ceil(orders.plan.drainMs / 1_000);
      return {
        command,
        args: [
          ...['-f', `${locustPlugin},${file}`, '--headless', '--host', orders.baseUrl],
          ...['--stop-timeout', `${drainSeconds}`, '--only-summary', '--exit-code-on-error', '0'],
        ],
        env: {
          ...env,
          PYTHONPATH: besideFolder,
          PYTHONUNBUFFERED: '1',
          PYTHONDONTWRITEBYTECODE: '1',
          SOAKWAVE_BASE_URL: orders.baseUrl,
          SOAKWAVE_FOLDER: besideFolder,
          SOAKWAVE_WANTED: wantedFile,
          SOAKWAVE_REPORTS: '3',
        },
        cwd: dirname(wantedFile),
        output: 'own',
      };
    },
    steer: want,
    parse: parseLocustLine,
    // It is told when to end: whatever else ends it is a death, also when it says that all was well.
    hasEnded: () => false,
    remains: () => [],
  };
}

const count = z.int().nonnegative();

/** A line of the plugin's. */
const PluginLine = z.strictObject({
  at: z.number(),
  users: count,
  cpuSeconds: z.number().nonnegative(),
  rssBytes: count,
  /** Absent in lines between two seconds. */
  loopDelaySecondsP99: z.number().nonnegative().optional(),
  requests: z.array(
    z.strictObject({
      name: z.string(),
      ok: count,
      failed: z.record(z.string(), count),
      bytes: count,
      us: z.record(z.string(), count),
    }),
  ),
  errors: z.array(z.strictObject({ user: z.string(), count, detail: z.string() })),
});

/**
 * What a line of the plugin's tells; undefined for one that is cut off or is none.
 * @internal
 */
export function parseLocustLine(line: string): ToolReport | undefined {
  const read = PluginLine.safeParse(parseJson(line));
  if (!read.success) return undefined;
  const { at, users, cpuSeconds, rssBytes, loopDelaySecondsP99, requests, errors } = read.data;
  return {
    ...{ at: Math.round(at), users },
    requests: requests.map(({ name, ok, failed, bytes, us }) => ({
      ...{ operation: name, ok, failed, bytesIn: bytes },
      durationsUs: Object.entries(us).map(([duration, times]) => [Number(duration), times] as const),
    })),
    told: errors.map(({ user, count: times, detail }) => ({
      ...{ finding: 'task-error', detail: `${user}: ${detail}` },
      failed: { operation: `task ${user}`, count: times },
    })),
    ...(loopDelaySecondsP99 === undefined
      ? {}
      : { self: { cpuSeconds, rssBytes, eventLoopDelayP99Seconds: loopDelaySecondsP99 } }),
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
