import type { LoadActivities, RunRef } from '#model/activities.ts';
import type { LoadTotals } from '#model/progress.ts';
import { type Beat, beating } from './heartbeat.ts';

/** When a shard's load begins and ends, in wall-clock milliseconds. */
export interface ShardSchedule {
  readonly shard: number;
  readonly startsAt: number;
  readonly endsAt: number;
}

export interface EngineKeeper {
  readonly host: string;
  /** Starts the shard's engine on this host, or adopts the one that runs. */
  place(run: RunRef, schedule: ShardSchedule, signal: AbortSignal): Promise<void>;
  /** Until `until`: extends the lease, restarts a dead engine at once, reports what was done so far. */
  hold(run: RunRef, schedule: ShardSchedule, options: { until: number; beat: Beat }): Promise<LoadTotals>;
  stop(run: RunRef, shard: number): Promise<{ stopped: boolean }>;
}

/** A window holds load, it does not run it: when its worker dies, the engine goes on and the retried window adopts it. */
export function createLoadActivities(keeper: EngineKeeper): LoadActivities {
  return {
    async placeShard({ shard, startsAt, endsAt, ...run }) {
      await beating(({ signal }) => keeper.place(run, { shard, startsAt, endsAt }, signal));
      return { host: keeper.host };
    },
    async holdLoad({ shard, startsAt, endsAt, until, ...run }) {
      return beating((beat) => keeper.hold(run, { shard, startsAt, endsAt }, { until, beat }));
    },
    async stopLoad({ shard, ...run }) {
      return beating(() => keeper.stop(run, shard));
    },
  };
}
