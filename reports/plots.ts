import type { EvidenceSummary, SeriesSummary } from '#model/evidence-summary.ts';
import { formatNumber, formatRatio } from '#model/figures.ts';
import { metrics } from '#model/metrics.ts';
import { roleKind } from '#model/roles.ts';
import { probesPlot } from './capacity.ts';
import { isHarness } from './harness-cost.ts';
import type { Markup } from './html.ts';
import { type Line, lineColours, type Plot, renderPlot, type TimeAxis } from './plot.ts';
import type { ReportInput } from './report-input.ts';
import { shadesOf } from './shades.ts';
import { latencyWords } from './wording.ts';
import { gaugeLine, increments, type Point, rateLine, seriesOf } from './series.ts';

/** Everything over time, on one shared axis; nothing when the load never began. */
export function renderPlots(input: ReportInput): Markup[] {
  const { plan, evidence } = input;
  const { loadStartsAt, loadEndsAt } = evidence;
  if (loadStartsAt === undefined || loadEndsAt === undefined) return [];
  const axis: TimeAxis = {
    zeroAt: loadStartsAt,
    from: loadStartsAt,
    to: loadEndsAt,
    shades: shadesOf(input),
  };
  const isCoLocated = /co-located/i.test(plan.stack.placement);
  const latencyNote = `ms · ${latencyWords(plan.load)}${isCoLocated ? ', co-located' : ''}`;
  const plots = [
    ...loadPlots(evidence, latencyNote, plan.load.model === 'open' ? 'iterations per second' : 'virtual users present'),
    ...(input.capacity === undefined ? [] : [probesPlot(input.capacity)]),
    ...processPlots(evidence),
    ...cachePlots(evidence),
    ...databasePlots(evidence),
    harnessPlot(evidence),
  ];
  return plots.map((plot) => renderPlot(withMargins(plot, axis), axis));
}

const megabyte = 1_024 ** 2;

/** Points beyond the axis would be drawn over its ends. */
const withMargins = (plot: Plot, { from, to }: TimeAxis): Plot => ({
  ...plot,
  lines: plot.lines.map((line) => ({ ...line, points: line.points.filter(([at]) => at >= from && at <= to) })),
});

function loadPlots({ ledger, classes }: EvidenceSummary, latencyNote: string, loadNote: string): Plot[] {
  const perSecond = (field: 'due' | 'delivered' | 'requests' | 'iterationsFailed'): Point[] =>
    ledger.points.map((point) => [point.at, point[field] / point.seconds]);
  const unseen = ledger.points.map(({ gapSeconds, seconds }) => gapSeconds === seconds);
  const seen = (points: Point[]): Point[] =>
    points.map(([at, value], index) => [at, unseen[index] === true ? undefined : value]);
  const reads = classes.find((each) => each.class === 'local-read')?.points ?? [];
  const halfMs = ((reads[1]?.at ?? 0) - (reads[0]?.at ?? 0)) / 2;
  const latency = (field: 'p50Ms' | 'p95Ms' | 'p99Ms'): Point[] =>
    reads.map((point) => [point.at + halfMs, point[field]]);
  return [
    {
      ...{ id: 'users', title: 'Load', note: loadNote, format: formatNumber },
      lines: [
        { name: 'delivered', colour: 's1', points: seen(perSecond('delivered')), isFilled: true, isStep: true },
        { name: 'planned', colour: 'plan', points: perSecond('due'), isDashed: true, isStep: true },
      ],
    },
    {
      ...{ id: 'requests', title: 'Throughput', note: 'per second' },
      lines: [
        { name: 'requests', colour: 's1', points: seen(perSecond('requests')) },
        { name: 'failed iterations', colour: 'bad', points: seen(perSecond('iterationsFailed')) },
      ],
    },
    {
      ...{ id: 'latency', title: 'Latency of local reads', note: latencyNote, height: 150 },
      lines: [
        { name: 'p99', colour: 'high', points: latency('p99Ms'), hasDots: reads.length < 60 },
        { name: 'p95', colour: 'middle', points: latency('p95Ms'), hasDots: reads.length < 60 },
        { name: 'p50', colour: 'low', points: latency('p50Ms'), hasDots: reads.length < 60 },
      ],
    },
  ];
}

function processPlots(evidence: EvidenceSummary): Plot[] {
  const isGateway = (role: string): boolean => roleKind(role) === 'gateway';
  const roles = [...new Set(evidence.series.map(({ role }) => role).filter(isGateway))];
  const lines = (metric: string, draw: (series: SeriesSummary) => Point[]): Line[] =>
    seriesOf(evidence, metric, isGateway).map((series) => ({
      name: series.role,
      colour: lineColours[roles.indexOf(series.role) % lineColours.length] ?? 's1',
      points: draw(series),
      marksStart: series.incarnation > 1,
    }));
  const floors = lines(metrics.heapAfterMajorGcBytes, (series) => gaugeLine(series, 1 / megabyte));
  const engines = seriesOf(evidence, metrics.eventLoopDelayP99Seconds, (role) => roleKind(role) === 'engine');
  return [
    {
      ...{
        id: 'rss',
        title: 'Memory of the gateways',
        note: 'RSS in MB · one line an incarnation, a dot where a new one began',
        height: 160,
      },
      ...{ lines: lines(metrics.rssBytes, (series) => gaugeLine(series, 1 / megabyte)) },
    },
    {
      id: 'heap',
      title: 'Heap in use',
      note: 'MB',
      lines: lines(metrics.heapUsedBytes, (series) => gaugeLine(series, 1 / megabyte)),
      height: 110,
    },
    ...(floors.length === 0
      ? []
      : [{ id: 'heap-floor', title: 'Heap after a major collection', note: 'MB', lines: floors, height: 110 }]),
    {
      ...{ id: 'gc', title: 'Garbage collection', note: 'ms of pause per second', height: 110 },
      lines: lines(metrics.gcPauseSeconds, (series) => rateLine(series, 1_000)),
    },
    {
      ...{ id: 'loop', title: 'Event-loop delay', note: 'p99 of each second, ms', height: 110 },
      lines: [
        ...lines(metrics.eventLoopDelayP99Seconds, (series) => gaugeLine(series, 1_000)),
        ...engines.map((series): Line => ({
          name: 'load engines',
          colour: 'plan',
          points: gaugeLine(series, 1_000),
          isDashed: true,
        })),
      ],
    },
  ];
}

/** The harness watches itself as it watches the target (R7.5). */
function harnessPlot(evidence: EvidenceSummary): Plot {
  const series = seriesOf(evidence, metrics.rssBytes, isHarness);
  const roles = [...new Set(series.map(({ role }) => role))];
  const lines = series.map((each): Line => {
    const index = roles.indexOf(each.role);
    return {
      ...{ name: each.role, points: gaugeLine(each, 1 / megabyte), marksStart: each.incarnation > 1 },
      colour: lineColours[index % lineColours.length] ?? 's1',
      isDashed: index >= lineColours.length,
    };
  });
  return { id: 'harness', title: 'Memory of the harness', note: 'RSS in MB · not judged', height: 150, lines };
}

const ratioIntervals = 120;
const ratioMsMin = 3_000;

/** Ratios are of what was looked up in each interval, not of everything since the start. */
function cachePlots(evidence: EvidenceSummary): Plot[] {
  const loadMs = (evidence.loadEndsAt ?? 0) - (evidence.loadStartsAt ?? 0);
  const widthMs = Math.max(ratioMsMin, Math.ceil(loadMs / ratioIntervals / 1_000) * 1_000);
  const grown = (metric: string): Map<number, number> =>
    increments(
      seriesOf(evidence, metric, (role) => roleKind(role) === 'gateway'),
      widthMs,
    );
  const ratio = (hits: Map<number, number>, misses: Map<number, number>): Point[] =>
    [...hits]
      .sort(([a], [b]) => a - b)
      .flatMap(([at, count]): Point[] => {
        const lookups = count + (misses.get(at) ?? 0);
        return lookups === 0 ? [] : [[at + widthMs / 2, count / lookups]];
      });
  return [
    {
      ...{ id: 'cache', title: 'Cache hit ratio', note: 'all gateways', height: 120, max: 1, format: formatRatio },
      lines: [
        {
          name: 'L1 (in process)',
          colour: 's1',
          points: ratio(grown(metrics.cacheL1Hits), grown(metrics.cacheL1Misses)),
        },
        {
          name: 'L2 (Redis), of what missed L1',
          colour: 's2',
          points: ratio(grown(metrics.cacheL2Hits), grown(metrics.cacheL2Misses)),
        },
      ],
    },
  ];
}

function databasePlots(evidence: EvidenceSummary): Plot[] {
  const gauge = (metric: string): Point[] =>
    seriesOf(evidence, metric, () => true).flatMap((series) => gaugeLine(series));
  const rate = (metric: string): Point[] =>
    seriesOf(evidence, metric, () => true).flatMap((series) => rateLine(series));
  return [
    {
      ...{ id: 'connections', title: 'Database connections', height: 110 },
      lines: [
        { name: 'open', colour: 's1', points: gauge(metrics.databaseConnections) },
        { name: 'active', colour: 's2', points: gauge(metrics.databaseActive) },
      ],
    },
    {
      ...{ id: 'transactions', title: 'Database transactions', note: 'per second', height: 110 },
      lines: [{ name: 'transactions', colour: 's1', points: rate(metrics.databaseTransactions) }],
    },
  ];
}
