import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { ScheduleRecord } from '#model/evidence.ts';
import { createHistogram } from './tally.ts';

/** How late the generator itself began iterations whose time was fixed: its own error, none of the target's (R3.3). */
export interface Lateness {
  readonly note: (lateMs: number) => void;
  /** What was noted in [at, until), and begins anew; undefined when nothing was. */
  flush(at: number, until: number): ScheduleRecord | undefined;
}

export function createLateness(shard: number, incarnation: number): Lateness {
  const histogram = createHistogram();
  return {
    note(lateMs) {
      histogram.recordValue(Math.max(1, Math.round(lateMs * 1_000)));
    },
    flush(at, until) {
      const begun = histogram.totalCount;
      if (begun === 0) return undefined;
      const encoded = encodeIntoCompressedBase64(histogram);
      histogram.reset();
      return { kind: 'schedule', at, until, shard, incarnation, begun, histogram: encoded };
    },
  };
}
