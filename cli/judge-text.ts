import { formatNumber } from '#model/figures.ts';
import type { JudgedFile, JudgedSeries } from './judged-file.ts';
import type { JudgedRun, VerdictDifference } from './judged-run.ts';
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

/** What a run comes to now, beside what was told of it. */
export function renderJudgedRun(judged: JudgedRun): string {
  const { run, workflowId, archive, outcome, told, same, verdict, differences } = judged;
  const name = `${workflowId} (${archive ?? run})`;
  const at = told.at.slice(0, 19).replace('T', ' ');
  if (same) return `${name}: ${outcome}, the same as was told at ${at}\n  ${verdict.headline}`;
  return [
    `${name}: NOT THE SAME: ${told.outcome} was told at ${at}, and it comes to ${outcome} now`,
    ...differences.map((difference) => `  ${renderDifference(difference)}`),
    `  ${renderCode(judged)}`,
  ].join('\n');
}

const renderDifference = ({ question, what, told, now }: VerdictDifference): string =>
  `${question === undefined ? '' : `${question}: `}${what}: told ${told}, now ${now}`;

const renderCode = ({ isCodeChanged, told, here }: JudgedRun): string =>
  isCodeChanged
    ? `The code that judges has changed since: ${told.version} (${told.judgeCode}) then, ${here.version} (${here.judgeCode}) now; that may be why.`
    : `The code that judges is the same as then (${here.version}, ${here.judgeCode}): the stored evidence or verdict has changed.`;
