import { formatDuration, formatFigure, formatNumber, formatRatio } from '#model/figures.ts';

import { type Answer, type Outcome, type Question, worstOutcome } from '#model/verdict.ts';
import { html, type Markup } from './html.ts';
import { renderPage } from './page.ts';
import type { RunResultFile } from './result.ts';
import { badge, table } from './tables.ts';
import { wordings } from './wording.ts';

/** The waves of one cycle side by side (R1.3): JSON to compare by machine. */
export interface Comparison {
  readonly schemaVersion: 1;
  readonly outcome: Outcome;
  readonly waves: readonly ComparedWave[];
}

interface ComparedWave extends Pick<RunResultFile, 'wave' | 'outcome' | 'runId' | 'report' | 'seed' | 'scale'> {
  readonly virtualUsers: number;
  readonly loadMs: number;
  readonly rows: number;
  readonly requestsPerSecond: number | undefined;
  readonly failedIterationsRatio: number | undefined;
  readonly localReadP50Ms: number | undefined;
  readonly localReadP95Ms: number | undefined;
  readonly localReadP99Ms: number | undefined;
  readonly answers: readonly Answer[];
}

/** The worst wave decides; no waves at all are inconclusive. */
export function compareWaves(results: readonly RunResultFile[]): Comparison {
  const outcome = worstOutcome(results.map((result) => result.outcome));
  return { schemaVersion: 1, outcome, waves: results.map(compareWave) };
}

function compareWave(result: RunResultFile): ComparedWave {
  const { wave, outcome, runId, report, seed, scale, load } = result;
  const reads = result.classes.find((each) => each.class === 'local-read')?.overall;
  const ended = load.iterationsOk + load.iterationsFailed;
  return {
    ...{ wave, outcome, runId, report, seed, scale, virtualUsers: load.virtualUsers, loadMs: load.loadMs },
    rows: result.seeded.reduce((sum, { rows }) => sum + rows, 0),
    requestsPerSecond: load.requestsPerSecond,
    failedIterationsRatio: ended === 0 ? undefined : load.iterationsFailed / ended,
    ...{ localReadP50Ms: reads?.p50Ms, localReadP95Ms: reads?.p95Ms, localReadP99Ms: reads?.p99Ms },
    answers: result.verdict.answers,
  };
}

/** The same as a page: a column a wave, a row a figure. */
export function renderComparison(results: readonly RunResultFile[]): string {
  const { outcome, waves } = compareWaves(results);
  const passed = waves.filter((wave) => wave.outcome === 'pass').length;
  const placements = [...new Set(results.map(({ placement }) => placement))].join('; ');
  const headline = waves.length === 0 ? 'No wave ended.' : `${passed} of ${waves.length} waves passed.`;
  const body = html`<p class="eyebrow">soakwave · AllWaves · wave comparison</p>
    <section class="verdict ${outcome}" id="verdict">
      ${badge(outcome)}
      <h1>${headline}</h1>
    </section>
    <h2>Waves</h2>
    <p class="lead">
      Latencies are service times (closed model). Placement: ${placements === '' ? 'unknown' : placements}.
    </p>
    ${figuresTable(waves)}
    <h2>Answers</h2>
    ${answersTable(waves)}
    <h2>Reports</h2>
    <ul class="plain">
      ${waves.map(({ wave, report }) => html`<li>${wave}: <code>${report}</code></li>`)}
    </ul>`;
  return renderPage({ title: `AllWaves: ${outcome}`, body });
}

const columnsOf = (waves: readonly ComparedWave[]) => [
  { title: '' },
  ...waves.map(({ wave }) => ({ title: wave, isFigure: true })),
];

function figuresTable(waves: readonly ComparedWave[]): Markup {
  const row = (name: string, cell: (wave: ComparedWave) => Markup | string) => [name, ...waves.map(cell)];
  const ms = (value: number | undefined): string => (value === undefined ? '–' : formatFigure(value, 'ms'));
  const rows = [
    row('Verdict', ({ outcome }) => badge(outcome)),
    row('Virtual users', ({ virtualUsers }) => formatNumber(virtualUsers)),
    row('Length of load', ({ loadMs }) => formatDuration(loadMs)),
    row('Rows seeded', ({ rows: count }) => formatNumber(count)),
    row('Scale', ({ scale }) => formatNumber(scale)),
    row('Requests per second', ({ requestsPerSecond }) =>
      requestsPerSecond === undefined ? '–' : formatNumber(requestsPerSecond),
    ),
    row('Failed iterations', ({ failedIterationsRatio }) =>
      failedIterationsRatio === undefined ? '–' : formatRatio(failedIterationsRatio),
    ),
    row('Local reads p50', ({ localReadP50Ms }) => ms(localReadP50Ms)),
    row('Local reads p95', ({ localReadP95Ms }) => ms(localReadP95Ms)),
    row('Local reads p99', ({ localReadP99Ms }) => ms(localReadP99Ms)),
  ];
  return table(columnsOf(waves), waves.length === 0 ? [] : rows, 'There is nothing to compare.');
}

function answersTable(waves: readonly ComparedWave[]): Markup {
  const questions = [...new Set(waves.flatMap(({ answers }) => answers.map(({ question }) => question)))];
  const cell = (answers: readonly Answer[], question: Question): Markup => {
    const answer = answers.find((each) => each.question === question);
    if (answer === undefined) return html`<span class="note">not put</span>`;
    const figure =
      answer.measured === undefined ? undefined : html`<br />${formatFigure(answer.measured, answer.unit)}`;
    return html`${badge(answer.outcome)}${figure}`;
  };
  const rows = questions.map((question) => [
    wordings[question],
    ...waves.map(({ answers }) => cell(answers, question)),
  ]);
  return table(columnsOf(waves), rows, 'No question was answered.');
}
