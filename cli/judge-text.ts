import { formatNumber } from '#model/figures.ts';
import type { JudgedFile, JudgedSeries } from './judged-file.ts';
import { renderTable } from './table.ts';

/** A file's series as a table, its reasons below those that need one. */
export function renderJudgedFile({ file, outcome, series }: JudgedFile): string {
  const head = ['series', 'incarnation', 'outcome', 'an hour', 'between', 'and', 'would see', 'needs, h'];
  const rows = series.map((each) => [
    ...[each.series, each.incarnation, each.outcome],
    ...[each.slopePerHour, each.low, each.high, each.detectablePerHour, each.needHours].map(cell),
  ]);
  return [`${file}: ${outcome}`, renderTable([head, ...rows], '  '), ...series.flatMap(reasonsOf)].join('\n');
}

const cell = (value: number | null): string => (value === null ? '–' : formatNumber(value));

const reasonsOf = ({ series, incarnation, outcome, reasons }: JudgedSeries): string[] =>
  outcome === 'pass' ? [] : [`  ${series} of ${incarnation}: ${reasons.join('; ')}.`];
