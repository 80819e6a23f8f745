import type { Analysis } from './analysis.ts';
import { devianceMin, recentTail } from './leak-bars.ts';
import { studentQuantile } from './student.ts';
import { dot } from './vectors.ts';

/** How sure a leak has to be found that a run of some length is said to find. */
const missedMax = 0.05;
/** What has to be found: so many times the allowed slope. */
const leakTimes = 5;
/** Of these on, Student's distribution is the normal one. */
const manyFreedom = 1_000;
const hourMs = 3_600_000;
/** Hours that are tried, from some minutes to a few days. */
const lengths = Array.from({ length: 60 }, (_, index) => 1.12 ** index / 8);

export interface ReachOptions {
  readonly allowedPerHour: number;
  readonly settlesWithinHours: number;
  readonly tail: number;
}

/** The smallest slope that a series like this shows for a leak, nineteen times out of twenty. */
export function detectable(analysis: Analysis, options: ReachOptions): number {
  return options.allowedPerHour + Math.max(...distances(analysis, options));
}

function distances({ trend, recent }: Analysis, { tail }: ReachOptions): number[] {
  const power = (error: number, freedom: number, within: number): number =>
    (studentQuantile(within, freedom) + studentQuantile(missedMax, freedom)) * error;
  const last = recent ?? { error: trend.error * 3 ** 1.5, freedom: 2 };
  return [power(trend.error, trend.freedom, tail), power(last.error, last.freedom, recentTail)];
}

/**
 * How long a run would have to be, warm-up included, to find a leak of five times what is allowed: errors of slopes go with the
 * length to the power of -3/2, and what settles slowly must be told from it.
 */
export function hoursNeeded(analysis: Analysis, options: ReachOptions): number {
  const { settledAt, to, reduced } = analysis;
  const hours = (to - settledAt) / hourMs;
  const [whole = 0, last = 0] = distances(analysis, options);
  const leak = leakTimes * options.allowedPerHour;
  const room = leak - options.allowedPerHour;
  const byError = hours * (Math.max(whole, last) / room) ** (2 / 3);
  const perHour = analysis.independent / Math.max(hours, reduced.blockMs / hourMs);
  const deviationMin = Math.sqrt(devianceMin) + studentQuantile(missedMax, manyFreedom);
  const bySettling = lengths.find((length) => {
    const apart = settlingApart(length, options.settlesWithinHours) * leak;
    const deviance = length * perHour * Math.log1p((apart / Math.max(analysis.noise, 1e-9)) ** 2);
    return Math.sqrt(deviance) > deviationMin;
  });
  const warmUp = (settledAt - analysis.from) / hourMs;
  return warmUp + Math.max(byError, bySettling ?? Infinity, options.settlesWithinHours);
}

const looks = Array.from({ length: 101 }, (_, index) => index / 100);

/** How far a straight line of slope one is, as a root of the mean square, from the nearest curve that settles so slowly. */
function settlingApart(length: number, settlesWithinHours: number): number {
  const times = looks.map((share) => share * length);
  const curve = times.map((t) => 1 - Math.exp(-t / settlesWithinHours));
  const [t, c] = [times, curve].map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  });
  if (t === undefined || c === undefined) return 0;
  const rest = dot(t, t) - dot(t, c) ** 2 / Math.max(dot(c, c), 1e-300);
  return Math.sqrt(Math.max(0, rest) / t.length);
}
