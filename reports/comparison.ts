import type { WaveOutcome } from '#model/activities.ts';
import { formatBytes, formatDuration, formatFigure, formatNumber, formatRatio } from '#model/figures.ts';
import { type Answer, type Outcome, type Question, worstOutcome } from '#model/verdict.ts';
import { barRows } from './bars.ts';
import { html, type Markup } from './html.ts';
import { renderPage } from './page.ts';
import type { RunResultFile } from './result.ts';
import { badge, table } from './tables.ts';
import { formatMoment, wordings } from './wording.ts';

/** The waves of one cycle side by side (R1.3): JSON to compare by machine. */
export interface Comparison {
  readonly schemaVersion: 1;
  readonly outcome: Outcome;
  readonly waves: readonly ComparedWave[];
  /** Waves that came to no verdict, and why; absent when each did. */
  readonly withoutVerdict?: readonly WaveWithoutVerdict[];
}

type WaveWithoutVerdict = Pick<WaveOutcome, 'wave' | 'reasons'>;

/** What results do not say of themselves. */
export interface CycleKnown {
  /** Run keys of the waves that an earlier cycle ran. */
  readonly takenOver: readonly string[];
  readonly withoutVerdict: readonly WaveWithoutVerdict[];
}

interface ComparedWave extends Pick<RunResultFile, 'wave' | 'outcome' | 'runId' | 'report' | 'seed' | 'scale'> {
  /** When the wave ended; of a wave that was taken over, that is before this cycle began. */
  readonly endedAt: string;
  readonly isTakenOver: boolean;
  readonly virtualUsers: number;
  readonly loadMs: number;
  readonly rows: number;
  /** Of one puller of shards, while it wrote them; present as well when the rows were there already. */
  readonly rowsPerSecond: number | undefined;
  /** Largest sum of the gateways' RSS, as text where it was measured and not judged. */
  readonly gatewaysMemory: string | undefined;
  readonly requestsPerSecond: number | undefined;
  readonly failedIterationsRatio: number | undefined;
  readonly localReadP50Ms: number | undefined;
  readonly localReadP95Ms: number | undefined;
  readonly localReadP99Ms: number | undefined;
  readonly answers: readonly Answer[];
}

const nothingKnown: CycleKnown = { takenOver: [], withoutVerdict: [] };

/** The worst wave decides; no waves at all, and a wave without a verdict, are inconclusive. */
export function compareWaves(
  results: readonly RunResultFile[],
  { takenOver, withoutVerdict }: CycleKnown = nothingKnown,
): Comparison {
  const lost = withoutVerdict.map(({ wave, reasons }) => ({ wave, reasons }));
  const outcome = worstOutcome([
    ...results.map((result) => result.outcome),
    ...lost.map(() => 'inconclusive' as const),
  ]);
  const waves = results.map((result) => compareWave(result, takenOver.includes(result.runId)));
  return { schemaVersion: 1, outcome, waves, ...(lost.length > 0 && { withoutVerdict: lost }) };
}

function compareWave(result: RunResultFile, isTakenOver: boolean): ComparedWave {
  const { wave, outcome, runId, report, seed, scale, load } = result;
  const reads = result.classes.find((each) => each.class === 'local-read')?.overall;
  const ended = load.iterationsOk + load.iterationsFailed;
  const rows = result.seeded.reduce((sum, { rows: ofEntity }) => sum + ofEntity, 0);
  const seconds = result.seeded.reduce((sum, { seconds: ofEntity }) => sum + ofEntity, 0);
  return {
    ...{ wave, outcome, runId, report, seed, scale, virtualUsers: load.virtualUsers, loadMs: load.loadMs },
    ...{ endedAt: result.endedAt, isTakenOver, rows, rowsPerSecond: seconds === 0 ? undefined : rows / seconds },
    gatewaysMemory: memoryOf(result),
    requestsPerSecond: load.requestsPerSecond,
    failedIterationsRatio: ended === 0 ? undefined : load.iterationsFailed / ended,
    ...{ localReadP50Ms: reads?.p50Ms, localReadP95Ms: reads?.p95Ms, localReadP99Ms: reads?.p99Ms },
    answers: result.verdict.answers,
  };
}

/** Judged against an objective, or measured where none binds. */
function memoryOf({ verdict }: RunResultFile): string | undefined {
  const answer = verdict.answers.find(({ question }) => question === 'memory-gateways');
  if (answer?.measured !== undefined) return formatBytes(answer.measured);
  return verdict.notCovered.find(({ question }) => question === 'memory-gateways')?.measured;
}

/** The same as a page: a column a wave, a row a figure. */
export function renderComparison(results: readonly RunResultFile[], known: CycleKnown = nothingKnown): string {
  const { outcome, waves, withoutVerdict = [] } = compareWaves(results, known);
  const passed = waves.filter((wave) => wave.outcome === 'pass').length;
  const placements = [...new Set(results.map(({ placement }) => placement))].join('; ');
  const asked = waves.length + withoutVerdict.length;
  const headline = waves.length === 0 ? 'No wave came to a verdict.' : `${passed} of ${asked} waves passed.`;
  const body = html`<p class="eyebrow">soakwave · AllWaves · wave comparison</p>
    <section class="verdict ${outcome}" id="verdict">
      ${badge(outcome)}
      <h1>${headline}</h1>
    </section>
    <h2>Waves</h2>
    <p class="lead">Latencies are ${latencyOf(results)}. Placement: ${placements === '' ? 'unknown' : placements}.</p>
    ${withoutVerdict.map(({ wave, reasons }) => html`<p><b>${wave}</b> came to no verdict: ${reasons.join('; ')}</p>`)}
    ${figuresTable(waves)} ${barsOf(waves)}
    <h2>Answers</h2>
    ${answersTable(waves)}
    <h2>Reports</h2>
    <ul class="plain">
      ${waves.map(({ wave, report, runId }) => html`<li>${wave}: run ${runId}, <code>${report}</code></li>`)}
    </ul>`;
  return renderPage({ title: `AllWaves: ${outcome}`, body });
}

/** All waves of a cycle have the same model. */
const latencyOf = (results: readonly RunResultFile[]): string =>
  results.some(({ load }) => load.latency === 'from-intended-start')
    ? 'from the intended start'
    : 'service times (closed model)';

const columnsOf = (waves: readonly ComparedWave[]) => [
  { title: '' },
  ...waves.map(({ wave }) => ({ title: wave, isFigure: true })),
];

function figuresTable(waves: readonly ComparedWave[]): Markup {
  const row = (name: string, cell: (wave: ComparedWave) => Markup | string) => [name, ...waves.map(cell)];
  const ms = (value: number | undefined): string => (value === undefined ? '–' : formatFigure(value, 'ms'));
  const rows = [
    row('Verdict', ({ outcome }) => badge(outcome)),
    row('Run by', ({ isTakenOver, runId, endedAt }) =>
      isTakenOver
        ? html`an earlier cycle<br /><span class="note">run ${runId}<br />${formatMoment(Date.parse(endedAt))}</span>`
        : 'this cycle',
    ),
    row('Virtual users', ({ virtualUsers }) => formatNumber(virtualUsers)),
    row('Length of load', ({ loadMs }) => formatDuration(loadMs)),
    row('Rows seeded', ({ rows: count }) => formatNumber(count)),
    row('Rows seeded per second, each seeder', ({ rowsPerSecond }) =>
      rowsPerSecond === undefined ? '–' : formatNumber(rowsPerSecond),
    ),
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
    row('Memory of all gateways, largest', ({ gatewaysMemory }) => gatewaysMemory ?? '–'),
  ];
  return table(columnsOf(waves), waves.length === 0 ? [] : rows, 'There is nothing to compare.');
}

/** How the figures go with the waves. */
function barsOf(waves: readonly ComparedWave[]): Markup | undefined {
  if (waves.length < 2) return undefined;
  const bars = (title: string, value: (wave: ComparedWave) => number | undefined, unit?: string) =>
    barRows(
      title,
      waves.map((wave) => ({ name: wave.wave, value: value(wave), label: (shown) => formatFigure(shown, unit) })),
    );
  return html`<div class="plots">
    ${bars('Local reads p95', ({ localReadP95Ms }) => localReadP95Ms, 'ms')}
    ${bars('Requests per second', ({ requestsPerSecond }) => requestsPerSecond)}
    ${bars('Rows seeded per second, each seeder', ({ rowsPerSecond }) => rowsPerSecond)}
  </div>`;
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
