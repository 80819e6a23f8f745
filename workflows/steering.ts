import {
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
  TimeoutFailure,
} from '@temporalio/workflow';
import { placeShard, steerOnLoadHost } from './activity-proxies.ts';
import { beginAskedFaults, type Beside, hasAskedFaults } from './fault-phase.ts';
import { shardSchedule } from './load-schedule.ts';
import { describeFailure, type Run } from './run.ts';

export interface Steering {
  /** Nothing that operators asked for is still on its way. */
  isIdle(): boolean;
  stop(): void;
}

/** Carries out, beside the windows, what operators want of the load: engines get each new schedule, asked faults begin. */
export function keepSteering(run: Run, beside: Beside): Steering {
  const scope = new CancellationScope();
  const isAhead = (): boolean => run.state.revision > run.state.steeredRevision;
  const hasFaults = (): boolean => hasAskedFaults(run, beside);
  const settle = (loop: Promise<void>): void => {
    loop.catch(() => undefined); // cancelled: whoever ends the load ends this
  };
  settle(scope.run(() => whenever(isAhead, () => steer(run))));
  settle(
    scope.run(() =>
      whenever(hasFaults, () => {
        beginAskedFaults(run, beside);
      }),
    ),
  );
  return {
    isIdle: () => !isAhead() && !hasFaults(),
    stop: () => {
      scope.cancel();
    },
  };
}

async function whenever(isDue: () => boolean, act: () => Promise<void> | void): Promise<void> {
  for (;;) {
    await condition(isDue);
    await act();
  }
}

/** Changes that come while one is on its way are handed over together after it. */
async function steer(run: Run): Promise<void> {
  const { revision, plan } = run.state;
  const shards = Array.from({ length: plan.shards }, async (_, shard) => {
    const order = { ...run.ref, ...shardSchedule(run, shard) };
    try {
      await onShard(run, shard, (host) => steerOnLoadHost(host).steerLoad(order));
    } catch (error) {
      if (isCancellation(error)) throw error;
      // Every window brings the schedule with it: the next one does what this could not.
      log.warn('an engine was not told of its new schedule', { shard, reason: describeFailure(error) });
    }
  });
  await Promise.all(shards);
  run.state.steeredRevision = revision;
}

/** Asks the host that a shard lives on. When nobody there takes the task in time, the shard is placed again (design §2). */
export async function onShard<T>(run: Run, shard: number, ask: (host: string) => Promise<T>): Promise<T> {
  const { shardHosts } = run.state;
  for (;;) {
    try {
      return await ask(shardHosts[shard] ?? run.state.host);
    } catch (error) {
      const isLost =
        error instanceof ActivityFailure &&
        error.cause instanceof TimeoutFailure &&
        error.cause.timeoutType === 'SCHEDULE_TO_START';
      if (!isLost) throw error;
      const { host } = await placeShard({ ...run.ref, ...shardSchedule(run, shard) });
      shardHosts[shard] = host;
    }
  }
}
