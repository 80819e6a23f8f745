import { allowedPerHourDefault, settlesWithinHoursDefault } from '#model/leak-limits.ts';
import { falseAlarmsOfLook } from '#model/leak-looks.ts';
import type { LeakWatch } from '#model/leak-watch.ts';
import type { LeakLimits } from './leak/decide.ts';
import { judgeLeaks, type JudgedSeries } from './leak/judge-run.ts';
import type { JudgeInput } from './rule.ts';
import { isBorneOut, isStored, limitsOfStored, outagesOfEngines } from './stored-growth.ts';

/** A series that was judged, and what of it was allowed. */
export type Seen = JudgedSeries & { readonly allowedPerHour: number };

export const isBytes = (metric: string): boolean => metric.endsWith('_bytes');

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
    // Before the end nobody knows what was left behind unanswered.
    const isLook = checkpoint !== undefined;
    const cut = [...evidence.faultWindows, ...(evidence.pauses ?? [])];
    const asked = (evidence.lows ?? []).filter(({ role, metric }) => isAsked(role) && !(isStored(metric) && isLook));
    const series = asked.map((low) => ({
      ...{ series: low.metric, incarnation: `${low.role}#${low.incarnation}` },
      limits: isStored(low.metric) ? limitsOfStored(low, plan, evidence) : limitsOfHeld(low.metric, plan.leakWatch),
      cut: isStored(low.metric) ? [...cut, ...outagesOfEngines(evidence)] : cut,
      moments: low.points.map(([at, value]) => ({ at, value })),
    }));
    const seen = judgeLeaks(series, falseAlarmsOfLook(plan, checkpoint)).map((judged, index): Seen => {
      const allowedPerHour = series[index]?.limits.allowedPerHour ?? 0;
      const low = asked[index];
      if (judged.outcome !== 'fail' || low === undefined) return { ...judged, allowedPerHour };
      const isTrue = isBorneOut(low, 'low' in judged ? judged.low : Infinity, evidence);
      return { ...judged, ...(isTrue ? {} : { outcome: 'inconclusive', reasons: ['not-borne-out'] }), allowedPerHour };
    });
    done.set(input, seen);
    return seen;
  };
}

function limitsOfHeld(metric: string, watch: LeakWatch | undefined): LeakLimits {
  const unit = isBytes(metric) ? 'bytes' : 'count';
  if (watch !== undefined) return { ...watch, allowedPerHour: watch.allowedPerHour[unit] };
  return { allowedPerHour: allowedPerHourDefault[unit], settlesWithinHours: settlesWithinHoursDefault };
}
