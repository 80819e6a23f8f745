import type { Window } from '../windows.ts';

export interface Moment {
  readonly at: number;
  readonly value: number;
}

/** A short stretch of a series: the level that it keeps coming down to. */
export interface Block {
  /** Middle of the stretch. */
  readonly at: number;
  readonly floor: number;
}

/** A series in blocks of one length. `blockMs` covers its cycles where it has any that are long. */
export interface Reduced {
  readonly blocks: readonly Block[];
  readonly blockMs: number;
}

const blocksMax = 240;
const pointsOfBlock = 8;
/** A block that covers a little more than a cycle has a whole descent in it. */
const cyclesOfBlock = 1.25;
const blocksOfCyclesMin = 8;
/** What a collector leaves is not the lowest sample, which is often one that was taken in the middle of its work. */
const floorShare = 0.03;
const filledShare = 0.3;

/**
 * Cuts a series, in order of time, into blocks and takes the floor of each. Samples within `cut` are left out, and blocks that
 * have too few left. What goes up and comes down again within a block leaves no trace.
 */
export function reduce(moments: readonly Moment[], { from, to }: Window, cut: readonly Window[]): Reduced {
  const kept = moments.filter(
    ({ at }) => at >= from && at < to && !cut.some((each) => at >= each.from && at < each.to),
  );
  const most = Math.min(blocksMax, Math.floor(kept.length / pointsOfBlock));
  const cycleMs = findCycle(kept, to - from);
  const wanted = cycleMs === undefined ? most : Math.floor((to - from) / (cyclesOfBlock * cycleMs));
  const count = Math.max(1, Math.min(most, Math.max(wanted, blocksOfCyclesMin)));
  const blockMs = (to - from) / count;
  return { blocks: floorsOf(kept, { from, blockMs, count }), blockMs };
}

function floorsOf(
  kept: readonly Moment[],
  { from, blockMs, count }: { from: number; blockMs: number; count: number },
): Block[] {
  const values: number[][] = Array.from({ length: count }, () => []);
  for (const { at, value } of kept) values[Math.min(count - 1, Math.floor((at - from) / blockMs))]?.push(value);
  const usual = quantile(
    values.map(({ length }) => length).filter((length) => length > 0),
    0.5,
  );
  return values.flatMap((own, index) =>
    own.length > 0 && own.length >= filledShare * usual
      ? [{ at: from + (index + 0.5) * blockMs, floor: quantile(own, floorShare) }]
      : [],
  );
}

const looksMax = 2_000;
const cyclesMin = 3;

/** Counts how often the series, without its trend, goes from its low third to its high one. */
function findCycle(kept: readonly Moment[], spanMs: number): number | undefined {
  const step = Math.max(1, Math.floor(kept.length / looksMax));
  const looks = kept.filter((_, index) => index % step === 0);
  const quarter = Math.floor(looks.length / 4);
  const [first, last] = [looks.slice(0, quarter), looks.slice(-quarter)];
  const [a, b] = [first, last].map((part) => middleOf(part));
  if (quarter === 0 || a === undefined || b === undefined || b.at <= a.at) return undefined;
  const slope = (b.value - a.value) / (b.at - a.at);
  const flat = looks.map(({ at, value }) => value - slope * (at - a.at));
  const [low, high] = [quantile(flat, 0.3), quantile(flat, 0.7)];
  let [isHigh, cycles] = [false, 0];
  for (const value of flat) {
    if (!isHigh && value > high) [isHigh, cycles] = [true, cycles + 1];
    else if (isHigh && value < low) isHigh = false;
  }
  return cycles < cyclesMin ? undefined : spanMs / cycles;
}

const middleOf = (part: readonly Moment[]): Moment => ({
  at: quantile(
    part.map(({ at }) => at),
    0.5,
  ),
  value: quantile(
    part.map(({ value }) => value),
    0.5,
  ),
});

/** Between two values, the nearer one's share of the other is not taken: a quantile is a value that there was. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
