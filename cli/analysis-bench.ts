import { formatBytes, formatNumber } from '#model/figures.ts';
import { renderTable } from './table.ts';

export interface AnalysisBenchOrder {
  readonly hours: number;
  readonly processes: number;
  readonly requestsPerSecond: number;
  readonly seed: number;
}

/** Last line of `soak bench analysis --json`. */
export interface AnalysisBenchReport extends AnalysisBenchOrder {
  readonly records: number;
  /** As the evidence store keeps them. */
  readonly storedBytes: number;
  /** Unpacking, folding and judging. */
  readonly seconds: number;
  /** Of these, until the judge had its summary. */
  readonly foldSeconds: number;
  /** That were asked whether they leak. */
  readonly series: number;
  readonly judgeSecondsPerSeries: number;
  /** Peak of the whole process. */
  readonly residentBytesMax: number;
  /** What became of the question; the evidence is of a run that does not leak. */
  readonly memoryLeak: string;
}

export function renderAnalysisBench(report: AnalysisBenchReport): string {
  const { hours, processes, requestsPerSecond, records, storedBytes, seconds, foldSeconds } = report;
  const { series, judgeSecondsPerSeries, residentBytesMax, memoryLeak } = report;
  return [
    `${formatNumber(hours)} h of ${formatNumber(processes)} processes, a sample a second, ${formatNumber(requestsPerSecond)} requests/s`,
    renderTable(
      [
        ['records', formatNumber(records), ''],
        ['stored', formatBytes(storedBytes), 'at most 2 GB for 48 h'],
        ['from the store to the verdict', `${seconds.toFixed(1)} s`, 'at most 60 s'],
        ['of these, folding', `${foldSeconds.toFixed(1)} s`, ''],
        ['judging, a series', `${judgeSecondsPerSeries.toFixed(3)} s`, `of ${formatNumber(series)}; at most 0.25 s`],
        ['memory at most', formatBytes(residentBytesMax), 'the making of the evidence included; at most 1 GB'],
        ['does it leak', memoryLeak, 'it does not'],
      ],
      '  ',
    ),
  ].join('\n');
}
