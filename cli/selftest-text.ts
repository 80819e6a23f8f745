import { formatDuration, formatFigure, formatNumber } from '#model/figures.ts';
import { outcomeInk, paint } from './colour.ts';
import { type CaseAccount, type Figure, outcomeOf } from './selftest-account.ts';
import type { SelftestReport } from './selftest-report.ts';
import { renderTable } from './table.ts';

/** What came of each case, why of those that are not as they must be, and what it comes to. */
export function renderSelftest({ cases, seconds, outcome }: SelftestReport, colour: boolean): string {
  const rows = cases.map((each) => [
    ...[each.name, each.result, each.failed.join(', ') || 'nothing', figure(each.planted)],
    ...[figure(each.measured), interval(each.measured), formatDuration(each.seconds * 1_000), each.runId],
  ]);
  const head = ['defect', 'result', 'failed', 'planted', 'measured', 'between', 'took', 'run'];
  const wrong = cases
    .filter((each) => outcomeOf([each]) !== 'pass')
    .map((each) => `${paint(`${each.name}: ${each.result}`, outcomeInk[outcomeOf([each])], colour)}: ${each.why}`);
  return [
    renderTable([head, ...rows]),
    ...wrong,
    `${paint(words[outcome], outcomeInk[outcome], colour)}: ${summary(cases)}, in ${formatDuration(seconds * 1_000)}.`,
  ].join('\n');
}

const words = { pass: 'Pass', fail: 'Fail', inconclusive: 'Inconclusive' } as const;

function summary(cases: readonly CaseAccount[]): string {
  const [found, clean] = (['found', 'clean'] as const).map((wanted) => cases.filter(({ result }) => result === wanted));
  const twins = cases.filter(({ name }) => name.startsWith('healthy'));
  return `${found?.length ?? 0} of ${cases.length - twins.length} planted defects were found and named, ${clean?.length ?? 0} of ${twins.length} healthy runs passed`;
}

const figure = (given: Figure | undefined): string =>
  given === undefined ? '–' : formatFigure(given.value, given.unit);

function interval(given: CaseAccount['measured']): string {
  if (given?.between === undefined) return '–';
  const [low, high] = given.between;
  return `${formatNumber(low)} to ${formatNumber(high)}`;
}
