import { html, type Markup } from './html.ts';
import type { ReportInput } from './report-input.ts';
import { table } from './tables.ts';
import { formatMoment, formatOffset } from './wording.ts';

/** What people told the run while it went on (R7.2); nothing for a run that was left alone. */
export function operatorSection({ evidence, operatorActions = [] }: ReportInput): Markup | undefined {
  if (operatorActions.length === 0) return undefined;
  const zero = evidence.loadStartsAt;
  const rows = operatorActions.map(({ at, action, what, who, why }) => [
    zero === undefined ? formatMoment(at) : formatOffset(at - zero),
    html`<b>${action}</b>`,
    what,
    who,
    why,
  ]);
  const columns = [
    { title: 'Load time', isFigure: true },
    { title: 'Action' },
    { title: 'What', isWide: true },
    { title: 'Who' },
    { title: 'Why', isWide: true },
  ];
  return html`<h2 id="operators">What operators did</h2>
    <p class="lead">
      Paused time is neither planned nor judged. The audit in the evidence store has every order in full.
    </p>
    ${table(columns, rows, 'Nothing.')}`;
}
