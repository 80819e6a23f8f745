import { formatDuration, formatNumber } from '#model/figures.ts';
import { html, type Markup } from './html.ts';
import type { ReportInput } from './report-input.ts';
import { badge, table } from './tables.ts';
import { formatOffset } from './wording.ts';

/** What the run was told while it went on (R1.4); nothing for a run whose plan has no checkpoints. */
export function checkpointsSection({ plan, evidence, checkpoints = [] }: ReportInput): Markup | undefined {
  if (plan.windowsPerCheckpoint === undefined) return undefined;
  const zero = evidence.loadStartsAt ?? 0;
  const rows = checkpoints.map(({ number, upTo, outcome, headline, reasons, seconds, records }) => [
    number,
    formatOffset(upTo - zero),
    badge(outcome),
    html`${headline}${reasons.map((reason) => html`<br /><span class="note">${reason}</span>`)}`,
    formatNumber(records),
    formatDuration(seconds * 1_000),
  ]);
  const figures = [
    { title: 'Records', isFigure: true },
    { title: 'Took', isFigure: true },
  ];
  const columns = [
    ...[{ title: 'No.', isFigure: true }, { title: 'Up to', isFigure: true }, { title: 'So far' }],
    { title: 'What was known', isWide: true },
  ];
  const every = formatDuration(plan.windowsPerCheckpoint * plan.load.windowMs);
  return html`<h2 id="checkpoints">Checkpoints</h2>
    <p class="lead">
      What was known every ${every} of load, told as it was told then. Provisional: the verdict above does not rest on
      any of them. A number that is missing was not
      taken.${plan.leakLooks === undefined ? '' : ` The load is ended early by one that is certain of a leak: ${plan.leakLooks} of them may be, and err together once in two hundred runs at most.`}
    </p>
    ${table([...columns, ...figures], rows, 'No checkpoint was taken.')}`;
}
