import { formatDuration, formatFigure, formatNumber, formatRatio } from '#model/figures.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { hasIntendedStarts } from '#model/load-plan.ts';
import { metrics } from '#model/metrics.ts';
import { roleKind } from '#model/roles.ts';
import { quantile } from './leak/reduce.ts';
import { boundsOf, fitTrend, type TrendPoint } from './leak/trend.ts';
import { type Finding, type JudgeInput, open, type Rule } from './rule.ts';
import { measureGenerators } from './saturation.ts';
import { overlaps } from './windows.ts';

/** What goes wrong by degrees without anything being kept. */
export const creepRules = {
  'gc-pauses': gcPauses,
  'latency-creep': latencyCreep,
} as const satisfies Record<string, Rule>;

/** A young process starts up with a collection or two. */
const lifeMsMin = 20_000;
const pausedRatioMax = 0.1;

/** Of each life of a gateway: how much of its time in the load did it stand still to collect garbage. */
function gcPauses({ evidence }: JudgeInput): Finding {
  const shares = evidence.series.flatMap(({ role, incarnation, metric, inLoad }) => {
    if (metric !== metrics.gcPauseSeconds || roleKind(role) !== 'gateway') return [];
    const { increase, spanMs = 0 } = inLoad ?? {};
    return increase === undefined || spanMs < lifeMsMin ? [] : [{ role, incarnation, share: (increase * 1_000) / spanMs }]; // prettier-ignore
  });
  const [most] = shares.sort((one, other) => other.share - one.share);
  if (most === undefined) return open('No gateway told how long it collected garbage.');
  const reason = `${most.role}#${most.incarnation}, the most of ${shares.length}, collected garbage for ${formatRatio(most.share)} of its time (at most ${formatRatio(pausedRatioMax)}).`;
  return {
    outcome: most.share <= pausedRatioMax ? 'pass' : 'fail',
    reason,
    ...{ measured: most.share, limit: pausedRatioMax, unit: 'ratio' },
  };
}

const hourMs = 3_600_000;
const pointsMin = 12;
/** Answers may become later over the load by a half, or by so much where they are quick. */
const creepRatioMax = 0.5;
const creepMsMin = 10;
/** Wrongly accused, and wrongly let pass where it is just too much. */
const creepTail = 0.01;

/** Does the median of local reads rise over the load, fault windows and pauses left out; with the interval of the trend. */
function latencyCreep({ plan, evidence }: JudgeInput): Finding {
  const points = quietPoints(evidence);
  const trend = points.length < pointsMin ? undefined : fitTrend(points);
  if (trend === undefined) return open(`Local reads were answered in ${points.length} of the ${pointsMin} stretches of the load that it takes.`); // prettier-ignore
  const [first, last] = [points[0], points.at(-1)];
  const spanHours = (last?.at ?? 0) - (first?.at ?? 0);
  const third = Math.floor(points.length / 3);
  const [early, late] = [medianOf(points.slice(0, third)), medianOf(points.slice(-third))];
  const limit = Math.max(creepMsMin, early * creepRatioMax);
  const { low, high } = boundsOf(trend, creepTail);
  const [measured, lowMs, highMs] = [trend.slope * spanHours, low * spanHours, high * spanHours];
  const what = hasIntendedStarts(plan.load) ? 'latency from the intended start' : 'service time';
  const reason =
    `The median ${what} of local reads went from ${formatNumber(early)} ms to ${formatNumber(late)} ms in ${formatDuration(spanHours * hourMs)}:` +
    ` a rise of ${formatNumber(measured)} ms (${formatNumber(lowMs)} to ${formatNumber(highMs)}; at most ${formatFigure(limit, 'ms')}).`;
  const figures = { measured, limit, unit: 'ms', between: [lowMs, highMs] satisfies [number, number] };
  if (measureGenerators(evidence.generators)?.isSaturated === true)
    return { ...open(`${reason} Generator saturated: this may be its own.`), ...figures };
  if (lowMs > limit && late - early > limit / 2) return { outcome: 'fail', reason, ...figures };
  return { outcome: highMs <= limit ? 'pass' : 'inconclusive', reason, ...figures };
}

function quietPoints({ classes, faultWindows, pauses = [] }: EvidenceSummary): TrendPoint[] {
  const all = classes.find((each) => each.class === 'local-read')?.points ?? [];
  const [first, second] = all;
  const pointMs = (second?.at ?? 0) - (first?.at ?? 0);
  return all
    .filter(({ at }) => ![...faultWindows, ...pauses].some((window) => overlaps(window, at, at + pointMs)))
    .map(({ at, p50Ms }) => ({ at: at / hourMs, value: p50Ms }));
}

const medianOf = (points: readonly TrendPoint[]): number =>
  quantile(
    points.map(({ value }) => value),
    0.5,
  );
