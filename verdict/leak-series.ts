import type { EvidenceSummary, LowSeries } from '#model/evidence-summary.ts';
import { allowedPerHourDefault, materialHoursDefault, settlesWithinHoursDefault } from '#model/leak-limits.ts';
import { falseAlarmsOfLook } from '#model/leak-looks.ts';
import type { LeakWatch } from '#model/leak-watch.ts';
import { metrics, tableMetric, tableOfNetRows } from '#model/metrics.ts';
import type { LeakLimits } from './leak/decide.ts';
import { judgeLeaks, type JudgedSeries } from './leak/judge-run.ts';
import type { JudgeInput } from './rule.ts';

/** A series that was judged, and what of it was allowed. */
export type Seen = JudgedSeries & { readonly allowedPerHour: number };

export const isBytes = (metric: string): boolean => metric.endsWith('_bytes');

/** Rows and keys: what is stored, where the others are what a process holds. */
export const isStored = (metric: string): boolean =>
  metric === metrics.redisKeys || tableOfNetRows(metric) !== undefined;

/**
 * Judges the series of those who are asked about, all together, so that their questions share the run's chance of a false alarm.
 * Of one input once, however many questions ask.
 */
export function judgingOf(isAsked: (role: string) => boolean): (input: JudgeInput) => readonly Seen[] {
  const done = new WeakMap<JudgeInput, readonly Seen[]>();
  return (input) => {
    const known = done.get(input);
    if (known !== undefined) return known;
    const { plan, evidence, checkpoint } = input;
    const cut = [...evidence.faultWindows, ...(evidence.pauses ?? [])];
    const series = (evidence.lows ?? [])
      .filter(({ role }) => isAsked(role))
      .map(({ role, incarnation, metric, points }) => ({
        ...{ series: metric, incarnation: `${role}#${incarnation}`, cut },
        limits: isStored(metric)
          ? limitsOfStored(levelOf({ role, metric }, evidence))
          : limitsOfHeld(metric, plan.leakWatch),
        moments: points.map(([at, value]) => ({ at, value })),
      }));
    const seen = judgeLeaks(series, falseAlarmsOfLook(plan, checkpoint)).map((judged, index) => ({
      ...judged,
      allowedPerHour: series[index]?.limits.allowedPerHour ?? 0,
    }));
    done.set(input, seen);
    return seen;
  };
}

function limitsOfHeld(metric: string, watch: LeakWatch | undefined): LeakLimits {
  const unit = isBytes(metric) ? 'bytes' : 'count';
  if (watch !== undefined) return { ...watch, allowedPerHour: watch.allowedPerHour[unit] };
  return { allowedPerHour: allowedPerHourDefault[unit], settlesWithinHours: settlesWithinHoursDefault };
}

const materialShare = 0.1;

/** Rows and keys may grow as much as would take long to matter, because there may be millions, and one more an hour is nothing. */
function limitsOfStored(level: number): LeakLimits {
  const allowedPerHour = Math.max(allowedPerHourDefault.count, (materialShare * level) / materialHoursDefault);
  return { allowedPerHour, settlesWithinHours: settlesWithinHoursDefault, limit: level };
}

/** How many there are. Net rows do not say that: they are counted from when the server last lost count. */
function levelOf({ role, metric }: Pick<LowSeries, 'role' | 'metric'>, { series }: EvidenceSummary): number {
  const table = tableOfNetRows(metric);
  const wanted = table === undefined ? metric : tableMetric(table, 'rows');
  const levels = series.flatMap((each) => (each.role === role && each.metric === wanted ? (each.inLoad?.mean ?? []) : [])); // prettier-ignore
  return Math.max(0, ...levels);
}
