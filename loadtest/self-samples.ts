import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { SampleRecord } from '#model/evidence.ts';
import { metrics } from '#model/metrics.ts';

/** The generator watches itself: a saturated one measures itself instead of the target. */
export interface SelfSamples {
  /** One record of this process; the delay is that since the last call. */
  take(at: number): SampleRecord;
  stop(): void;
}

const resolutionMs = 10;

export function createSelfSamples(shard: number, incarnation: number): SelfSamples {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  return {
    take(at) {
      // The histogram holds the time between two of its timers; what exceeds their interval is delay.
      const delaySecondsP99 = Math.max(0, delay.percentile(99) / 1e9 - resolutionMs / 1_000);
      delay.reset();
      const { user, system } = process.cpuUsage();
      const values = {
        [metrics.eventLoopDelayP99Seconds]: delaySecondsP99,
        [metrics.cpuSeconds]: (user + system) / 1e6,
        [metrics.rssBytes]: process.memoryUsage.rss(),
      };
      return { kind: 'sample', at, role: `engine-${shard}`, incarnation, values };
    },
    stop() {
      delay.disable();
    },
  };
}
