import type { CollectActivities, RunRef, WatchActivities } from '#model/activities.ts';
import { type Beat, beating } from './heartbeat.ts';

export interface Watch {
  /** Starts or adopts both and proves that every signal delivers; throws `StackFailed` naming those that do not. */
  start(run: RunRef, signal: AbortSignal): Promise<{ note: string }>;
  hold(run: RunRef, until: number, beat: Beat): Promise<{ gatewaysRssBytes?: number }>;
  stop(run: RunRef): Promise<{ note: string }>;
  collect(run: RunRef, signal: AbortSignal): Promise<{ batches: number }>;
}

/** Sampler and watchdog are detached and held by leases: a dead worker costs no sample and no healing. */
export function createWatchActivities(watch: Watch): WatchActivities & CollectActivities {
  return {
    async startWatching(run) {
      return beating(({ signal }) => watch.start(run, signal));
    },
    async holdWatch({ until, ...run }) {
      return beating((beat) => watch.hold(run, until, beat));
    },
    async stopWatching(run) {
      return beating(() => watch.stop(run));
    },
    async collectSpools(run) {
      return beating(({ signal }) => watch.collect(run, signal));
    },
  };
}
