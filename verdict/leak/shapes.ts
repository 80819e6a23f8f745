import type { TrendPoint } from './trend.ts';
import { dot, minus } from './vectors.ts';

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
  { independent, settlesWithinHours }: { readonly independent: number; readonly settlesWithinHours: number },
): ShapeFit[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return [];
  const span = last.at - first.at;
  const times = points.map(({ at }) => at - first.at);
  const values = points.map(({ value }) => value);
  const best = new Map<Shape, ShapeFit>();
  for (const { shape, scale, columns, hidden } of candidatesFor(span, settlesWithinHours)) {
    const { residual, weights } = leastSquares(
      columns.map((column) => times.map(column)),
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
      ...(scale === undefined ? {} : { scale, height: weights[1] ?? 0 }),
    });
  }
  return [...best.values()].sort((one, other) => one.aicc - other.aicc);
}

function candidatesFor(span: number, settlesWithinHours: number): Candidate[] {
  const line = (t: number): number => t;
  const found: Candidate[] = [{ shape: 'line', columns: [line], hidden: 0 }];
  for (const scale of scalesUpTo(settlesWithinHours, span)) {
    const settled = (t: number): number => 1 - Math.exp(-t / scale);
    found.push({ shape: 'settling', scale, columns: [settled], hidden: 1 });
    if (scale < settlingLineMax * span)
      found.push({ shape: 'settling-line', scale, columns: [settled, line], hidden: 1 });
    found.push({ shape: 'creep', scale, columns: [(t) => Math.log1p(t / scale)], hidden: 1 });
  }
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

/** By Gram–Schmidt on the columns, the constant first. `weights` in their order, the constant's first. */
function leastSquares(
  columns: readonly (readonly number[])[],
  values: readonly number[],
): { residual: number; weights: number[] } {
  const all = [values.map(() => 1), ...columns];
  const basis: { direction: number[]; length: number; shares: number[] }[] = [];
  const parts: number[] = [];
  let rest = [...values];
  for (const column of all) {
    let direction = [...column];
    const shares = basis.map((known) => {
      const share = dot(known.direction, direction);
      direction = minus(direction, known.direction, share);
      return share;
    });
    const length = Math.sqrt(dot(direction, direction));
    if (length < 1e-9) {
      basis.push({ direction: direction.map(() => 0), length: 1, shares });
      parts.push(0);
      continue;
    }
    direction = direction.map((value) => value / length);
    const part = dot(direction, rest);
    rest = minus(rest, direction, part);
    basis.push({ direction, length, shares });
    parts.push(part);
  }
  const weights: number[] = Array.from({ length: all.length }, () => 0);
  for (let index = all.length - 1; index >= 0; index -= 1) {
    let sum = parts[index] ?? 0;
    for (let later = index + 1; later < all.length; later += 1)
      sum -= (basis[later]?.shares[index] ?? 0) * (weights[later] ?? 0);
    weights[index] = sum / (basis[index]?.length ?? 1);
  }
  return { residual: dot(rest, rest), weights };
}
