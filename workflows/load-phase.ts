import { CancellationScope, condition, isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import type { LoadHosts } from '#model/activities.ts';
import { isToolKind } from '#model/load-driver.ts';
import { type LoadTotals, type StepRecord, sumLoadTotals } from '#model/progress.ts';
import { onLoadHost, placeShard } from './activity-proxies.ts';
import { isAudited } from './audit-loop.ts';
import { keepSearching, untilSearched } from './capacity-phase.ts';
import { beginCheckpoint } from './checkpoints.ts';
import { beginPlannedFaults, type Beside } from './fault-phase.ts';
import { beginSchedule, endSchedule, shardSchedule, showSchedule, windowAt } from './load-schedule.ts';
import { park, type Run } from './run.ts';
import { beginSpread, gatherFromLeaving, hearOfHosts, moveShard, movesOf } from './spread-load.ts';
import { keepSteering, onShard } from './steering.ts';

/** Between placing the engines and the first user: time for every engine to be there at the start. */
const startDelayMs = 4_000;
/** A tool of somebody else's takes its time to begin. */
const toolStartDelayMs = 8_000;
/** Other hosts fetch plan and identities first. */
const spreadStartDelayMs = 8_000;
/** Shards whose window is over wait so long for another whose window is not, and are then held on for a while at a time. */
const lateMs = 3_000;
const keepLateMs = 5_000;
/** How often the engines of a blocked load are looked after: well within their lease of five minutes. */
const keepEveryMs = 2 * 60_000;

/** Fixes the schedule and places every shard's engine with it; they wait for its start by themselves. `skipped`: nothing was placed. */
export async function beginLoad(run: Run): Promise<'begun' | 'skipped'> {
  for (;;) {
    const record = run.view.begin('load');
    beginSchedule(run, Date.now() + (isToolKind(run.state.plan.driver) ? toolStartDelayMs : startDelayMs));
    try {
      await placeShards(run);
      return 'begun';
    } catch (error) {
      if ((await park(run, record, error)) === 'retry') continue;
      endSchedule(run);
      return 'skipped';
    }
  }
}

async function placeShards(run: Run): Promise<void> {
  if (run.state.spread !== undefined) return spreadShards(run);
  const places = Array.from({ length: run.state.plan.shards }, async (_, shard) => {
    run.state.shardHosts[shard] = '';
    const { host, hosts } = await placeShard({ ...run.ref, ...shardSchedule(run, shard) });
    if (hosts === undefined) run.state.shardHosts[shard] = host;
    else beginSpread(run, hosts);
  });
  await Promise.all(places);
  if (isSpread(run)) await spreadShards(run);
}

const isSpread = ({ state }: Run): boolean => state.spread !== undefined;

/** Several hosts are there as the load begins: each shard is placed on one of them, and those that live somewhere follow. */
async function spreadShards(run: Run): Promise<void> {
  const { state } = run;
  // No engine has heard of a start yet, so that it may be put off without a trace.
  if (state.shardHosts.every((host) => host === '')) state.startsAt = 0;
  beginSchedule(run, Date.now() + spreadStartDelayMs);
  const moves = movesOf(run);
  const present = (shard: number): string => state.shardHosts.slice(shard, shard + 1).find(Boolean) ?? state.host;
  await Promise.all(listShards(run).map((shard) => moveShard(run, shard, moves.get(shard) ?? present(shard))));
}

/**
 * Holds the load, window by window, with the faults and whatever operators want beside it. The engines run on their own
 * schedule: a window only watches, so nothing of the load depends on this workflow being alive.
 * `continue`: enough history was made and nothing is pending, so the next windows belong to a new execution.
 * `skipped`: somebody gave up on a window that failed, and the load ends there.
 */
export async function holdWindows(run: Run): Promise<'ended' | 'continue' | 'skipped'> {
  const beside: Beside = { scope: new CancellationScope(), pending: new Map<string, Promise<void>>() };
  const { scope, pending } = beside;
  const steering = keepSteering(run, beside);
  keepSearching(run, beside);
  const end = async (): Promise<void> => {
    steering.stop();
    scope.cancel(); // none may begin, or go on, while the run is cleaned up
    await CancellationScope.nonCancellable(() => Promise.all(pending.values()));
  };
  try {
    const held = await holdAll(run, {
      beside,
      isIdle: () => pending.size === 0 && steering.isIdle() && isAudited(run.state),
    });
    if (held === 'ended') await untilSearched(run);
    if (held === 'ended') await Promise.all(pending.values());
    return held;
  } finally {
    await end();
  }
}

async function holdAll(
  run: Run,
  { beside, isIdle }: { beside: Beside; isIdle: () => boolean },
): Promise<'ended' | 'continue' | 'skipped'> {
  const { state } = run;
  const { windowMs, windowsPerExecution } = state.plan;
  const firstWindow = state.nextWindow;
  let from = Math.max(state.heldUntil, state.startsAt);
  // Operators move the end while a window is held, so it is looked at anew before each.
  while (from < state.endsAt) {
    const window = windowAt(run, from);
    const until = Math.min(state.startsAt + (window.index + 1) * windowMs, state.endsAt);
    showSchedule(run);
    run.view.update({ window });
    beginPlannedFaults(run, beside, until);
    beginCheckpoint(run, { windows: window.of, ...beside });
    const held = await holdWindow(run, until, beside);
    if (held === 'skipped') return held;
    run.view.update({ load: sumLoadTotals(held) });
    hearOfHosts(run, held);
    state.nextWindow += 1;
    state.heldUntil = until;
    from = until;
    const enough = state.nextWindow - firstWindow >= windowsPerExecution || workflowInfo().continueAsNewSuggested;
    if (enough && isIdle() && from < state.endsAt) return 'continue';
  }
  return 'ended';
}

/** One window of all shards. One that fails for good blocks the run; meanwhile the engines are kept, so that `retry` finds them. */
async function holdWindow(run: Run, until: number, beside: Beside): Promise<HeldWindow[] | 'skipped'> {
  for (;;) {
    const scope = new CancellationScope();
    try {
      return await scope.run(() => holdShards(run, until, beside));
    } catch (error) {
      scope.cancel();
      if ((await parkLoad(run, error)) === 'skip') {
        endSchedule(run);
        return 'skipped';
      }
      run.view.begin('load');
    }
  }
}

const listShards = ({ state }: Run): number[] => Array.from({ length: state.plan.shards }, (_, shard) => shard);

type HeldWindow = LoadTotals & LoadHosts;

function holdShards(run: Run, until: number, beside: Beside): Promise<HeldWindow[]> {
  if (isSpread(run)) return holdSpread(run, until, beside);
  return Promise.all(listShards(run).map((shard) => holdShard(run, shard, until)));
}

/**
 * Leases are short here, so that no shard waits for another: those that stay are held at once, whatever moves, and those whose
 * window is over are held on while another is being placed anew, which takes longer than a lease.
 */
function holdSpread(run: Run, until: number, beside: Beside): Promise<HeldWindow[]> {
  const moves = movesOf(run);
  const froms = [...moves.keys()].flatMap((shard) => run.state.shardHosts[shard] ?? []);
  const moved = new Map([...moves].map(([shard, to]) => [shard, moveShard(run, shard, to)]));
  gatherFromLeaving(run, beside, { froms, moved: Promise.all(moved.values()) });
  let left = run.state.plan.shards;
  const isOver = (): boolean => left === 0;
  return Promise.all(
    listShards(run).map(async (shard) => {
      if (moves.has(shard)) await moved.get(shard);
      let held = await holdShard(run, shard, until);
      left -= 1;
      while (Date.now() < run.state.endsAt && !(await condition(isOver, lateMs))) {
        held = await holdShard(run, shard, Math.min(Date.now() + keepLateMs, run.state.endsAt));
      }
      await condition(isOver);
      return held;
    }),
  );
}

const holdShard = (run: Run, shard: number, until: number): Promise<HeldWindow> =>
  onShard(run, shard, (host) => {
    const schedule = shardSchedule(run, shard);
    const held = onLoadHost(host).holdLoad({ ...run.ref, ...schedule, until });
    return schedule.placing === undefined ? held : held.then((totals) => fenced(run, shard, totals));
  });

/** Whoever held it as one of several hosts has shortened the lease that its engine may have had before. */
function fenced({ state }: Run, shard: number, totals: HeldWindow): HeldWindow {
  if (state.spread !== undefined) state.spread.fenced[shard] = true;
  return totals;
}

async function parkLoad(run: Run, error: unknown): Promise<'retry' | 'skip'> {
  const record: StepRecord =
    run.view.progress.steps.findLast(({ phase }) => phase === 'load') ?? run.view.begin('load');
  const keeping = new CancellationScope();
  const kept = keeping.run(() => Promise.all(listShards(run).map((shard) => keepEngine(run, shard))));
  try {
    return await park(run, record, error);
  } finally {
    keeping.cancel();
    await CancellationScope.nonCancellable(() => kept.catch(() => undefined));
  }
}

/** Nobody waits for this: an engine that cannot be held now is looked after again in a while. */
async function keepEngine(run: Run, shard: number): Promise<void> {
  while (Date.now() < run.state.endsAt) {
    try {
      await holdShard(run, shard, Math.min(Date.now() + keepEveryMs, run.state.endsAt));
    } catch (error) {
      if (isCancellation(error)) return;
      await sleep(keepEveryMs, { summary: 'until the engine is looked after again' });
    }
  }
}
