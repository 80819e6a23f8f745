import type { SeriesSummary } from '#model/evidence-summary.ts';

/** A value, and when it was seen; everything but the value is the same for all values of a sample. */
export interface Seen {
  at: number;
  value: number;
  /** Of the plot; `nowhere` outside it. */
  point: number;
  /** Which stretch of the load, between two pauses; `before` the load, `nowhere` in a pause and after it. */
  stretch: number;
}

export const nowhere = -1;
export const before = -2;

/** What is counted of one series. */
export interface SeriesFigures {
  readonly isCounter: boolean;
  readonly numbers: Float64Array;
  /** Those that are not being counted just now: evidence comes mostly in order of time. */
  readonly stretches: Map<number, Stretch>;
  /** A point, its time and its value, in turn: objects in a map took longer than all other figures. */
  points: number[];
  readonly steps: Map<number, Step>;
  /** The step that was counted last: most gauges move slowly, and logarithms are dear. */
  stepped: Step | undefined;
}

type Moment = readonly [at: number, value: number];

interface Stretch {
  readonly first: Moment;
  readonly last: Moment;
}

/** Gauges keep a count for each 2 % step of their value, so that percentiles need no samples. */
const step = Math.log(1.02);

interface Step {
  readonly index: number;
  /** What is between these is of this step; what is within rounding of its bounds is reckoned anew, whatever came before. */
  readonly from: number;
  readonly to: number;
  count: number;
}

/**
 * Places of the numbers of a series. As objects they would be a dozen places in memory, and 48 hours have two hundred million
 * values: most of the time went into fetching those. A moment is a time and, behind it, a value.
 */
const [count, min, max, inLoadCount, inLoadMax, inLoadSum] = [0, 1, 2, 3, 4, 5] as const;
const [last, beforeLoad] = [6, 8] as const;
const [stretch, stretchFirst, stretchLast] = [10, 11, 13] as const;
const [point, pointPeak] = [15, 16] as const;
const numbersOfEach = 18;

const partsOfPoint = 3;
/** Twice as many as a plot has. */
const keptMax = 4_000;

export function createSeriesFigures(isCounter: boolean): SeriesFigures {
  const numbers = new Float64Array(numbersOfEach);
  numbers[min] = Infinity;
  for (const place of [max, inLoadMax, last, beforeLoad]) numbers[place] = -Infinity;
  numbers[stretch] = nowhere;
  numbers[point] = nowhere;
  return { isCounter, numbers, stretches: new Map(), points: [], steps: new Map(), stepped: undefined };
}

const get = (numbers: Float64Array, place: number): number => numbers[place] ?? 0;
const momentAt = (numbers: Float64Array, place: number): Moment => [get(numbers, place), get(numbers, place + 1)];

/** In any order: each figure is a sum, an extreme, or that of the latest moment. */
export function addFigure(figures: SeriesFigures, seen: Seen): void {
  const { numbers } = figures;
  const { value } = seen;
  numbers[count] = get(numbers, count) + 1;
  if (value < get(numbers, min)) numbers[min] = value;
  if (value > get(numbers, max)) numbers[max] = value;
  moveToLatest(numbers, last, seen);
  if (seen.point !== nowhere) addPoint(figures, seen);
  if (seen.stretch === before) moveToLatest(numbers, beforeLoad, seen);
  else if (seen.stretch !== nowhere) addInLoad(figures, seen);
}

function addPoint(figures: SeriesFigures, seen: Seen): void {
  const { numbers } = figures;
  if (get(numbers, point) !== seen.point) {
    keepPoint(figures);
    numbers[point] = seen.point;
    move(numbers, pointPeak, seen);
  } else if (figures.isCounter) {
    moveToLatest(numbers, pointPeak, seen);
  } else {
    moveToPeak(numbers, pointPeak, seen);
  }
}

function keepPoint(figures: SeriesFigures): void {
  const { numbers, points } = figures;
  if (get(numbers, point) === nowhere) return;
  points.push(get(numbers, point), get(numbers, pointPeak), get(numbers, pointPeak + 1));
  numbers[point] = nowhere;
  // Evidence that goes back and forth makes a point several times.
  if (points.length > partsOfPoint * keptMax) figures.points = mergePoints(figures);
}

/** Once each, in order of time. */
function mergePoints({ points, isCounter }: SeriesFigures): number[] {
  const merged = new Map<number, Float64Array>();
  for (let place = 0; place < points.length; place += partsOfPoint) {
    const index = points[place] ?? 0;
    const seen = { at: points[place + 1] ?? 0, value: points[place + 2] ?? 0, point: index, stretch: nowhere };
    const known = merged.get(index);
    if (known === undefined) merged.set(index, Float64Array.of(seen.at, seen.value));
    else if (isCounter) moveToLatest(known, 0, seen);
    else moveToPeak(known, 0, seen);
  }
  return [...merged].sort(([one], [other]) => one - other).flatMap(([index, moment]) => [index, ...moment]);
}

function addInLoad(figures: SeriesFigures, seen: Seen): void {
  const { numbers } = figures;
  const { value } = seen;
  numbers[inLoadCount] = get(numbers, inLoadCount) + 1;
  if (value > get(numbers, inLoadMax)) numbers[inLoadMax] = value;
  numbers[inLoadSum] = get(numbers, inLoadSum) + value;
  if (get(numbers, stretch) !== seen.stretch) beginStretch(figures, seen);
  moveToEarliest(numbers, stretchFirst, seen);
  moveToLatest(numbers, stretchLast, seen);
  if (figures.isCounter) return;
  const { stepped } = figures;
  const isSame = stepped !== undefined && value > stepped.from && value < stepped.to;
  const own = isSame ? stepped : stepOf(figures.steps, value);
  figures.stepped = own;
  own.count += 1;
}

function beginStretch(figures: SeriesFigures, seen: Seen): void {
  const { numbers, stretches } = figures;
  keepStretch(figures);
  const known = stretches.get(seen.stretch);
  numbers[stretch] = seen.stretch;
  numbers.set(known?.first ?? [Infinity, Infinity], stretchFirst);
  numbers.set(known?.last ?? [-Infinity, -Infinity], stretchLast);
}

function keepStretch({ numbers, stretches }: SeriesFigures): void {
  if (get(numbers, stretch) === nowhere) return;
  stretches.set(get(numbers, stretch), {
    first: momentAt(numbers, stretchFirst),
    last: momentAt(numbers, stretchLast),
  });
}

const rounding = 1e-9;
const atStep = (index: number): number => Math.exp(index * step);

function stepOf(steps: Map<number, Step>, value: number): Step {
  const index = value > 0 ? Math.ceil(Math.log(value) / step) : -Infinity;
  const known = steps.get(index);
  if (known !== undefined) return known;
  const made = { index, from: atStep(index - 1) * (1 + rounding), to: atStep(index) * (1 - rounding), count: 0 };
  steps.set(index, made);
  return made;
}

function move(numbers: Float64Array, place: number, { at, value }: Seen): void {
  numbers[place] = at;
  numbers[place + 1] = value;
}

/** Of two values at one moment the larger counts, so that order does not. */
function moveToLatest(numbers: Float64Array, place: number, seen: Seen): void {
  const at = get(numbers, place);
  if (seen.at > at || (seen.at === at && seen.value > get(numbers, place + 1))) move(numbers, place, seen);
}

/** The peak of a gauge must survive decimation; of equal peaks, the later one, whatever came first. */
function moveToPeak(numbers: Float64Array, place: number, seen: Seen): void {
  const value = get(numbers, place + 1);
  if (seen.value > value || (seen.value === value && seen.at > get(numbers, place))) move(numbers, place, seen);
}

function moveToEarliest(numbers: Float64Array, place: number, seen: Seen): void {
  const at = get(numbers, place);
  if (seen.at < at || (seen.at === at && seen.value < get(numbers, place + 1))) move(numbers, place, seen);
}

/** All but whose they are. */
export function summariseFigures(
  figures: SeriesFigures,
): Pick<SeriesSummary, 'count' | 'min' | 'max' | 'last' | 'inLoad' | 'points'> {
  const { numbers } = figures;
  keepPoint(figures);
  keepStretch(figures);
  const inLoad = summariseLoad(figures);
  figures.points = mergePoints(figures);
  return {
    ...{ count: get(numbers, count), min: get(numbers, min), max: get(numbers, max), last: get(numbers, last + 1) },
    ...(inLoad !== undefined && { inLoad }),
    points: pairsOf(figures.points),
  };
}

const pairsOf = (points: readonly number[]): [at: number, value: number][] =>
  Array.from({ length: points.length / partsOfPoint }, (_, index) => {
    const place = index * partsOfPoint;
    return [points[place + 1] ?? 0, points[place + 2] ?? 0];
  });

function summariseLoad({ numbers, stretches, steps, isCounter }: SeriesFigures): SeriesSummary['inLoad'] {
  const base = momentAt(numbers, beforeLoad);
  const hasBase = base[0] > -Infinity;
  // A counter grows from its last value before the load, where there is one; what it grew by in a pause is left out.
  const grown = [...stretches].map(([index, { first, last: end }]) => ({
    from: index === 0 && hasBase ? base : first,
    end,
  }));
  if (grown.length === 0) return undefined;
  const inLoad = { count: get(numbers, inLoadCount), max: get(numbers, inLoadMax) };
  return {
    ...inLoad,
    mean: get(numbers, inLoadSum) / inLoad.count,
    spanMs: grown.reduce((sum, { from, end }) => sum + end[0] - from[0], 0),
    ...(isCounter
      ? { increase: grown.reduce((sum, { from, end }) => sum + Math.max(0, end[1] - from[1]), 0) }
      : { p95: Math.min(inLoad.max, percentile(steps, inLoad.count)) }),
  };
}

function percentile(steps: ReadonlyMap<number, Step>, total: number): number {
  let sum = 0;
  for (const each of [...steps.values()].sort((a, b) => a.index - b.index)) {
    sum += each.count;
    if (sum >= total * 0.95) return each.index === -Infinity ? 0 : atStep(each.index);
  }
  return 0;
}
