import type { SampleRecord } from '#model/evidence.ts';
import type { SeriesSummary } from '#model/evidence-summary.ts';
import { byIdentity } from './identity.ts';
import { inMap, newMap } from './maps.ts';
import { addFigure, before, createSeriesFigures, nowhere, type Seen, type SeriesFigures, summariseFigures } from './series-figures.ts'; // prettier-ignore
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

interface Series extends Pick<SeriesSummary, 'role' | 'incarnation' | 'metric'> {
  readonly figures: SeriesFigures;
}

/** All series of one process: by name, and in the order in which its samples have them, which hardly ever changes. */
interface OfProcess {
  readonly byMetric: Map<string, Series>;
  readonly inOrder: Series[];
}

/** Folds samples in any order. */
export function createSeriesFold(bounds: SeriesBounds): SeriesFold {
  const processes = new Map<string, Map<number, OfProcess>>();
  const all: Series[] = [];
  const seen: Seen = { at: 0, value: 0, point: nowhere, stretch: nowhere };
  const setTime = timeSetter(bounds);

  function begin(ofProcess: OfProcess, identity: Omit<Series, 'figures'>): Series | undefined {
    if (all.length >= seriesMax) return undefined;
    const series = { ...identity, figures: createSeriesFigures(identity.metric.endsWith('_total')) };
    ofProcess.byMetric.set(identity.metric, series);
    ofProcess.inOrder.push(series);
    all.push(series);
    return series;
  }

  return {
    add({ at, role, incarnation, values }) {
      const ofProcess = inMap(inMap(processes, role, newMap<number, OfProcess>), incarnation, newProcess);
      setTime(seen, at);
      let place = 0;
      for (const metric in values) {
        const value = values[metric];
        if (value === undefined) continue;
        const expected = ofProcess.inOrder[place];
        place += 1;
        const known = expected?.metric === metric ? expected : ofProcess.byMetric.get(metric);
        const series = known ?? begin(ofProcess, { role, incarnation, metric });
        if (series === undefined) continue;
        seen.value = value;
        addFigure(series.figures, seen);
      }
    },
    summary: () =>
      all.sort(byIdentity).map(({ role, incarnation, metric, figures }) => {
        const { points, ...exact } = summariseFigures(figures);
        return { role, incarnation, metric, ...exact, points };
      }),
  };
}

const newProcess = (): OfProcess => ({ byMetric: new Map<string, Series>(), inOrder: [] });

/** What there is to say of a time, once for all values of a sample. */
function timeSetter({ load, pauses = [], intervalMs }: SeriesBounds): (seen: Seen, at: number) => void {
  if (load === undefined)
    return (seen, at) => {
      seen.at = at;
    };
  const plot = plotWindow(load);
  const widthMs = pointMs(load, intervalMs);
  return (seen, at) => {
    seen.at = at;
    seen.point = at >= plot.from && at < plot.to ? Math.floor(at / widthMs) : nowhere;
    if (at < load.from) seen.stretch = before;
    else if (at >= load.to || pauses.some(({ from, to }) => at >= from && at < to)) seen.stretch = nowhere;
    else seen.stretch = pauses.filter(({ to }) => to <= at).length;
  };
}

const plotWindow = ({ from, to }: Window): Window => ({ from: from - plotMarginMs, to: to + plotMarginMs });

/** Width of one point: a sample's interval, or what fits the whole plot into its bound. */
export function pointMs(load: Window, intervalMs: number): number {
  const { from, to } = plotWindow(load);
  return Math.max(intervalMs, Math.ceil((to - from) / pointsMax));
}
