import * as z from 'zod';
import { type EvidenceSummary, loadMsOf, type SeriesSummary } from '#model/evidence-summary.ts';
import { formatBytes, formatNumber } from '#model/figures.ts';
import { metrics } from '#model/metrics.ts';
import { roleKind } from '#model/roles.ts';
import { RunFootprint } from './footprint.ts';
import { html, type Markup } from './html.ts';
import type { ReportInput } from './report-input.ts';
import { table } from './tables.ts';

const count = z.int().nonnegative();

/** One process of the harness, sampled like the target's. */
const HarnessProcess = z.strictObject({
  role: z.string(),
  /** Starts beyond the first that were seen. */
  restarts: count,
  /** Over the load; absent when it was not sampled in it. */
  cpuSeconds: z.number().optional(),
  cores: z.number().optional(),
  rssFirstBytes: z.number().optional(),
  rssLastBytes: z.number().optional(),
  rssMaxBytes: z.number().optional(),
  /** Last less first of the longest-lived incarnation, per hour; absent when it was seen for less than ten minutes. Not judged. */
  rssGrowthBytesPerHour: z.number().optional(),
  /** The most files and sockets that it had open at once. */
  openFilesMax: z.number().optional(),
});
type HarnessProcess = z.infer<typeof HarnessProcess>;

/** What the measuring itself cost (R7.5, R9.3). */
export const HarnessCost = z.strictObject({
  processes: z.array(HarnessProcess),
  footprint: RunFootprint.optional(),
});
export type HarnessCost = z.infer<typeof HarnessCost>;

/** A shorter line says nothing about an hour. */
const growthMsMin = 600_000;
const hourMs = 3_600_000;

export const isHarness = (role: string): boolean => ['engine', 'harness'].includes(roleKind(role));

export function summariseCost({ evidence, footprint }: Pick<ReportInput, 'evidence' | 'footprint'>): HarnessCost {
  const roles = [...new Set(evidence.series.map(({ role }) => role).filter(isHarness))];
  return {
    processes: roles.map((role) => summariseProcess(role, evidence)),
    ...(footprint !== undefined && { footprint }),
  };
}

function summariseProcess(role: string, evidence: EvidenceSummary): HarnessProcess {
  const of = (metric: string): SeriesSummary[] =>
    evidence.series.filter((each) => each.role === role && each.metric === metric);
  const grown = of(metrics.cpuSeconds).flatMap(({ inLoad }) => inLoad?.increase ?? []);
  const rss = of(metrics.rssBytes).sort((a, b) => a.incarnation - b.incarnation);
  const files = of(metrics.openFiles).map(({ max }) => max);
  const [first, last] = [rss[0]?.points[0]?.[1], rss.at(-1)?.last];
  const growth = growthOf(rss);
  const cpuSeconds = grown.reduce((sum, seconds) => sum + seconds, 0);
  const loadSeconds = loadMsOf(evidence) / 1_000;
  return {
    role,
    restarts: Math.max(0, new Set(rss.map(({ incarnation }) => incarnation)).size - 1),
    ...(grown.length > 0 && { cpuSeconds }),
    ...(grown.length > 0 && loadSeconds > 0 && { cores: cpuSeconds / loadSeconds }),
    ...(first !== undefined && { rssFirstBytes: first }),
    ...(last !== undefined && { rssLastBytes: last, rssMaxBytes: Math.max(...rss.map(({ max }) => max)) }),
    ...(growth !== undefined && { rssGrowthBytesPerHour: growth }),
    ...(files.length > 0 && { openFilesMax: Math.max(...files) }),
  };
}

function growthOf(rss: readonly SeriesSummary[]): number | undefined {
  const spans = rss.flatMap(({ points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first === undefined || last === undefined ? [] : [{ ms: last[0] - first[0], bytes: last[1] - first[1] }];
  });
  const longest = spans.sort((a, b) => b.ms - a.ms)[0];
  return longest === undefined || longest.ms < growthMsMin ? undefined : (longest.bytes / longest.ms) * hourMs;
}

export function costSection(input: ReportInput): Markup {
  const { processes, footprint } = summariseCost(input);
  const bytes = (value: number | undefined): string => (value === undefined ? '–' : formatBytes(value));
  const number = (value: number | undefined): string => (value === undefined ? '–' : formatNumber(value));
  const rows = processes.map((each) => [
    each.role,
    ...[each.cpuSeconds, each.cores].map(number),
    ...[each.rssFirstBytes, each.rssLastBytes, each.rssMaxBytes].map(bytes),
    each.rssGrowthBytesPerHour === undefined ? '–' : signedBytes(each.rssGrowthBytesPerHour),
    ...[number(each.openFilesMax), each.restarts],
  ]);
  const figures = ['CPU s', 'Cores', 'RSS first', 'RSS last', 'RSS max', 'RSS per hour', 'Files', 'Restarts'];
  const columns = [{ title: 'Process' }, ...figures.map((title) => ({ title, isFigure: true }))];
  return html`<h2 id="cost">What the harness itself cost</h2>
    <p class="lead">
      Sampled like the target's processes: CPU over the load, memory over the plots' time. Growth per hour is last less
      first of the longest-lived incarnation, for those seen for ten minutes or longer; it is shown and not judged.
    </p>
    ${table(columns, rows, 'The processes of the harness were not sampled.')} ${footprintTable(footprint)}`;
}

function footprintTable(footprint: RunFootprint | undefined): Markup | undefined {
  if (footprint === undefined) return undefined;
  const { temporal, evidence, spoolBytes, logBytes, temporalDatabaseBytes } = footprint;
  const of = (value: number | undefined, format: (value: number) => string): string =>
    value === undefined ? '–' : format(value);
  const rows = [
    ['Temporal executions of this run', of(temporal?.executions, formatNumber)],
    ['Temporal events of this run', of(temporal?.events, formatNumber)],
    ['History of this run', of(temporal?.historyBytes, formatBytes)],
    [
      'Evidence stored for this run',
      evidence === undefined ? '–' : `${formatBytes(evidence.bytes)}, ${formatNumber(evidence.records)} records`,
    ],
    ['Spool of this run on disk', formatBytes(spoolBytes)],
    ['Logs of all processes', formatBytes(logBytes)],
    ['Temporal’s database, all runs', of(temporalDatabaseBytes, formatBytes)],
  ];
  return html`<p></p>
    ${table([{ title: 'Footprint' }, { title: '', isFigure: true }], rows, '')}`;
}

const signedBytes = (value: number): string => `${value < 0 ? '−' : '+'}${formatBytes(Math.abs(value))}`;
