/** One bucket of a distribution: sizes from `low` to `high`, both included, and its share of the whole. */
export interface Bucket {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly share: number;
}

/** Whole parts of `total` in the given proportions, summing to it exactly (largest remainder, then lowest index). */
export function apportion(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((whole, share) => whole + share, 0);
  const exact = shares.map((share) => (total * share) / sum);
  const parts = exact.map((part) => Math.floor(part + 1e-9));
  const left = total - parts.reduce((whole, part) => whole + part, 0);
  const byRemainder = exact
    .map((part, index) => ({ index, remainder: part - (parts[index] ?? 0) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, left)) parts[index] = (parts[index] ?? 0) + 1;
  return parts;
}

/**
 * Keeps the buckets that a wave is large enough for and gives the others' shares to the largest of these, with one
 * sentence each (R2.2). Buckets come smallest first; the first always fits.
 */
export function foldBuckets(
  buckets: readonly Bucket[],
  fits: (bucket: Bucket, index: number) => boolean,
  describe: (bucket: Bucket) => string,
): { kept: Bucket[]; remarks: string[] } {
  const kept = buckets.filter((bucket, index) => index === 0 || fits(bucket, index));
  const folded = buckets.filter((bucket) => !kept.includes(bucket));
  const largest = kept.at(-1);
  if (largest === undefined) throw new Error('a distribution has at least one bucket');
  const share = folded.reduce((sum, bucket) => sum + bucket.share, largest.share);
  return {
    kept: [...kept.slice(0, -1), { ...largest, share }],
    remarks: folded.map(
      (bucket) => `${describe(bucket)}: its ${String(bucket.share * 100)} % is folded into ${largest.name}.`,
    ),
  };
}

/** Which part of a whole that is laid out part after part an index falls into, and where in it. */
export function locate(parts: readonly number[], index: number): { part: number; position: number } {
  let position = index;
  for (let part = 0; part < parts.length; part += 1) {
    const size = parts[part] ?? 0;
    if (position < size) return { part, position };
    position -= size;
  }
  throw new Error(`${index} is beyond the last part`);
}
