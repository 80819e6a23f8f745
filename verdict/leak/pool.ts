import type { Analysis } from './analysis.ts';
import type { Trend } from './trend.ts';

const hourMs = 3_600_000;

/**
 * One analysis of the lives of one process: each was watched for a while, and together they say more of its slope. A life counts
 * by the cube of its length, as its own error does; the rest is that of the longest. Undefined where there is none.
 */
export function pool(lives: readonly Analysis[]): Analysis | undefined {
  const weighed = lives.map((life) => ({ life, weight: ((life.to - life.settledAt) / hourMs) ** 3 }));
  const [longest] = [...weighed].sort((one, other) => other.weight - one.weight);
  if (longest === undefined || weighed.length === 1) return longest?.life;
  const recent = weighed.flatMap(({ life, weight }) =>
    life.recent === undefined ? [] : [{ trend: life.recent, weight }],
  );
  const drift = weighed.flatMap(({ life, weight }) =>
    life.drift === undefined ? [] : [{ trend: life.drift, weight }],
  );
  const goingOn = weighed.reduce((sum, { life, weight }) => sum + (life.isGoingOn ? weight : 0), 0);
  const all = weighed.reduce((sum, { weight }) => sum + weight, 0);
  return {
    ...longest.life,
    trend: poolTrends(weighed.map(({ life, weight }) => ({ trend: life.trend, weight }))),
    recent: recent.length === 0 ? undefined : poolTrends(recent),
    drift: drift.length === 0 ? undefined : poolTrends(drift),
    isGoingOn: goingOn > all / 2,
  };
}

/** Degrees of freedom by Welch (1947) and Satterthwaite (1946). */
function poolTrends(parts: readonly { readonly trend: Trend; readonly weight: number }[]): Trend {
  const all = parts.reduce((sum, { weight }) => sum + weight, 0);
  const mean = (of: (trend: Trend) => number): number =>
    parts.reduce((sum, { trend, weight }) => sum + (weight / all) * of(trend), 0);
  const variances = parts.map(({ trend, weight }) => ((weight / all) * trend.error) ** 2);
  const variance = variances.reduce((sum, each) => sum + each, 0);
  const spread = variances.reduce((sum, each, index) => sum + each ** 2 / (parts[index]?.trend.freedom ?? 1), 0);
  return {
    slope: mean(({ slope }) => slope),
    level: mean(({ level }) => level),
    error: Math.sqrt(variance),
    freedom: spread === 0 ? mean(({ freedom }) => freedom) : variance ** 2 / spread,
  };
}
