import { studentQuantile, studentTail } from './student.ts';
import { dot, takeOut } from './vectors.ts';

/** A straight line through a series whose noise remembers. Values per hour. */
export interface Trend {
  readonly slope: number;
  readonly level: number;
  /** Standard error of the slope. */
  readonly error: number;
  /** Degrees of freedom of `error`. */
  readonly freedom: number;
}

export interface TrendPoint {
  /** Hours. */
  readonly at: number;
  readonly value: number;
}

const waves = 8;

/**
 * Least squares, with the error that a slope has when neighbours are alike: the noise is looked at in its `waves` slowest waves
 * that no straight line can follow, because a slope is disturbed by slow noise only (Müller and Watson 2017; Lazarus, Lewis,
 * Stock and Watson 2018, the equal-weighted cosine estimator). Undefined for fewer than eight points; of few, as many waves as
 * there are fours.
 */
export function fitTrend(points: readonly TrendPoint[]): Trend | undefined {
  const k = Math.min(waves, Math.floor(points.length / 4));
  if (k < 2) return undefined;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last.at <= first.at) return undefined;
  const spanHours = ((last.at - first.at) * points.length) / (points.length - 1);
  const begin = first.at - (spanHours - (last.at - first.at)) / 2;
  const share = points.map(({ at }) => (at - begin) / spanHours);
  const basis = orthonormal([
    new Float64Array(points.length).fill(1),
    Float64Array.from(share),
    ...Array.from({ length: k }, (_, wave) => Float64Array.from(share, (x) => Math.cos(Math.PI * (wave + 2) * x))),
  ]);
  // From the first value on: of a series that never moves nothing is left then, not even what rounding leaves.
  const values = points.map(({ value }) => value - first.value);
  const parts = basis.map((direction) => dot(direction, values));
  const [constant, line, ...slow] = parts;
  const [unit, ramp] = basis;
  if (constant === undefined || line === undefined || ramp === undefined || unit === undefined) return undefined;
  const risePerStep = ((ramp.at(-1) ?? 0) - (ramp[0] ?? 0)) / (last.at - first.at);
  const noise = Math.sqrt(slow.reduce((sum, part) => sum + part * part, 0) / slow.length);
  const slope = line * risePerStep;
  const meanAt = meanOf(points.map(({ at }) => at));
  const mean = first.value + constant * (unit[0] ?? 0);
  return { slope, level: mean - slope * meanAt, error: noise * risePerStep, freedom: slow.length };
}

const stretches = 8;

/**
 * The drift of a series that wanders: from the means of eight stretches, whose steps are independent of each other if its noise adds
 * up without end. Of a series that does not wander the steps are alike, and this says nothing against its slope. Undefined for few
 * points.
 */
export function fitDrift(points: readonly TrendPoint[]): Trend | undefined {
  const length = Math.floor(points.length / stretches);
  if (length < 1) return undefined;
  const means = Array.from({ length: stretches }, (_, index) => {
    const own = points.slice(index * length, (index + 1) * length);
    return { at: meanOf(own.map(({ at }) => at)), value: meanOf(own.map(({ value }) => value)) };
  });
  const steps = means.slice(1).map(({ at, value }, index) => {
    const before = means[index] ?? { at: 0, value };
    return (value - before.value) / (at - before.at);
  });
  const slope = meanOf(steps);
  const variance = steps.reduce((sum, step) => sum + (step - slope) ** 2, 0) / (steps.length - 1);
  return { slope, level: means[0]?.value ?? 0, error: Math.sqrt(variance / steps.length), freedom: steps.length - 1 };
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Where the slope is with this confidence on each side. */
export function boundsOf({ slope, error, freedom }: Trend, tail: number): { low: number; high: number } {
  const reach = error === 0 ? 0 : studentQuantile(tail, freedom) * error;
  return { low: slope - reach, high: slope + reach };
}

/** Probability of a slope like this or steeper where the true one is `allowed`. */
export function exceeds({ slope, error, freedom }: Trend, allowed: number): number {
  if (error === 0) return slope > allowed ? 0 : 1;
  return studentTail((slope - allowed) / error, freedom);
}

/** Gram–Schmidt, twice over each, which is exact to the last digits; in place. */
function orthonormal(directions: readonly Float64Array[]): readonly Float64Array[] {
  for (const [index, direction] of directions.entries()) {
    for (let pass = 0; pass < 2; pass += 1) {
      for (const known of directions.slice(0, index)) takeOut(direction, known, dot(known, direction));
    }
    const length = Math.sqrt(dot(direction, direction));
    for (let at = 0; at < direction.length; at += 1) direction[at] = (direction[at] ?? 0) / length;
  }
  return directions;
}
