/** Latencies as counts: sparse pairs of bucket and count, in any order, a bucket any number of times. They add up by being put together. */
export type LatencyBuckets = readonly (readonly [bucket: number, count: number])[];

const lowestUs = 50;
/** A bucket's upper edge is 5 % above its lower one: 50 µs to a minute are 290 buckets. */
const growth = 1.05;

/** Where a latency of so many microseconds is counted. */
export const bucketOf = (latencyUs: number): number =>
  Math.max(0, Math.ceil(Math.log(Math.max(latencyUs, 1) / lowestUs) / Math.log(growth)));

/** In milliseconds; undefined when nothing was counted. */
export function percentileOf(buckets: LatencyBuckets, share: number): number | undefined {
  const counts = new Map<number, number>();
  for (const [bucket, count] of buckets) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let below = 0;
  for (const [bucket, count] of [...counts].sort(([a], [b]) => a - b)) {
    if (below + count >= share * total) {
      const within = (share * total - below) / count;
      return (lowestUs * growth ** (bucket - 1 + within)) / 1_000;
    }
    below += count;
  }
  return undefined;
}
