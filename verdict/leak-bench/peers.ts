import { type Moment, quantile } from '../leak/reduce.ts';
import { studentTail } from '../leak/student.ts';

/** What others do with a series of memory; each says whether it raises an alarm. */
export const peers = {
  'least squares': leastSquares,
  'Mann–Kendall': mannKendall,
  'grew by more than 10 %': grew,
} as const satisfies Record<string, (moments: readonly Moment[], allowedPerHour: number) => boolean>;

export type PeerName = keyof typeof peers;

const alarmsMax = 0.01;
const pointsMax = 300;
const hourMs = 3_600_000;

/** A line through all samples, with the error that it has when no sample knows of the one before. */
function leastSquares(moments: readonly Moment[], allowedPerHour: number): boolean {
  const n = moments.length;
  const mean = (of: (moment: Moment) => number): number => moments.reduce((sum, each) => sum + of(each), 0) / n;
  const [meanAt, meanValue] = [mean(({ at }) => at), mean(({ value }) => value)];
  let [xx, xy, yy] = [0, 0, 0];
  for (const { at, value } of moments) {
    const [x, y] = [(at - meanAt) / hourMs, value - meanValue];
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const slope = xy / xx;
  const error = Math.sqrt(Math.max(0, yy - slope * xy) / (n - 2) / xx);
  return error === 0 ? slope > allowedPerHour : studentTail((slope - allowedPerHour) / error, n - 2) < alarmsMax;
}

/** Do later values tend to be higher: Mann (1945), Kendall (1975), on at most three hundred means. */
function mannKendall(moments: readonly Moment[]): boolean {
  const means = meansOf(moments, pointsMax);
  let score = 0;
  for (const [index, value] of means.entries())
    for (let later = index + 1; later < means.length; later += 1) score += Math.sign((means[later] ?? 0) - value);
  const n = means.length;
  const deviation = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  return studentTail((score - 1) / deviation, 1e6) < alarmsMax;
}

const grownBy = 1.1;

/** The median of the last tenth beside that of the second one, when the start is over. */
function grew(moments: readonly Moment[]): boolean {
  const tenth = Math.floor(moments.length / 10);
  const middle = (from: number): number =>
    quantile(
      moments.slice(from, from + tenth).map(({ value }) => value),
      0.5,
    );
  return middle(moments.length - tenth) > grownBy * middle(tenth);
}

function meansOf(moments: readonly Moment[], count: number): number[] {
  const width = Math.max(1, Math.ceil(moments.length / count));
  return Array.from({ length: Math.ceil(moments.length / width) }, (_, index) => {
    const part = moments.slice(index * width, (index + 1) * width);
    return part.reduce((sum, { value }) => sum + value, 0) / part.length;
  });
}
