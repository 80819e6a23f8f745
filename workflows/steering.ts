import { CancellationScope, condition, isCancellation, log } from '@temporalio/workflow';
import { placeShard, steerOnLoadHost } from './activity-proxies.ts';
import { beginAskedFaults, type Beside, hasAskedFaults } from './fault-phase.ts';
import { shardSchedule } from './load-schedule.ts';
import { describeFailure, type Run } from './run.ts';
import { beginSpread, isUntaken, replaceShard } from './spread-load.ts';

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
      const ask = (host: string) => steerOnLoadHost(host).steerLoad(order);
      // Of a load that is spread, whoever holds the shard finds out that its host is lost, and alone places it anew.
      await (run.state.spread === undefined ? onShard(run, shard, ask) : ask(hostOf(run, shard)));
    } catch (error) {
      if (isCancellation(error)) throw error;
      // Every window brings the schedule with it: the next one does what this could not.
      log.warn('an engine was not told of its new schedule', { shard, reason: describeFailure(error) });
    }
  });
  await Promise.all(shards);
  run.state.steeredRevision = revision;
}

const hostOf = ({ state }: Run, shard: number): string => state.shardHosts[shard] ?? state.host;

/** Asks the host that a shard lives on. When nobody there takes the task in time, the shard is placed again (design §2). */
export async function onShard<T>(run: Run, shard: number, ask: (host: string) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask(hostOf(run, shard));
    } catch (error) {
      if (!isUntaken(error)) throw error;
      if (run.state.spread !== undefined) {
        await replaceShard(run, shard);
        continue;
      }
      const { host, hosts } = await placeShard({ ...run.ref, ...shardSchedule(run, shard) });
      // The stack's host answers, so it is there: what lives on it is asked again, and moves when the window is over.
      if (hosts !== undefined) beginSpread(run, hosts);
      run.state.shardHosts[shard] = host;
    }
  }
}
