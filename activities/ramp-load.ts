import type { LoadActivities, LoadHosts, RunRef, ShardSchedule } from '#model/activities.ts';
import type { ProbePart } from '#model/probe.ts';
import type { LoadTotals } from '#model/progress.ts';
import { type Beat, beating } from './heartbeat.ts';

export interface EngineKeeper {
  readonly host: string;
  /** Starts the shard's engine on this host, or adopts the one that runs; or tells which hosts there are to choose from. */
  place(run: RunRef, schedule: ShardSchedule, beat: Beat): Promise<LoadHosts>;
  /** Hands a changed schedule to the shard's engine; false when this host has none, or one with a later schedule. */
  steer(run: RunRef, schedule: ShardSchedule): Promise<{ steered: boolean }>;
  /** Until `until`: extends the lease, restarts a dead engine at once, reports what was done so far. */
  hold(run: RunRef, schedule: ShardSchedule, options: { until: number; beat: Beat }): Promise<LoadTotals & LoadHosts>;
  /** What the engines on this host did in [from, to), once it is written down; a second time the same. */
  measure(run: RunRef, probe: { from: number; to: number }, signal: AbortSignal): Promise<ProbePart>;
  stop(run: RunRef, shard: number): Promise<{ stopped: boolean }>;
  /** Stores what engines spooled here and a copy of their write journals. */
  handOver(run: RunRef, options: { journals: boolean; beat: Beat }): Promise<{ batches: number; journals: number }>;
}

/** A window holds load, it does not run it: when its worker dies, the engine goes on and the retried window adopts it. */
export function createLoadActivities(keeper: EngineKeeper): LoadActivities {
  return {
    async placeShard(request) {
      const hosts = await beating((beat) => keeper.place(request, scheduleOf(request), beat));
      return { host: keeper.host, ...hosts };
    },
    async steerLoad(request) {
      return beating(() => keeper.steer(request, scheduleOf(request)));
    },
    async holdLoad({ until, ...request }) {
      return beating((beat) => keeper.hold(request, scheduleOf(request), { until, beat }));
    },
    async measureProbe({ from, to, ...run }) {
      return beating(({ signal }) => keeper.measure(run, { from, to }, signal));
    },
    async stopLoad({ shard, ...run }) {
      return beating(() => keeper.stop(run, shard));
    },
    async handOverLoad({ journals, ...run }) {
      return beating((beat) => keeper.handOver(run, { journals, beat }));
    },
  };
}

const scheduleOf = ({ shard, startsAt, endsAt, revision, stages, placing }: ShardSchedule): ShardSchedule => ({
  ...{ shard, startsAt, endsAt },
  ...(revision === undefined ? {} : { revision }),
  ...(stages === undefined ? {} : { stages }),
  ...(placing === undefined ? {} : { placing }),
});
