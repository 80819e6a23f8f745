import type { Window } from '../windows.ts';
import { devianceMin } from './leak-bars.ts';
import { independentPoints } from './independence.ts';
import { type Moment, type Reduced, reduce } from './reduce.ts';
import { fitShapes, goesOn, type ShapeFit } from './shapes.ts';
import { fitDrift, fitTrend, type Trend, type TrendPoint } from './trend.ts';

const hourMs = 3_600_000;

/** A series by one incarnation of a process, in order of time, and what of it is not to be looked at. */
export interface LeakSeries {
  readonly moments: readonly Moment[];
  readonly cut: readonly Window[];
}

export interface AnalysisOptions {
  /** Values per hour. */
  readonly allowedPerHour: number;
  /** What fills up and then stays is taken to have its time constant below this. */
  readonly settlesWithinHours: number;
}

/** Everything that is to be known of a series before anybody asks how sure one has to be. */
export interface Analysis {
  readonly reduced: Reduced;
  readonly from: number;
  /** Where the warm-up ends, milliseconds as the series has them. */
  readonly settledAt: number;
  readonly to: number;
  readonly trend: Trend;
  /** What the trend would be, and how sure, if the noise wandered without end. */
  readonly drift: Trend | undefined;
  /** Of the last third of what came after the warm-up. */
  readonly recent: Trend | undefined;
  /** The preferred shape. */
  readonly shape: ShapeFit;
  /** Growth that goes on explains the series better than any that ends. */
  readonly isGoingOn: boolean;
  /** Of how many points without memory the blocks are worth, and their noise beside the best shape. */
  readonly independent: number;
  readonly noise: number;
}

/** A warm-up that lasts longer than half of the series is none: it is what the series shows. */
const warmUpShareMax = 0.5;
/** What settles slower than that leaves nothing to cut before it. */
const quickShare = 0.2;
const roundsMax = 3;

/** Undefined when there is too little to say anything. */
export function analyse({ moments, cut }: LeakSeries, options: AnalysisOptions): Analysis | undefined {
  const [first, last] = [moments[0], moments.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const to = last.at + 1;
  let from = first.at;
  for (let round = 1; ; round += 1) {
    const reduced = reduce(moments, { from, to }, cut);
    const points = pointsOf(reduced, from);
    const trend = fitTrend(points);
    if (trend === undefined) return undefined;
    const independent = independentPoints(points, trend);
    const earlierHours = (from - first.at) / hourMs;
    const fits = fitShapes(points, { independent, earlierHours, settlesWithinHours: options.settlesWithinHours });
    const [shape] = fits;
    if (shape === undefined) return undefined;
    const settledAt =
      round < roundsMax
        ? (endOfWarmUp(shape, { from, to }, options) ?? endOfStep(shape, { from, to }, cut))
        : undefined;
    if (settledAt !== undefined && settledAt - first.at <= warmUpShareMax * (to - first.at)) {
      from = settledAt;
      continue;
    }
    const recentFrom = from + ((to - from) * 2) / 3;
    const recent = fitTrend(pointsOf(reduce(moments, { from: recentFrom, to }, cut), recentFrom));
    const noise = Math.sqrt(shape.residual / points.length);
    return {
      ...{ reduced, from: first.at, settledAt: from, to, trend, recent, shape, independent, noise },
      drift: fitDrift(points),
      isGoingOn: isGoingOn(fits),
    };
  }
}

const pointsOf = ({ blocks }: Reduced, from: number): TrendPoint[] =>
  blocks.map(({ at, floor }) => ({ at: (at - from) / hourMs, value: floor }));

/** When what settles has become slower than a quarter of what is allowed; undefined when there is nothing to cut. */
function endOfWarmUp(
  { shape, scale, height = 0 }: ShapeFit,
  { from, to }: Window,
  { allowedPerHour }: AnalysisOptions,
): number | undefined {
  if ((shape !== 'settling' && shape !== 'settling-line') || scale === undefined) return undefined;
  if (scale * hourMs > quickShare * (to - from)) return undefined;
  const slopeAtFirst = Math.abs(height) / scale;
  const lasts = scale * Math.log(Math.max(1, slopeAtFirst / (allowedPerHour / 4)));
  return lasts > 0 ? from + lasts * hourMs : undefined;
}

/** Where steps are looked for, in shares of the span. */
const stepsApart = 1 / 20;

/** A level that is another one after a fault than before it: what came before says nothing of how it goes on. */
function endOfStep({ shape, scale = 0 }: ShapeFit, { from, to }: Window, cut: readonly Window[]): number | undefined {
  if (shape !== 'step') return undefined;
  const at = from + scale * hourMs;
  const near = stepsApart * (to - from);
  return cut.map((each) => each.to).findLast((end) => end > from && Math.abs(end - at) <= near);
}

function isGoingOn(fits: readonly ShapeFit[]): boolean {
  const [on, off] = [true, false].map((wanted) => fits.find(({ shape }) => goesOn(shape) === wanted));
  const settling = fits.find(({ shape }) => shape === 'settling');
  if (on === undefined) return false;
  const least = Math.min(...fits.filter(({ shape }) => goesOn(shape)).map(({ deviance }) => deviance));
  return on.aicc <= (off?.aicc ?? Infinity) && (settling?.deviance ?? Infinity) - least > devianceMin;
}
