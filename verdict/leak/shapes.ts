import type { TrendPoint } from './trend.ts';
import { dot, takeOut } from './vectors.ts';

/**
 * What a series may look like over time, beside its noise. Of the first ones the growth goes on; of the others it has ended or is
 * dying away, and a straight line through them would tell of a future that they do not have.
 */
export type Shape = 'line' | 'settling-line' | 'late-line' | 'settling' | 'creep' | 'step' | 'stopped';

export const goesOn = (shape: Shape): boolean => shape === 'line' || shape === 'settling-line' || shape === 'late-line';

export interface ShapeFit {
  readonly shape: Shape;
  /** Akaike's criterion with its correction for few points; the lowest is preferred. */
  readonly aicc: number;
  /** Twice how much less likely the series is than under a perfect fit, to a constant. */
  readonly deviance: number;
  /** Sum of squares beside it. */
  readonly residual: number;
  /** Hours: the time constant of what settles or creeps, or when the bend or the step is. */
  readonly scale?: number;
  /** What settles or steps: its whole height. */
  readonly height?: number;
}

/** Shares of the span at which bends and steps are looked for, and time constants. */
const bends = Array.from({ length: 17 }, (_, index) => (index + 1) / 20);
const scaleSteps = 16;
const scaleMin = 0.01;

/** A longer one and a line cannot be told apart. */
const settlingLineMax = 1 / 3;
/** Of a series that does not move at all. */
const leastVariance = 1e-12;

interface Candidate {
  readonly shape: Shape;
  readonly scale?: number;
  /** Columns beside the constant. */
  readonly columns: readonly ((t: number) => number)[];
  /** Of its parameters those that are no column: where it bends. */
  readonly hidden: number;
}

/**
 * Fits every shape and orders them by Akaike's criterion. `independent`: of how many points without memory the noise is worth
 * (the criterion takes points for independent, and what remembers would be taken for shape).
 */
export function fitShapes(
  points: readonly TrendPoint[],
  { independent, ...expected }: { readonly independent: number } & Expected,
): ShapeFit[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const span = last.at - first.at;
  const times = Float64Array.from(points, ({ at }) => at - first.at);
  const values = centred(Float64Array.from(points, ({ value }) => value - first.value));
  const best = new Map<Shape, ShapeFit>();
  for (const { shape, scale, columns, hidden } of candidatesFor(span, expected)) {
    const { residual, weight } = leastSquares(
      columns.map((column) => centred(times.map(column))),
      values,
    );
    const parameters = columns.length + 2 + hidden;
    const deviance = independent * Math.log(Math.max(residual / points.length, leastVariance));
    const few = (2 * parameters * (parameters + 1)) / Math.max(1, independent - parameters - 1);
    const aicc = deviance + 2 * parameters + few;
    if (aicc >= (best.get(shape)?.aicc ?? Infinity)) continue;
    best.set(shape, {
      shape,
      aicc,
      deviance,
      residual,
      ...(scale === undefined ? {} : { scale, height: weight }),
    });
  }
  return [...best.values()].sort((one, other) => one.aicc - other.aicc);
}

interface Expected {
  readonly settlesWithinHours: number;
  /** What was cut off before the points: what creeps has done so since then, and is the slower by it. */
  readonly earlierHours: number;
}

function candidatesFor(span: number, { settlesWithinHours, earlierHours }: Expected): Candidate[] {
  const line = (t: number): number => t;
  const found: Candidate[] = [{ shape: 'line', columns: [line], hidden: 0 }];
  for (const scale of scalesUpTo(settlesWithinHours, span)) {
    const settled = (t: number): number => 1 - Math.exp(-t / scale);
    found.push({ shape: 'settling', scale, columns: [settled], hidden: 1 });
    if (scale < settlingLineMax * span)
      found.push({ shape: 'settling-line', scale, columns: [settled, line], hidden: 1 });
  }
  for (const scale of scalesUpTo(settlesWithinHours + earlierHours, span))
    found.push({ shape: 'creep', scale, columns: [(t) => Math.log1p(t / scale)], hidden: 1 });
  for (const share of bends) {
    const scale = share * span;
    found.push({ shape: 'step', scale, columns: [(t) => (t < scale ? 0 : 1)], hidden: 1 });
    found.push({ shape: 'stopped', scale, columns: [(t) => Math.min(t, scale)], hidden: 1 });
    found.push({ shape: 'late-line', scale, columns: [(t) => Math.max(0, t - scale)], hidden: 1 });
  }
  return found;
}

/** Time constants from a hundredth of the span to the longest that anything settles with, in even steps of their logarithm. */
function scalesUpTo(longest: number, span: number): number[] {
  const shortest = Math.min(scaleMin * span, longest);
  return Array.from(
    { length: scaleSteps },
    (_, index) => shortest * (longest / shortest) ** (index / (scaleSteps - 1)),
  );
}

/** Without its mean, which is the part of a constant; in place. */
function centred(values: Float64Array): Float64Array {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (let index = 0; index < values.length; index += 1) values[index] = (values[index] ?? 0) - mean;
  return values;
}

const leastSquare = 1e-18;

/** Of a column or two and values, all of them centred: what the columns leave, and the weight of the first. Uses the columns up. */
function leastSquares(
  [first, second]: readonly Float64Array[],
  values: Float64Array,
): { residual: number; weight: number } {
  const rest = values.slice();
  let weight = first === undefined ? 0 : explain(rest, first);
  if (first !== undefined && second !== undefined) {
    const share = explain(second, first);
    weight -= share * explain(rest, second);
  }
  return { residual: dot(rest, rest), weight };
}

/** Leaves of `values` what `column` does not explain, and returns how often the column was in them. */
function explain(values: Float64Array, column: Float64Array): number {
  const square = dot(column, column);
  const share = square < leastSquare ? 0 : dot(column, values) / square;
  takeOut(values, column, share);
  return share;
}
