import { type Analysis, analyse, type LeakSeries } from './analysis.ts';
import { decide, type LeakJudgement, type LeakLimits } from './decide.ts';
import { exceeds } from './trend.ts';

export interface NamedSeries extends LeakSeries {
  readonly series: string;
  readonly incarnation: string;
  readonly limits: LeakLimits;
}

export type JudgedSeries = Pick<NamedSeries, 'series' | 'incarnation'> &
  (LeakJudgement | { readonly outcome: 'inconclusive'; readonly reasons: readonly ['too-short'] });

/** Of runs that do not leak, so many may be called one that does: all their series together. */
const falseAlarmsMax = 0.01;

/**
 * Judges all series of one run together: the more there are, the surer each has to be (Holm 1979). The surest is asked to be
 * sure among all, the next one among the rest, until one is not; the others are held against the same bar as that one.
 */
export function judgeLeaks(all: readonly NamedSeries[]): JudgedSeries[] {
  const known = all.map((series) => ({ series, analysis: analyse(series, series.limits) }));
  const chances = known.flatMap(({ series, analysis }) =>
    analysis === undefined ? [] : [{ series, analysis, chance: exceeds(analysis.trend, series.limits.allowedPerHour) }],
  );
  const tails = new Map<NamedSeries, number>();
  let stopped: number | undefined;
  for (const [index, { series, chance }] of chances.sort((one, other) => one.chance - other.chance).entries()) {
    const tail = stopped ?? falseAlarmsMax / (chances.length - index);
    if (chance > tail) stopped ??= tail;
    tails.set(series, tail);
  }
  return known.map(({ series, analysis }) => ({
    ...{ series: series.series, incarnation: series.incarnation },
    ...judgementOf(analysis, series.limits, tails.get(series)),
  }));
}

const judgementOf = (analysis: Analysis | undefined, limits: LeakLimits, tail: number | undefined) =>
  analysis === undefined || tail === undefined
    ? ({ outcome: 'inconclusive', reasons: ['too-short'] } as const)
    : decide(analysis, limits, tail);
