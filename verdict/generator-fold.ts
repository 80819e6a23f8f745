import type { SampleRecord, ScheduleRecord } from '#model/evidence.ts';
import type { GeneratorSummary, SeriesSummary } from '#model/evidence-summary.ts';
import { metrics } from '#model/metrics.ts';
import { roleKind } from '#model/roles.ts';
import { readCounts } from './histogram-counts.ts';
import { createHistogramSum, type HistogramSum } from './histogram-sum.ts';
import { inMap } from './maps.ts';
import { createSeriesFold, type SeriesBounds } from './series-fold.ts';

/**
 * What each engine used, over all of its incarnations together: a successor that lives for ten seconds and is slow in
 * its first one must not count as an engine that was slow for a tenth of its time.
 */
export interface GeneratorFold {
  add(record: SampleRecord): void;
  addSchedule(record: ScheduleRecord): void;
  /** `series`: those of all processes, of which the engines' CPU seconds are taken. */
  summary(series: readonly SeriesSummary[]): GeneratorSummary[];
}

export function createGeneratorFold(bounds: SeriesBounds): GeneratorFold {
  const delays = createSeriesFold(bounds);
  const errors = new Map<string, HistogramSum>();
  return {
    addSchedule({ shard, histogram }) {
      const role = `engine-${shard}`;
      const counts = readCounts(histogram);
      if (counts === undefined) return;
      inMap(errors, role, createHistogramSum).add(counts);
    },
    add(record) {
      const delaySeconds = record.values[metrics.eventLoopDelayP99Seconds];
      if (roleKind(record.role) !== 'engine' || delaySeconds === undefined) return;
      delays.add({ ...record, incarnation: 1, values: { [metrics.eventLoopDelayP99Seconds]: delaySeconds } });
    },
    summary: (series) =>
      delays.summary().flatMap(({ role, inLoad }) => {
        if (inLoad?.p95 === undefined) return [];
        const cores = coresUsed(series.filter((each) => each.role === role && each.metric === metrics.cpuSeconds));
        const late = errors.get(role);
        const scheduleErrorP99Ms = late === undefined ? undefined : late.histogram().getValueAtPercentile(99) / 1_000;
        return [
          {
            ...{ role, eventLoopDelayP95Seconds: inLoad.p95, ...(cores !== undefined && { cores }) },
            ...(scheduleErrorP99Ms !== undefined && { scheduleErrorP99Ms }),
          },
        ];
      }),
  };
}

/** Mean over the load, where there is enough of it to tell. */
function coresUsed(incarnations: readonly SeriesSummary[]): number | undefined {
  let cpuSeconds = 0;
  let spanMs = 0;
  for (const { inLoad } of incarnations) {
    if (inLoad?.increase === undefined) continue;
    cpuSeconds += inLoad.increase;
    spanMs += inLoad.spanMs;
  }
  return spanMs < 1_000 ? undefined : cpuSeconds / (spanMs / 1_000);
}
