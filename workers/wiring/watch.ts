import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Beat } from '#activities/heartbeat.ts';
import type { Watch } from '#activities/sample.ts';
import { readClaim } from '#compose/claim.ts';
import { readDesired } from '#compose/held/desired-file.ts';
import { extendLease } from '#compose/held/lease.ts';
import { steer } from '#compose/held/place.ts';
import { type HeldProcess, mendHeldFolder, startHeld } from '#compose/held/start.ts';
import { missingRoles, provisionLocal } from '#compose/local/provision.ts';
import { WatchdogOrders } from '#faults/watchdog-orders.ts';
import type { RunRef } from '#model/activities.ts';
import { leaseMs } from '#model/held.ts';
import type { Plan } from '#model/plan.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import type { SamplerOrders } from '#telemetry/orders.ts';
import { tellStatements } from '#telemetry/postgres-statements.ts';
import { proveSignals } from '#telemetry/prove.ts';
import type { Context } from './context.ts';
import { heldSpec } from './held-spec.ts';
import { incarnationsOf } from './incarnations.ts';
import { stackOptions } from './stack-options.ts';
import { createLogKeeper } from './log-keeper.ts';
import { collectSpool, uploadLive } from './spool-upload.ts';

const lookMs = 500;
const leaseEveryMs = 2_000;
const uploadEveryMs = 5_000;
const endWithinMs = 45_000;
const proveWithinMs = 10_000;
/** A note in the workflow's history is short. */
const absentMax = 8;

/** What the newest sampler says of itself each second, beside its evidence: for people who look at a run. */
export const latestFile = (folder: string): string => join(folder, 'latest.json');

type Held = 'sampler' | 'watchdog';

export function createWatch(context: Context): Watch {
  return {
    async start(run, signal) {
      const note = await prove(context, run, signal);
      await startBoth(context, run);
      return { note };
    },
    hold: (run, until, beat) => hold(context, run, { until, beat }),
    async stop(run) {
      const table = context.heldTable(run);
      for (const name of ['watchdog', 'sampler'] as const) {
        await steer({ folder: folderOf(context, run, name), runKey: run.runKey, stop: true });
        const deadline = Date.now() + endWithinMs;
        while (table.adopt(name) !== undefined && Date.now() < deadline) await sleep(lookMs);
        await table.stop(name);
      }
      return { note: 'sampler and watchdog ended' };
    },
    collect: (run, signal) => collectSpool(context, run, signal),
  };
}

/**
 * Starts a run's watchdog again, with the orders that it had. Nothing happens when it lives, was told to stop, or never was.
 * Whoever starts a host does this before Temporal is asked for anything: faults do not wait for it. True when one was started.
 */
export async function resumeWatchdog(context: Context, run: Pick<RunRef, 'runKey'>): Promise<boolean> {
  const desired = readDesired(folderOf(context, run, 'watchdog'));
  if (desired === undefined || desired.stop) return false;
  const { adopted } = await start(context, run, {
    name: 'watchdog',
    payload: WatchdogOrders.parse(desired.payload),
  });
  return !adopted;
}

const folderOf = (context: Context, run: Pick<RunRef, 'runKey'>, name: Held): string =>
  join(context.runPlaces(run).held, name);

async function start(
  context: Context,
  run: Pick<RunRef, 'runKey'>,
  { name, payload }: { name: Held; payload: SamplerOrders | WatchdogOrders },
): Promise<HeldProcess> {
  const folder = folderOf(context, run, name);
  mkdirSync(folder, { recursive: true });
  const { runKey } = run;
  return startHeld({
    folder,
    table: context.heldTable(run),
    runKey,
    payload,
    onMended: (line) => {
      context.log.warn({ runKey }, line);
    },
    spec: (epoch) => heldSpec(context.environment, { role: name, entry: name, nice: 0, folder, epoch, runKey }),
  });
}

async function startBoth(context: Context, run: RunRef): Promise<Record<Held, HeldProcess>> {
  const plan = await context.readPlan(run);
  return {
    sampler: await start(context, run, { name: 'sampler', payload: samplerOrders(context, run, plan) }),
    watchdog: await start(context, run, { name: 'watchdog', payload: watchdogOrders(context, run) }),
  };
}

/**
 * The watchdog brings back what died, from its record. Of what has no record it knows nothing: after a loss of records the
 * stack is provisioned again, which adopts what lives. A run that has not got the stack, or gave it back, has no say in it.
 */
async function restoreStack(context: Context, run: RunRef, signal: AbortSignal): Promise<void> {
  const { stack } = context.places;
  if (readClaim(stack)?.runKey !== run.runKey) return;
  const missing = missingRoles(stack);
  if (missing.length === 0) return;
  context.log.warn(
    { runKey: run.runKey, missing },
    'parts of the stack have no record any more: it is provisioned again',
  );
  signal.throwIfAborted();
  await provisionLocal(stackOptions(context, await context.readPlan(run)));
}

/** Adopts both, keeps their leases, starts again what died, and moves what was spooled into the store meanwhile. */
async function hold(
  context: Context,
  run: RunRef,
  { until, beat }: { until: number; beat: Beat },
): Promise<{ gatewaysRssBytes?: number }> {
  const isStopped = (): boolean => readDesired(folderOf(context, run, 'watchdog'))?.stop === true;
  const isGone = (name: Held): boolean => context.heldTable(run).adopt(name) === undefined;
  const latest = () => readLatest(folderOf(context, run, 'sampler'));
  for (const name of ['sampler', 'watchdog'] as const) {
    for (const line of await mendHeldFolder(folderOf(context, run, name)))
      context.log.warn({ runKey: run.runKey }, line);
  }
  await restoreStack(context, run, beat.signal);
  // `stop` is final: an attempt that comes too late must not start anew what was ended.
  if (isStopped()) return latest();
  let held = await startBoth(context, run);
  let extendedAt = 0;
  let uploadedAt = Date.now();
  let uploading: Promise<void> | undefined;
  const logs = createLogKeeper([context.stackTable().folder, context.heldTable(run).folder], context.log);
  while (Date.now() < until && !isStopped()) {
    beat.signal.throwIfAborted();
    logs.look();
    if (isGone('sampler') || isGone('watchdog')) held = await startBoth(context, run);
    if (Date.now() - extendedAt >= leaseEveryMs) {
      for (const name of ['sampler', 'watchdog'] as const) {
        extendLease(folderOf(context, run, name), held[name].epoch, Date.now() + leaseMs);
      }
      extendedAt = Date.now();
      beat.progress(latest());
    }
    if (uploading === undefined && Date.now() - uploadedAt >= uploadEveryMs) {
      uploading = uploadLive(context, run, beat.signal).finally(() => {
        uploading = undefined;
        uploadedAt = Date.now();
      });
    }
    await sleep(Math.min(lookMs, Math.max(1, until - Date.now())), undefined, { signal: beat.signal });
  }
  await uploading;
  return latest();
}

function samplerOrders(context: Context, run: RunRef, plan: Plan): SamplerOrders {
  const address = context.stackAddress();
  const stack = context.stackTable();
  return {
    intervalMs: plan.sampleIntervalMs,
    spoolFolder: context.runPlaces(run).spool,
    tables: [
      stack.folder,
      join(context.places.base, 'processes'),
      context.places.workers,
      context.heldTable(run).folder,
    ],
    roles: stack.list().map(({ role }) => role),
    trees: ['postgres', 'nginx', 'evidence'],
    probes: referenceTarget.probes(address),
    postgres: { role: 'postgres', url: address.databaseUrl },
    redis: { role: 'redis', url: address.redisUrl },
    nginx: { role: 'nginx', url: address.nginxStatusUrl },
    machine: true,
  };
}

function watchdogOrders(context: Context, run: RunRef): WatchdogOrders {
  const { faults, spool } = context.runPlaces(run);
  mkdirSync(faults, { recursive: true });
  return {
    runKey: run.runKey,
    stackFolder: context.places.stack,
    faultsFolder: faults,
    spoolFolder: spool,
    roles: context
      .stackTable()
      .list()
      .map(({ role }) => role),
  };
}

/** Nothing is put under load that nobody would see: a signal that does not deliver is named now (R6.1). */
async function prove(context: Context, run: RunRef, signal: AbortSignal): Promise<string> {
  const orders = samplerOrders(context, run, await context.readPlan(run));
  const processes = incarnationsOf(orders.tables);
  // The server is ours; when it does not tell of its statements all the same, the proof says so.
  if (orders.postgres !== undefined) await tellStatements(orders.postgres.url, proveWithinMs).catch(() => false);
  const { proven, missing, absent } = await proveSignals({ orders, processes, withinMs: proveWithinMs, signal });
  const name = (each: { signal: string; reason: string }): string => `${each.signal} (${each.reason})`;
  if (missing.length === 0) {
    const more = absent.length > absentMax ? `; and ${absent.length - absentMax} more` : '';
    const without =
      absent.length === 0 ? '' : `; there is no ${absent.slice(0, absentMax).map(name).join('; ')}${more}`;
    return `${proven.length} signals deliver${without}`;
  }
  const error = new Error(`signals that do not deliver: ${missing.map(name).join('; ')}`);
  error.name = 'StackFailed';
  throw error;
}

function readLatest(folder: string): { gatewaysRssBytes?: number } {
  try {
    const latest = JSON.parse(readFileSync(latestFile(folder), 'utf8')) as { gatewaysRssBytes?: number };
    return latest.gatewaysRssBytes === undefined ? {} : { gatewaysRssBytes: latest.gatewaysRssBytes };
  } catch {
    return {};
  }
}
