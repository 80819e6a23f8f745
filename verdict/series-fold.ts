import type { SampleRecord } from '#model/evidence.ts';
import type { SeriesSummary } from '#model/evidence-summary.ts';
import { byIdentity } from './identity.ts';
import { inMap, newMap } from './maps.ts';
import type { Window } from './windows.ts';

/** Every metric of every process incarnation: exact figures, and points for plots. */
export interface SeriesFold {
  add(record: SampleRecord): void;
  summary(): SeriesSummary[];
}

export interface SeriesBounds {
  readonly load: Window | undefined;
  /** What was seen in paused time is in the plots, and in no figure of the load. */
  readonly pauses?: readonly Window[];
  readonly intervalMs: number;
}

const pointsMax = 2_000;
const seriesMax = 20_000;
/** Plots begin and end a little outside the load. */
const plotMarginMs = 30_000;
/** Gauges keep a count for each 2 % step of their value, so that percentiles need no samples. */
const step = Math.log(1.02);

interface Moment {
  at: number;
  value: number;
}

interface Series {
  readonly role: string;
  readonly incarnation: number;
  readonly metric: string;
  readonly isCounter: boolean;
  count: number;
  min: number;
  max: number;
  readonly last: Moment;
  beforeLoad: Moment | undefined;
  /** First and last moment of each stretch of load between two pauses. */
  readonly stretches: ({ readonly first: Moment; readonly last: Moment } | undefined)[];
  inLoadCount: number;
  inLoadMax: number;
  inLoadSum: number;
  readonly steps: Map<number, Step>;
  /** The step that was counted last: most gauges move slowly, and logarithms are dear. */
  stepped: Step | undefined;
  readonly points: Map<number, Moment>;
  /** The point that was written last: evidence comes mostly in order of time. */
  newest: { readonly index: number; readonly point: Moment } | undefined;
}

interface Step {
  readonly index: number;
  /** What is between these is of this step; what is within rounding of its bounds is reckoned anew, whatever came before. */
  readonly from: number;
  readonly to: number;
  count: number;
}

/** All series of one process: by name, and in the order in which its samples have them, which hardly ever changes. */
interface OfProcess {
  readonly byMetric: Map<string, Series>;
  readonly inOrder: Series[];
}

/** Folds samples in any order: each figure is a sum, an extreme, or that of the latest moment. */
export function createSeriesFold({ load, pauses = [], intervalMs }: SeriesBounds): SeriesFold {
  const processes = new Map<string, Map<number, OfProcess>>();
  const now: Moment = { at: 0, value: 0 };
  let seriesCount = 0;
  const plot = load && plotWindow(load);
  const widthMs = load === undefined ? intervalMs : pointMs(load, intervalMs);

  // A hundred million times in 48 hours: nothing is made anew here that need not be.
  function addValue(series: Series, now: Moment): void {
    const { at, value } = now;
    series.count += 1;
    if (value < series.min) series.min = value;
    if (value > series.max) series.max = value;
    moveToLatest(series.last, now);
    if (load === undefined || plot === undefined) return;
    if (at >= plot.from && at < plot.to) addPoint(series, Math.floor(at / widthMs), now);
    if (at < load.from) {
      series.beforeLoad ??= { ...now };
      moveToLatest(series.beforeLoad, now);
    } else if (at < load.to && (pauses.length === 0 || !pauses.some(({ from, to }) => at >= from && at < to))) {
      addInLoad(series, pauses.length === 0 ? 0 : pauses.filter(({ to }) => to <= at).length, now);
    }
  }

  function begin(
    ofProcess: OfProcess,
    identity: Pick<Series, 'role' | 'incarnation' | 'metric'>,
    first: Moment,
  ): Series | undefined {
    if (seriesCount >= seriesMax) return undefined;
    seriesCount += 1;
    const series = emptySeries(identity, first);
    ofProcess.byMetric.set(identity.metric, series);
    ofProcess.inOrder.push(series);
    return series;
  }

  const allSeries = (): Series[] =>
    [...processes.values()].flatMap((lives) => [...lives.values()].flatMap(({ inOrder }) => inOrder));

  return {
    add({ at, role, incarnation, values }) {
      const ofProcess = inMap(inMap(processes, role, newMap<number, OfProcess>), incarnation, newProcess);
      now.at = at;
      let place = 0;
      for (const metric in values) {
        const value = values[metric];
        if (value === undefined) continue;
        const expected = ofProcess.inOrder[place];
        place += 1;
        const known = expected?.metric === metric ? expected : ofProcess.byMetric.get(metric);
        const series = known ?? begin(ofProcess, { role, incarnation, metric }, { at, value });
        now.value = value;
        if (series !== undefined) addValue(series, now);
      }
    },
    summary: () =>
      allSeries()
        .sort(byIdentity)
        .map((series) => {
          const { role, incarnation, metric, count, min, max, last } = series;
          const inLoad = summariseLoad(series);
          const points = [...series.points.values()]
            .sort((a, b) => a.at - b.at)
            .map(({ at, value }): [number, number] => [at, value]);
          const exact = { role, incarnation, metric, count, min, max, last: last.value };
          return { ...exact, ...(inLoad !== undefined && { inLoad }), points };
        }),
  };
}

const newProcess = (): OfProcess => ({ byMetric: new Map<string, Series>(), inOrder: [] });

const plotWindow = ({ from, to }: Window): Window => ({ from: from - plotMarginMs, to: to + plotMarginMs });

/** Width of one point: a sample's interval, or what fits the whole plot into its bound. */
export function pointMs(load: Window, intervalMs: number): number {
  const { from, to } = plotWindow(load);
  return Math.max(intervalMs, Math.ceil((to - from) / pointsMax));
}

function addPoint(series: Series, index: number, now: Moment): void {
  const { at, value } = now;
  const there = series.newest?.index === index ? series.newest.point : series.points.get(index);
  if (there === undefined) {
    const point = { at, value };
    series.points.set(index, point);
    series.newest = { index, point };
  } else if (series.isCounter) {
    moveToLatest(there, now);
  } else if (value > there.value || (value === there.value && at > there.at)) {
    // The peak of a gauge must survive decimation; of equal peaks, the later one, whatever came first.
    move(there, now);
  }
}

function addInLoad(series: Series, stretch: number, now: Moment): void {
  const { value } = now;
  series.inLoadCount += 1;
  if (value > series.inLoadMax) series.inLoadMax = value;
  series.inLoadSum += value;
  const there = series.stretches[stretch];
  if (there === undefined) {
    series.stretches[stretch] = { first: { ...now }, last: { ...now } };
  } else {
    moveToEarliest(there.first, now);
    moveToLatest(there.last, now);
  }
  if (series.isCounter) return;
  const { stepped } = series;
  const own = stepped !== undefined && value > stepped.from && value < stepped.to ? stepped : stepOf(series.steps, value); // prettier-ignore
  series.stepped = own;
  own.count += 1;
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

function summariseLoad(series: Series): SeriesSummary['inLoad'] {
  const { beforeLoad, inLoadCount, inLoadMax, inLoadSum } = series;
  // A counter grows from its last value before the load, where there is one; what it grew by in a pause is left out.
  const stretches = [...series.stretches.entries()].flatMap(([index, stretch]) => {
    if (stretch === undefined) return [];
    return [{ base: (index === 0 ? beforeLoad : undefined) ?? stretch.first, last: stretch.last }];
  });
  if (stretches.length === 0) return undefined;
  return {
    count: inLoadCount,
    max: inLoadMax,
    mean: inLoadSum / inLoadCount,
    spanMs: stretches.reduce((sum, { base, last }) => sum + last.at - base.at, 0),
    ...(series.isCounter
      ? { increase: stretches.reduce((sum, { base, last }) => sum + Math.max(0, last.value - base.value), 0) }
      : { p95: Math.min(inLoadMax, percentile(series.steps, inLoadCount)) }),
  };
}

function percentile(steps: ReadonlyMap<number, Step>, total: number): number {
  let seen = 0;
  for (const { index, count } of [...steps.values()].sort((a, b) => a.index - b.index)) {
    seen += count;
    if (seen >= total * 0.95) return index === -Infinity ? 0 : atStep(index);
  }
  return 0;
}

const emptySeries = (identity: Pick<Series, 'role' | 'incarnation' | 'metric'>, first: Moment): Series => ({
  ...identity,
  isCounter: identity.metric.endsWith('_total'),
  ...{ count: 0, min: Infinity, max: -Infinity, last: { ...first } },
  ...{ beforeLoad: undefined, stretches: [] },
  ...{ inLoadCount: 0, inLoadMax: -Infinity, inLoadSum: 0, steps: new Map(), stepped: undefined },
  ...{ points: new Map(), newest: undefined },
});

function move(moment: Moment, { at, value }: Moment): void {
  moment.at = at;
  moment.value = value;
}

/** Of two values at one moment the larger counts, so that order does not. */
function moveToLatest(moment: Moment, now: Moment): void {
  if (now.at > moment.at || (now.at === moment.at && now.value > moment.value)) move(moment, now);
}

function moveToEarliest(moment: Moment, now: Moment): void {
  if (now.at < moment.at || (now.at === moment.at && now.value < moment.value)) move(moment, now);
}
