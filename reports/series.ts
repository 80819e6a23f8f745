import type { EvidenceSummary, SeriesSummary } from '#model/evidence-summary.ts';

/** A point of a plot; undefined where the line is broken. */
export type Point = readonly [at: number, value: number | undefined];

/** A hole this many times as long as the usual step between points breaks the line: what was not seen is not drawn. */
const breakAfterSteps = 3.5;

/** All series of one metric whose role matches, one an incarnation, in the order of roles and incarnations. */
export const seriesOf = (
  { series }: EvidenceSummary,
  metric: string,
  isWanted: (role: string) => boolean,
): SeriesSummary[] => series.filter((each) => each.metric === metric && isWanted(each.role));

/** A gauge as a line, broken where samples are missing. */
export const gaugeLine = ({ points }: SeriesSummary, scale = 1): Point[] =>
  withBreaks(points.map(([at, value]) => [at, value * scale]));

/** A counter as its rate per second, broken where samples are missing. */
export function rateLine({ points }: SeriesSummary, scale = 1): Point[] {
  const rates = points.slice(1).map(([at, value], index): readonly [number, number] => {
    const [before = at, base = value] = points[index] ?? [];
    return [at, at > before ? (Math.max(0, value - base) / ((at - before) / 1_000)) * scale : 0];
  });
  return withBreaks(rates);
}

/** Growth of counters per interval of `widthMs`, summed over series: what a ratio over time is made of. */
export function increments(series: readonly SeriesSummary[], widthMs: number): Map<number, number> {
  const sums = new Map<number, number>();
  for (const { points } of series) {
    for (const [index, [at, value]] of points.entries()) {
      const [, before] = points[index - 1] ?? [at, value];
      const interval = Math.floor(at / widthMs) * widthMs;
      sums.set(interval, (sums.get(interval) ?? 0) + Math.max(0, value - before));
    }
  }
  return sums;
}

function withBreaks(points: readonly (readonly [number, number])[]): Point[] {
  const steps = points
    .slice(1)
    .map(([at], index) => at - (points[index]?.[0] ?? at))
    .sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? Infinity;
  return points.flatMap(([at, value], index): Point[] => {
    const before = points[index - 1]?.[0] ?? at;
    return at - before > usual * breakAfterSteps
      ? [
          [before + usual, undefined],
          [at, value],
        ]
      : [[at, value]];
  });
}
