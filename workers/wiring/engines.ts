import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Beat } from '#activities/heartbeat.ts';
import type { EngineKeeper } from '#activities/ramp-load.ts';
import { readIfPresent, writeAtomic } from '#compose/atomic-file.ts';
import { readDesired } from '#compose/held/desired-file.ts';
import { steer } from '#compose/held/place.ts';
import { type HeldProcess, mendHeldFolder, startHeld } from '#compose/held/start.ts';
import type { ProcessTable } from '#compose/process-table.ts';
import { EngineTotals } from '#loadtest/totals.ts';
import type { LoadHosts, RunRef, ShardSchedule } from '#model/activities.ts';
import { isTool } from '#model/load-driver.ts';
import { EngineOrders } from '#model/load-plan.ts';
import type { LoadTotals } from '#model/progress.ts';
import { readIdentities } from '#seeding/identities.ts';
import type { Context } from './context.ts';
import { type EngineLease, takeLease } from './engine-lease.ts';
import { createGuestDuties, handOverLoad } from './guest-duties.ts';
import { heldSpec } from './held-spec.ts';
import type { LoadPresence } from './load-presence.ts';
import { loopbackHosts } from './places.ts';
import { readProbe } from './probe-reader.ts';

const lookMs = 200;
const tellEveryMs = 2_000;
/** Beyond the drain, before a stop is forced. */
const stopMarginMs = 6_000;

/**
 * Of the space for young objects: as large as Node makes it by itself, each collection of it takes twice as long, and what is due
 * meanwhile begins late; smaller, there are more of them. Its memory settles within minutes (`soak bench load`).
 */
export const engineNodeArgs = ['--max-semi-space-size=16'] as const;

export const engineName = (shard: number): string => `engine-${shard}`;
export const totalsFile = (folder: string, incarnation: number): string => join(folder, `totals-${incarnation}.json`);

/** `presence`: which hosts there are to place shards on. */
export function createEngineKeeper(context: Context, presence: Pick<LoadPresence, 'hosts'>): EngineKeeper {
  const folderOf = (run: RunRef, shard: number): string => join(context.runPlaces(run).held, engineName(shard));
  const dutiesOf = createGuestDuties(context);
  const hostsFor = createHostsFor(context, presence);
  const start = async (run: RunRef, schedule: ShardSchedule, lease: EngineLease): Promise<HeldProcess> => {
    const folder = folderOf(run, schedule.shard);
    const orders = await ordersOf(context, run, schedule);
    await lease.ready();
    const held = await startHeld({
      folder,
      table: context.heldTable(run),
      runKey: run.runKey,
      payload: orders,
      ...lease.startOptions(),
      spec: (epoch) =>
        heldSpec(context.environment, {
          role: engineName(schedule.shard),
          ...(isTool(orders.plan.driver) ? { entry: 'driver' } : { entry: 'engine', nodeArgs: engineNodeArgs }),
          nice: 5,
          folder,
          epoch,
          runKey: run.runKey,
        }),
    });
    // Orders that stood already win over those of a start; they may be of before a change that never reached this host.
    await giveOrders(folder, run.runKey, orders);
    return held;
  };
  return {
    host: context.environment.host,
    async place(run, schedule, beat) {
      const others = await hostsFor(run, schedule);
      if (others.hosts !== undefined && schedule.placing === undefined) return others;
      const folder = folderOf(run, schedule.shard);
      mkdirSync(folder, { recursive: true });
      await start(run, schedule, await takeLease(folder, { placing: schedule.placing, beat }));
      return {};
    },
    async steer(run, schedule) {
      const steered = await giveOrders(
        folderOf(run, schedule.shard),
        run.runKey,
        await ordersOf(context, run, schedule),
      );
      return { steered };
    },
    async hold(run, schedule, { until, beat }) {
      const folder = folderOf(run, schedule.shard);
      const lease = await takeLease(folder, { placing: schedule.placing, beat });
      const duties = dutiesOf(run, beat.signal);
      const totals = await holdEngine(context, run, {
        ...{ folder, schedule, until, beat, lease },
        start: () => start(run, schedule, lease),
        look: () => {
          duties.look();
        },
      });
      return { ...totals, ...(await hostsFor(run, schedule)) };
    },
    measure: (run, probe, signal) =>
      readProbe(context, run, { ...probe, signal, folderOf: (shard) => folderOf(run, shard) }),
    stop: (run, shard) =>
      stopEngine(context.heldTable(run), { runKey: run.runKey, shard, folder: folderOf(run, shard) }),
    handOver: (run, options) => handOverLoad(context, run, options),
  };
}

/** A load that is spread wants to know of all hosts; one that is not, of others only. */
function createHostsFor(context: Context, presence: Pick<LoadPresence, 'hosts'>) {
  return async (run: RunRef, { placing }: ShardSchedule): Promise<LoadHosts> => {
    const hosts = presence.hosts();
    const isAlone = hosts?.every((host) => host === context.environment.host) ?? true;
    if (hosts === undefined || (isAlone && placing === undefined)) return {};
    // The copy of somebody's own file, and the tool for it, are on this host only.
    const { load } = await context.readPlan(run);
    return load.driver === undefined ? { hosts } : {};
  };
}

/** Keeps one engine alive until the window ends, and folds what its incarnations did. */
async function holdEngine(
  context: Context,
  run: RunRef,
  held: {
    readonly folder: string;
    readonly schedule: ShardSchedule;
    readonly until: number;
    readonly beat: Beat;
    readonly lease: EngineLease;
    start(): Promise<HeldProcess>;
    look(): void;
  },
): Promise<LoadTotals> {
  const { folder, schedule, until, beat, lease } = held;
  for (const line of await mendHeldFolder(folder)) context.log.warn({ runKey: run.runKey }, line);
  const isStopped = (): boolean => readDesired(folder)?.stop === true;
  const isGone = (): boolean => context.heldTable(run).adopt(engineName(schedule.shard)) === undefined;
  // Operators move the end while a window is held.
  const endsAt = (): number => standingOrders(folder, run.runKey)?.endsAt ?? schedule.endsAt;
  // An attempt that comes too late must not start anew what was stopped, or what has ended by itself.
  const isOver = (): boolean => isStopped() || (isGone() && Date.now() >= endsAt());
  if (isOver()) return foldTotals(folder);
  let engine = await held.start();
  let toldAt = 0;
  while (Date.now() < Math.min(until, endsAt())) {
    beat.signal.throwIfAborted();
    if (isOver()) break;
    if (isGone() && lease.mayStart()) {
      context.log.warn({ runKey: run.runKey, shard: schedule.shard }, 'the engine died and is started again');
      engine = await held.start();
    }
    lease.extend(engine.epoch);
    held.look();
    if (Date.now() - toldAt >= tellEveryMs) {
      beat.progress(foldTotals(folder));
      toldAt = Date.now();
    }
    await sleep(Math.min(lookMs, Math.max(1, until - Date.now())), undefined, { signal: beat.signal });
  }
  return foldTotals(folder);
}

async function stopEngine(
  table: ProcessTable,
  { runKey, shard, folder }: { runKey: string; shard: number; folder: string },
): Promise<{ stopped: boolean }> {
  const desired = readDesired(folder);
  if (desired === undefined) return { stopped: false };
  const { endsAt, plan } = desired.payload as EngineOrders;
  const gone = async (untilMs: number): Promise<boolean> => {
    while (Date.now() < untilMs && table.adopt(engineName(shard)) !== undefined) await sleep(lookMs);
    return table.adopt(engineName(shard)) === undefined;
  };
  // Past the end of the schedule the engine ends by itself once what is in flight is over.
  const natural = Date.now() >= endsAt - lookMs && (await gone(endsAt + plan.drainMs + stopMarginMs));
  await steer({ folder, runKey, stop: true });
  if (!natural) await gone(Date.now() + stopMarginMs);
  await table.stop(engineName(shard));
  return { stopped: true };
}

/** The orders that a shard's engine of this run follows; undefined when there are none that it could. */
function standingOrders(folder: string, runKey: string): EngineOrders | undefined {
  const desired = readDesired(folder);
  return desired?.runKey === runKey ? EngineOrders.safeParse(desired.payload).data : undefined;
}

/** A schedule never goes back: whoever comes late with an earlier one changes nothing. */
async function giveOrders(folder: string, runKey: string, orders: EngineOrders): Promise<boolean> {
  const standing = standingOrders(folder, runKey);
  if (standing === undefined || (standing.revision ?? 0) >= (orders.revision ?? 0)) return false;
  return (await steer({ folder, runKey, payload: orders })) !== undefined;
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
  const { startsAt, endsAt, revision, stages } = schedule;
  return {
    plan: stages === undefined ? plan.load : { ...plan.load, stages: [...stages] },
    shard,
    startsAt,
    endsAt,
    ...(revision === undefined ? {} : { revision }),
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
