import type { Trend, TrendPoint } from './trend.ts';

const independentMin = 12;
const likenessMax = 0.98;

/** Of how many independent points a series is worth whose neighbours are alike: n (1 − ρ) / (1 + ρ), with ρ beside its trend. */
export function independentPoints(points: readonly TrendPoint[], { slope, level }: Trend): number {
  const rest = points.map(({ at, value }) => value - level - slope * at);
  let [own, next] = [0, 0];
  for (const [index, value] of rest.entries()) {
    own += value * value;
    next += value * (rest[index + 1] ?? 0);
  }
  if (own === 0) return Math.max(independentMin, points.length);
  const likeness = Math.min(likenessMax, Math.max(0, next / own));
  return Math.max(independentMin, (points.length * (1 - likeness)) / (1 + likeness));
}
