/**
 * An item by the rule of R2.2: 80 % of picks fall on the hot 5 %, 15 % on the warm 15 %, 5 % on the cold 80 %, in the
 * list's order. A list too short for a bucket folds it into the hot one. Throws when there is none to pick.
 */
export function skewedPick<T>(items: readonly T[], draw: () => number): T {
  const item = items[skewedIndex(items.length, draw)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function skewedIndex(count: number, draw: () => number): number {
  const hot = hotOf(count);
  const warm = warmOf(count, hot);
  const cold = count - hot - warm;
  const bucket = draw();
  const within = draw();
  if (bucket >= 0.95 && cold > 0) return hot + warm + Math.floor(within * cold);
  if (bucket >= 0.8 && bucket < 0.95 && warm > 0) return hot + Math.floor(within * warm);
  return Math.floor(within * hot);
}

const hotOf = (count: number): number => Math.min(count, Math.max(1, Math.round(count * 0.05)));
const warmOf = (count: number, hot: number): number => Math.min(count - hot, Math.max(1, Math.round(count * 0.15)));

interface TierRange {
  readonly tier: 'hot' | 'warm' | 'cold';
  /** Index of its first item, and of the first that is not its. */
  readonly from: number;
  readonly to: number;
}

/** The same buckets as ranges of a list of `count` items; those without an item are left out. */
export function tiersOf(count: number): TierRange[] {
  const hot = hotOf(count);
  const warm = hot + warmOf(count, hot);
  const tiers: TierRange[] = [
    { tier: 'hot', from: 0, to: hot },
    { tier: 'warm', from: hot, to: warm },
    { tier: 'cold', from: warm, to: count },
  ];
  return tiers.filter(({ from, to }) => to > from);
}
