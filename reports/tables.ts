import type { OperationSummary } from '#model/evidence-summary.ts';
import { formatBytes, formatDuration, formatFigure, formatNumber } from '#model/figures.ts';
import type { Answer } from '#model/verdict.ts';
import { hasIntendedStarts } from '#model/load-plan.ts';
import { html, type Markup } from './html.ts';
import type { ReportInput } from './report-input.ts';
import { describeOutage } from './shades.ts';
import { formatMoment, formatOffset, outcomeMarks, outcomeWords, wordings } from './wording.ts';

type Cell = Markup | string | number;

interface Column {
  readonly title: string;
  /** Figures stand to the right, so that they can be compared. */
  readonly isFigure?: boolean;
  /** Sentences: never squeezed into a word a line. */
  readonly isWide?: boolean;
}

/** A table that scrolls by itself when the page is too narrow for it; a sentence when it has no rows. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], empty: string): Markup {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  const side = (index: number): string => {
    const column = columns[index];
    return column?.isFigure === true ? 'figure' : column?.isWide === true ? 'wide' : '';
  };
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${columns.map(({ title }, index) => html`<th class="${side(index)}">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, index) => html`<td class="${side(index)}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const figure = (title: string): Column => ({ title, isFigure: true });
const text = (title: string): Column => ({ title });
const sentence = (title: string): Column => ({ title, isWide: true });

export const badge = (outcome: Answer['outcome']): Markup =>
  html`<span class="badge ${outcome}">${outcomeMarks[outcome]} ${outcomeWords[outcome]}</span>`;

/** Whom a bad answer points to, beside its reason, which may have said why already. */
export function pointsTo({ reason, attribution }: Answer): Markup | undefined {
  if (attribution === undefined) return undefined;
  const why = reason.includes(attribution.reason) ? '' : `: ${attribution.reason.replace(/\.$/, '')}`;
  return html` <i>Points to the ${attribution.to}${why}.</i>`;
}

/** Worst first: what a reader came for. */
export function answersTable({ verdict }: ReportInput): Markup {
  const order = { fail: 0, inconclusive: 1, pass: 2 } as const;
  const rows = [...verdict.answers]
    .sort((a, b) => order[a.outcome] - order[b.outcome])
    .map((answer) => {
      const { question, outcome, reason, measured, limit, unit } = answer;
      return [
        badge(outcome),
        html`<b>${wordings[question]}</b><br /><span class="note">${reason}${pointsTo(answer)}</span>`,
        measured === undefined ? '–' : formatFigure(measured, unit),
        limit === undefined ? '–' : formatFigure(limit, unit),
      ];
    });
  return table(
    [text('Answer'), sentence('Question'), figure('Measured'), figure('Limit')],
    rows,
    'Nothing was promised.',
  );
}

/** Where latency is from the intended start, the service time's p95 stands beside it. */
export function operationsTable({ plan, evidence }: ReportInput): Markup {
  const isIntended = hasIntendedStarts(plan.load);
  const ms = (value: number | undefined): string => (value === undefined ? '–' : formatNumber(value));
  const rows = [...evidence.operations]
    .sort((a, b) => (a.class < b.class ? -1 : a.class > b.class ? 1 : countOf(b) - countOf(a)))
    .map((operation) => [
      html`${operation.operation} <span class="note">${operation.class}</span>`,
      ...[countOf(operation), operation.ok, operation.partial].map(formatNumber),
      failures(operation),
      ...[operation.latency?.p50Ms, operation.latency?.p95Ms, operation.latency?.p99Ms, operation.latency?.maxMs].map(
        ms,
      ),
      ...(isIntended ? [ms(operation.serviceTime?.p95Ms)] : []),
    ]);
  const counts = [figure('Ended'), figure('Right'), figure('Partial')];
  const latencies = [
    ...[figure('p50 ms'), figure('p95 ms'), figure('p99 ms'), figure('max ms')],
    ...(isIntended ? [figure('p95 ms of service time')] : []),
  ];
  return table([text('Operation'), ...counts, text('Failed, by cause'), ...latencies], rows, 'No operation was sent.');
}

const countOf = ({ ok, failed }: OperationSummary): number =>
  Object.values(failed).reduce((sum, count) => sum + count, ok);

function failures({ failed }: OperationSummary): string {
  const causes = Object.entries(failed).filter(([, count]) => count > 0);
  return causes.length === 0 ? '–' : causes.map(([cause, count]) => `${cause} ${formatNumber(count)}`).join(', ');
}

export function faultsTable({ plan, evidence }: ReportInput): Markup {
  const rows = evidence.faults.flatMap(({ fault, events }) =>
    events.map(({ at, event, detail }, index) => [
      index === 0 ? html`<b>${fault}</b>` : '',
      evidence.loadStartsAt === undefined ? formatMoment(at) : formatOffset(at - evidence.loadStartsAt),
      event,
      detail,
    ]),
  );
  const planned = plan.faults.length === 0 ? 'No fault was planned.' : 'No planned fault was injected.';
  return table([text('Fault'), figure('Load time'), text('Event'), sentence('Detail')], rows, planned);
}

/** What went wrong that nobody planned: findings, parts of the target that were down, outages of the harness, gaps. */
export function surprisesTable({ evidence }: ReportInput): Markup {
  const zero = evidence.loadStartsAt ?? 0;
  const rows: { at: number; what: string; detail: string }[] = [
    ...evidence.findings.map(({ at, finding, source, detail }) => ({
      at,
      what: finding,
      detail: `${source}: ${detail}`,
    })),
    ...evidence.unplannedOutages.map(({ name, from, to, iterationsFailed }) => ({
      at: from,
      what: 'down unasked',
      detail: `${name} for ${formatDuration(to - from)}; ${formatNumber(iterationsFailed)} iterations failed meanwhile`,
    })),
    ...evidence.outages.map(({ name, from, to }) => ({
      at: from,
      what: 'harness out',
      detail: `${describeOutage({ name, from, to }, evidence.ledger.gaps)} for ${formatDuration(to - from)}`,
    })),
    ...evidence.gaps.map(({ at, until, source, reason }) => ({
      at,
      what: 'gap',
      detail: `${source} for ${formatDuration(until - at)}: ${reason}`,
    })),
  ];
  const shown = rows.sort((a, b) => a.at - b.at).slice(0, surprisesMax);
  const rest =
    evidence.gapsTotal +
    evidence.findings.length +
    evidence.unplannedOutages.length +
    evidence.outages.length -
    shown.length;
  const cells = shown.map(({ at, what, detail }) => [formatOffset(at - zero), what, detail]);
  return html`${table([figure('Load time'), text('What'), sentence('Detail')], cells, 'Nothing.')}
  ${rest > 0 ? html`<p class="note">… and ${formatNumber(rest)} more in the evidence.</p>` : undefined}`;
}

const surprisesMax = 60;

export function stepsTable({ steps }: ReportInput): Markup {
  const rows = steps.map(({ phase, startedAt, endedAt, outcome, note }) => [
    phase,
    outcome,
    endedAt === undefined ? '–' : formatDuration(endedAt - startedAt),
    note ?? '',
  ]);
  return table([text('Step'), text('Ended'), figure('Took'), sentence('Note')], rows, 'No step was recorded.');
}

export function seededTable({ seeded }: ReportInput): Markup {
  const rows = seeded.map(({ entity, rows: count, checksum, seconds, bytes }) => [
    ...[entity, formatNumber(count), bytes === undefined ? '–' : formatBytes(bytes)],
    ...[html`<code>${checksum}</code>`, formatDuration(seconds * 1_000)],
  ]);
  const heads = [text('Entity'), figure('Rows'), figure('On disk'), text('Checksum'), figure('Took')];
  return table(heads, rows, 'Nothing was seeded.');
}

export function notCoveredTable({ verdict }: ReportInput): Markup {
  const rows = verdict.notCovered.map(({ question, reason, measured }) => [
    ...[html`<b>${wordings[question]}</b>`, reason, measured ?? '–'],
  ]);
  return table(
    [sentence('Question'), sentence('Why it is not answered'), figure('Measured')],
    rows,
    'Every question was put.',
  );
}
