import type { RunRef, WarmCacheActivities } from '#model/activities.ts';
import { type Beat, beating } from './heartbeat.ts';

export interface CacheWarmer {
  warm(run: RunRef, beat: Beat): Promise<{ requests: number; hitRatio?: number; settled: boolean; elapsedMs: number }>;
}

/** A second delivery warms again, which is harmless: its traffic is in no result (R3.7). */
export function createWarmCacheActivities(warmer: CacheWarmer): WarmCacheActivities {
  return {
    async warmCache(run) {
      return beating((beat) => warmer.warm(run, beat));
    },
  };
}
