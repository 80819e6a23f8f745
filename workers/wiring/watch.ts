import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Watch } from '#activities/sample.ts';
import { readDesired } from '#compose/held/desired-file.ts';
import { extendLease } from '#compose/held/lease.ts';
import { steer } from '#compose/held/place.ts';
import { type HeldProcess, startHeld } from '#compose/held/start.ts';
import { uploadSpool } from '#evidence/upload.ts';
import type { WatchdogOrders } from '#faults/watchdog-orders.ts';
import type { RunRef } from '#model/activities.ts';
import { leaseMs } from '#model/held.ts';
import type { Plan } from '#model/plan.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import type { SamplerOrders } from '#telemetry/orders.ts';
import { proveSignals } from '#telemetry/prove.ts';
import type { Context } from './context.ts';
import { heldSpec } from './held-spec.ts';
import { incarnationsOf } from './incarnations.ts';

const lookMs = 500;
const leaseEveryMs = 2_000;
const uploadEveryMs = 5_000;
const endWithinMs = 45_000;
const proveWithinMs = 10_000;

/** What the newest sampler says of itself each second, beside its evidence: for people who look at a run. */
export const latestFile = (folder: string): string => join(folder, 'latest.json');

type Held = 'sampler' | 'watchdog';

export function createWatch(context: Context): Watch {
  const folderOf = (run: RunRef, name: Held): string => join(context.runPlaces(run).held, name);
  const start = async (run: RunRef, name: Held, payload: SamplerOrders | WatchdogOrders): Promise<HeldProcess> => {
    const folder = folderOf(run, name);
    mkdirSync(folder, { recursive: true });
    return startHeld({
      folder,
      table: context.heldTable(run),
      runKey: run.runKey,
      payload,
      spec: (epoch) =>
        heldSpec(context.environment, { role: name, entry: name, nice: 0, folder, epoch, runKey: run.runKey }),
    });
  };
  const startBoth = async (run: RunRef): Promise<Record<Held, HeldProcess>> => {
    const plan = await context.readPlan(run);
    return {
      sampler: await start(run, 'sampler', samplerOrders(context, run, plan)),
      watchdog: await start(run, 'watchdog', watchdogOrders(context, run)),
    };
  };
  const isGone = (run: RunRef, name: Held): boolean =>
    readDesired(folderOf(run, name))?.stop !== true && context.heldTable(run).adopt(name) === undefined;

  return {
    async start(run, signal) {
      const { signals } = await prove(context, run, signal);
      await startBoth(run);
      return { note: `${signals} signals deliver` };
    },
    async hold(run, until, beat) {
      let held = await startBoth(run);
      let extendedAt = 0;
      let uploadedAt = Date.now();
      while (Date.now() < until) {
        beat.signal.throwIfAborted();
        if (isGone(run, 'sampler') || isGone(run, 'watchdog')) held = await startBoth(run);
        if (Date.now() - extendedAt >= leaseEveryMs) {
          for (const name of ['sampler', 'watchdog'] as const) {
            extendLease(folderOf(run, name), held[name].epoch, Date.now() + leaseMs);
          }
          extendedAt = Date.now();
          beat.progress(readLatest(folderOf(run, 'sampler')));
        }
        if (Date.now() - uploadedAt >= uploadEveryMs) {
          await uploadLive(context, run, beat.signal);
          uploadedAt = Date.now();
        }
        await sleep(Math.min(lookMs, Math.max(1, until - Date.now())), undefined, { signal: beat.signal });
      }
      return readLatest(folderOf(run, 'sampler'));
    },
    async stop(run) {
      const table = context.heldTable(run);
      for (const name of ['watchdog', 'sampler'] as const) {
        await steer({ folder: folderOf(run, name), runKey: run.runKey, stop: true });
        const deadline = Date.now() + endWithinMs;
        while (table.adopt(name) !== undefined && Date.now() < deadline) await sleep(lookMs);
        await table.stop(name);
      }
      return { note: 'sampler and watchdog ended' };
    },
    async collect(run, signal) {
      const { spool } = context.runPlaces(run);
      const table = context.heldTable(run);
      // Incarnations of held processes are their epochs; whoever is not in the table any more appends nothing.
      const isAlive = (producer: string): boolean => table.adopt(producer) !== undefined;
      const { batches } = await uploadSpool({
        folder: spool,
        store: context.store,
        runKey: run.runKey,
        includeOpen: true,
        isAlive,
        signal,
      });
      return { batches };
    },
  };
}

/** An outage of the store costs nothing here: what was not stored stays in the spool for the next turn. */
async function uploadLive(context: Context, run: RunRef, signal: AbortSignal): Promise<void> {
  try {
    const folder = context.runPlaces(run).spool;
    await uploadSpool({ folder, store: context.store, runKey: run.runKey, includeOpen: false, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    context.log.warn({ runKey: run.runKey, reason: String(error) }, 'evidence stays in the spool for now');
  }
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
async function prove(context: Context, run: RunRef, signal: AbortSignal): Promise<{ signals: number }> {
  const orders = samplerOrders(context, run, await context.readPlan(run));
  const processes = incarnationsOf(orders.tables);
  const { proven, missing } = await proveSignals({ orders, processes, withinMs: proveWithinMs, signal });
  if (missing.length === 0) return { signals: proven.length };
  const named = missing.map((each) => `${each.signal} (${each.reason})`);
  const error = new Error(`signals that do not deliver: ${named.join('; ')}`);
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
