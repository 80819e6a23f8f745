import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineKeeper, ShardSchedule } from '#activities/ramp-load.ts';
import { readIfPresent, writeAtomic } from '#compose/atomic-file.ts';
import { readDesired } from '#compose/held/desired-file.ts';
import { extendLease } from '#compose/held/lease.ts';
import { steer } from '#compose/held/place.ts';
import { type HeldProcess, startHeld } from '#compose/held/start.ts';
import { EngineTotals } from '#loadtest/totals.ts';
import type { RunRef } from '#model/activities.ts';
import { leaseMs } from '#model/held.ts';
import type { EngineOrders } from '#model/load-plan.ts';
import type { LoadTotals } from '#model/progress.ts';
import { readIdentities } from '#seeding/identities.ts';
import type { Context } from './context.ts';
import { heldSpec } from './held-spec.ts';
import { loopbackHosts } from './places.ts';

const lookMs = 200;
const leaseEveryMs = 2_000;
/** Beyond the drain, before a stop is forced. */
const stopMarginMs = 6_000;

export const engineName = (shard: number): string => `engine-${shard}`;
export const totalsFile = (folder: string, incarnation: number): string => join(folder, `totals-${incarnation}.json`);

export function createEngineKeeper(context: Context): EngineKeeper {
  const folderOf = (run: RunRef, shard: number): string => join(context.runPlaces(run).held, engineName(shard));
  const start = async (run: RunRef, schedule: ShardSchedule): Promise<HeldProcess> => {
    const folder = folderOf(run, schedule.shard);
    return startHeld({
      folder,
      table: context.heldTable(run),
      runKey: run.runKey,
      payload: await ordersOf(context, run, schedule),
      spec: (epoch) =>
        heldSpec(context.environment, {
          role: engineName(schedule.shard),
          entry: 'engine',
          nice: 5,
          folder,
          epoch,
          runKey: run.runKey,
        }),
    });
  };
  return {
    host: context.environment.host,
    async place(run, schedule) {
      mkdirSync(folderOf(run, schedule.shard), { recursive: true });
      await start(run, schedule);
    },
    async hold(run, schedule, { until, beat }) {
      const folder = folderOf(run, schedule.shard);
      const name = engineName(schedule.shard);
      const isStopped = (): boolean => readDesired(folder)?.stop === true;
      const isGone = (): boolean => context.heldTable(run).adopt(name) === undefined;
      // An attempt that comes too late must not start anew what was stopped, or what has ended by itself.
      const isOver = (): boolean => isStopped() || (isGone() && Date.now() >= schedule.endsAt);
      if (isOver()) return foldTotals(folder);
      let held = await start(run, schedule);
      let extendedAt = 0;
      while (Date.now() < until) {
        beat.signal.throwIfAborted();
        if (isOver()) break;
        if (isGone()) {
          context.log.warn({ runKey: run.runKey, shard: schedule.shard }, 'the engine died and is started again');
          held = await start(run, schedule);
        }
        if (Date.now() - extendedAt >= leaseEveryMs) {
          extendLease(folder, held.epoch, Date.now() + leaseMs);
          extendedAt = Date.now();
          beat.progress(foldTotals(folder));
        }
        await sleep(Math.min(lookMs, Math.max(1, until - Date.now())), undefined, { signal: beat.signal });
      }
      return foldTotals(folder);
    },
    async stop(run, shard) {
      const folder = folderOf(run, shard);
      const desired = readDesired(folder);
      if (desired === undefined) return { stopped: false };
      const { endsAt, plan } = desired.payload as EngineOrders;
      const table = context.heldTable(run);
      const gone = async (untilMs: number): Promise<boolean> => {
        while (Date.now() < untilMs && table.adopt(engineName(shard)) !== undefined) await sleep(lookMs);
        return table.adopt(engineName(shard)) === undefined;
      };
      // Past the end of the schedule the engine ends by itself once what is in flight is over.
      const natural = Date.now() >= endsAt - lookMs && (await gone(endsAt + plan.drainMs + stopMarginMs));
      await steer({ folder, runKey: run.runKey, stop: true });
      if (!natural) await gone(Date.now() + stopMarginMs);
      await table.stop(engineName(shard));
      return { stopped: true };
    },
  };
}

/** The whole remaining schedule with absolute times: from here on the engine needs nobody. */
async function ordersOf(context: Context, run: RunRef, schedule: ShardSchedule): Promise<EngineOrders> {
  const plan = await context.readPlan(run);
  const shard = plan.load.shards[schedule.shard];
  if (shard === undefined) throw new Error(`the plan has no shard ${schedule.shard}`);
  const { baseUrl, databaseUrl, secretFile } = context.stackAddress();
  const identitiesFile = join(context.runPlaces(run).held, `identities-${schedule.shard}.json`);
  if (readIfPresent(identitiesFile) === undefined) {
    const count = shard.firstSlot + shard.slots;
    const identities = await readIdentities({ databaseUrl, plan: plan.population, count });
    // A wave may have fewer seeded users than virtual ones: then several share an identity, each with objects of its own.
    const own = Array.from(
      { length: shard.slots },
      (_, index) => identities[(shard.firstSlot + index) % identities.length],
    );
    writeAtomic(identitiesFile, JSON.stringify(own), { mode: 0o600 });
  }
  return {
    plan: plan.load,
    shard,
    startsAt: schedule.startsAt,
    endsAt: schedule.endsAt,
    baseUrl,
    allowedHosts: loopbackHosts,
    identitiesFile,
    secretFile,
    spoolFolder: context.runPlaces(run).spool,
  };
}

/**
 * What all incarnations of a shard's engine did so far; users and latency are the newest one's.
 * @internal
 */
export function foldTotals(folder: string): LoadTotals {
  const sum: LoadTotals = { due: 0, delivered: 0, dropped: 0, abandoned: 0, requests: 0, failed: 0, users: 0 };
  const totals = readdirSync(folder)
    .filter((name) => /^totals-\d+\.json$/.test(name))
    .map((name) => EngineTotals.safeParse(JSON.parse(readIfPresent(join(folder, name)) ?? 'null')))
    .flatMap((parsed) => (parsed.success ? [parsed.data] : []))
    .sort((a, b) => a.incarnation - b.incarnation);
  for (const { load } of totals) {
    for (const key of ['due', 'delivered', 'dropped', 'abandoned', 'requests', 'failed'] as const)
      sum[key] += load[key];
  }
  const newest = totals.at(-1)?.load;
  if (newest === undefined) return sum;
  const { users, latencyMsP95 } = newest;
  return { ...sum, users, ...(latencyMsP95 === undefined ? {} : { latencyMsP95 }) };
}
