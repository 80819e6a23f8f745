import type { SampleRecord } from '#model/evidence.ts';
import type { SeriesSummary } from '#model/evidence-summary.ts';
import { byIdentity } from './identity.ts';
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
  last: Moment;
  beforeLoad: Moment | undefined;
  /** First and last moment of each stretch of load between two pauses. */
  readonly stretches: ({ first: Moment; last: Moment } | undefined)[];
  inLoadCount: number;
  inLoadMax: number;
  inLoadSum: number;
  readonly steps: Map<number, number>;
  readonly points: Map<number, Moment>;
}

/** Folds samples in any order: each figure is a sum, an extreme, or that of the latest moment. */
export function createSeriesFold({ load, pauses = [], intervalMs }: SeriesBounds): SeriesFold {
  const processes = new Map<string, Map<string, Series>>();
  let seriesCount = 0;
  const plot = load && plotWindow(load);
  const widthMs = load === undefined ? intervalMs : pointMs(load, intervalMs);

  function addValue(series: Series, at: number, value: number): void {
    const moment = { at, value };
    series.count += 1;
    series.min = Math.min(series.min, value);
    series.max = Math.max(series.max, value);
    series.last = latest(series.last, moment);
    if (load === undefined || plot === undefined) return;
    if (at >= plot.from && at < plot.to) addPoint(series, Math.floor(at / widthMs), moment);
    if (at < load.from) series.beforeLoad = latest(series.beforeLoad, moment);
    else if (at < load.to && (pauses.length === 0 || !pauses.some(({ from, to }) => at >= from && at < to))) {
      addInLoad(series, moment, pauses.length === 0 ? 0 : pauses.filter(({ to }) => to <= at).length);
    }
  }

  function begin(
    ofProcess: Map<string, Series>,
    identity: Pick<Series, 'role' | 'incarnation' | 'metric'>,
    first: Moment,
  ): Series | undefined {
    if (seriesCount >= seriesMax) return undefined;
    seriesCount += 1;
    const series = emptySeries(identity, first);
    ofProcess.set(identity.metric, series);
    return series;
  }

  const allSeries = (): Series[] => [...processes.values()].flatMap((ofProcess) => [...ofProcess.values()]);

  return {
    add({ at, role, incarnation, values }) {
      // Looked up by process and then by metric: in 48 hours that is done a hundred million times.
      const process = `${role}\n${incarnation}`;
      const ofProcess = processes.get(process) ?? new Map<string, Series>();
      processes.set(process, ofProcess);
      for (const metric in values) {
        const value = values[metric];
        if (value === undefined) continue;
        const series = ofProcess.get(metric) ?? begin(ofProcess, { role, incarnation, metric }, { at, value });
        if (series !== undefined) addValue(series, at, value);
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

const plotWindow = ({ from, to }: Window): Window => ({ from: from - plotMarginMs, to: to + plotMarginMs });

/** Width of one point: a sample's interval, or what fits the whole plot into its bound. */
export function pointMs(load: Window, intervalMs: number): number {
  const { from, to } = plotWindow(load);
  return Math.max(intervalMs, Math.ceil((to - from) / pointsMax));
}

function addPoint(series: Series, index: number, moment: Moment): void {
  const there = series.points.get(index);
  if (there === undefined) {
    series.points.set(index, moment);
  } else if (series.isCounter) {
    series.points.set(index, latest(there, moment));
  } else {
    // The peak of a gauge must survive decimation; of equal peaks, the later one, whatever came first.
    series.points.set(
      index,
      moment.value > there.value || (moment.value === there.value && moment.at > there.at) ? moment : there,
    );
  }
}

function addInLoad(series: Series, moment: Moment, stretch: number): void {
  series.inLoadCount += 1;
  series.inLoadMax = Math.max(series.inLoadMax, moment.value);
  series.inLoadSum += moment.value;
  const there = series.stretches[stretch];
  if (there === undefined) {
    series.stretches[stretch] = { first: moment, last: moment };
  } else {
    there.first = earliest(there.first, moment);
    there.last = latest(there.last, moment);
  }
  if (series.isCounter) return;
  const index = moment.value > 0 ? Math.ceil(Math.log(moment.value) / step) : -Infinity;
  series.steps.set(index, (series.steps.get(index) ?? 0) + 1);
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

function percentile(steps: ReadonlyMap<number, number>, total: number): number {
  let seen = 0;
  for (const [index, count] of [...steps].sort(([a], [b]) => a - b)) {
    seen += count;
    if (seen >= total * 0.95) return index === -Infinity ? 0 : Math.exp(index * step);
  }
  return 0;
}

const emptySeries = (identity: Pick<Series, 'role' | 'incarnation' | 'metric'>, first: Moment): Series => ({
  ...identity,
  isCounter: identity.metric.endsWith('_total'),
  ...{ count: 0, min: Infinity, max: -Infinity, last: first },
  ...{ beforeLoad: undefined, stretches: [] },
  ...{ inLoadCount: 0, inLoadMax: -Infinity, inLoadSum: 0, steps: new Map(), points: new Map() },
});

/** Of two values at one moment the larger counts, so that order does not. */
const latest = (a: Moment | undefined, b: Moment): Moment =>
  a === undefined || b.at > a.at || (b.at === a.at && b.value > a.value) ? b : a;

const earliest = (a: Moment | undefined, b: Moment): Moment =>
  a === undefined || b.at < a.at || (b.at === a.at && b.value < a.value) ? b : a;
