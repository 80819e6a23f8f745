import { ActivityFailure, CancellationScope, sleep, TimeoutFailure, workflowInfo } from '@temporalio/workflow';
import { type LoadTotals, sumLoadTotals } from '#model/progress.ts';
import { onHost, onLoadHost, placeShard } from './activity-proxies.ts';
import { describeFailure, type Run } from './run.ts';

/** Places every shard's engine with the whole schedule; they wait for its start by themselves. */
export async function placeShards(run: Run): Promise<void> {
  const { startsAt, endsAt } = run.state;
  const places = Array.from({ length: run.state.plan.shards }, async (_, shard) => {
    run.state.shardHosts[shard] = '';
    const { host } = await placeShard({ ...run.ref, shard, startsAt, endsAt });
    run.state.shardHosts[shard] = host;
  });
  await Promise.all(places);
}

/** One window of one shard. When nobody on its host takes the task, the shard is placed again. */
async function holdShard(run: Run, shard: number, until: number): Promise<LoadTotals> {
  const { startsAt, endsAt, shardHosts } = run.state;
  for (;;) {
    try {
      return await onLoadHost(shardHosts[shard] ?? run.state.host).holdLoad({
        ...run.ref,
        shard,
        startsAt,
        endsAt,
        until,
      });
    } catch (error) {
      const lost =
        error instanceof ActivityFailure &&
        error.cause instanceof TimeoutFailure &&
        error.cause.timeoutType === 'SCHEDULE_TO_START';
      if (!lost) throw error;
      const { host } = await placeShard({ ...run.ref, shard, startsAt, endsAt });
      shardHosts[shard] = host;
    }
  }
}

/** Carries one planned fault, from its time on; whatever comes of it is noted, and the judge reads the evidence. */
async function carryFault(run: Run, { fault, offsetMs }: { fault: string; offsetMs: number }): Promise<void> {
  const note = (state: string) => {
    const noted = run.state.faults.find((known) => known.fault === fault);
    if (noted === undefined) run.state.faults.push({ fault, state });
    else noted.state = state;
    run.view.update({ faults: run.state.faults });
  };
  const waitMs = run.state.startsAt + offsetMs - Date.now();
  if (waitMs > 0) await sleep(waitMs, { summary: `until fault ${fault}` });
  note('injecting');
  try {
    const { bit, healed, healedBy } = await onHost(run.state.host).injectFault({
      ...run.ref,
      fault,
      startsAt: run.state.startsAt,
    });
    note(`${bit ? 'bit' : 'did not bite'}, ${healed ? `healed by ${healedBy}` : 'not healed'}`);
  } catch (error) {
    note(describeFailure(error));
    throw error;
  }
}

/**
 * Holds the load, window by window, with the faults beside it. The engines run on their own schedule: a window only
 * watches, so nothing of the load depends on this workflow being alive.
 * `continue`: enough history was made and nothing is pending, so the next windows belong to a new execution.
 */
export async function holdWindows(run: Run): Promise<'ended' | 'continue'> {
  const { plan, startsAt, endsAt } = run.state;
  const windows = Math.ceil((endsAt - startsAt) / plan.windowMs);
  const firstWindow = run.state.nextWindow;
  const begun = new Set(run.state.faults.map(({ fault }) => fault));
  const pending = new Map<string, Promise<void>>();
  const faults = new CancellationScope();
  const endFaults = async (): Promise<void> => {
    faults.cancel();
    await CancellationScope.nonCancellable(() => Promise.all(pending.values()));
  };
  while (run.state.nextWindow < windows) {
    const index = run.state.nextWindow;
    const until = Math.min(startsAt + (index + 1) * plan.windowMs, endsAt);
    run.view.update({ window: { index, of: windows } });
    for (const fault of plan.faults) {
      if (begun.has(fault.fault) || startsAt + fault.offsetMs >= until) continue;
      begun.add(fault.fault);
      const carried = faults.run(() => carryFault(run, fault)).catch(() => undefined);
      pending.set(
        fault.fault,
        carried.finally(() => pending.delete(fault.fault)),
      );
    }
    const shards = Array.from({ length: plan.shards }, (_, shard) => holdShard(run, shard, until));
    const held = await Promise.all(shards).catch(async (error: unknown) => {
      await endFaults(); // none may begin, or go on, while the run is cleaned up
      throw error;
    });
    run.view.update({ load: sumLoadTotals(held) });
    run.state.nextWindow = index + 1;
    const enough =
      run.state.nextWindow - firstWindow >= plan.windowsPerExecution || workflowInfo().continueAsNewSuggested;
    if (enough && pending.size === 0 && run.state.nextWindow < windows) return 'continue';
  }
  await Promise.all(pending.values());
  return 'ended';
}
