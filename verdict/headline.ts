import { type EvidenceSummary, loadMsOf } from '#model/evidence-summary.ts';
import { formatDuration } from '#model/figures.ts';
import type { Answer, Outcome } from '#model/verdict.ts';
import type { JudgeInput } from './rule.ts';
import { unionMs } from './windows.ts';

export interface HeadlineInput extends JudgeInput {
  readonly answers: readonly Answer[];
  readonly outcome: Outcome;
  readonly interruption: string | undefined;
}

const namedMax = 3;

/** One sentence that can stand alone: what came out, why, what the harness missed, what of the target died unasked, and what was taken out of the question. */
export function writeHeadline(input: HeadlineInput): string {
  const { plan, evidence } = input;
  const outageMs = unionMs(evidence.outages);
  const outage = outageMs === 0 ? [] : [`the harness was out for ${formatDuration(outageMs)} of the load`];
  const without = plan.without.length === 0 ? [] : [`without ${plan.without.join(', ')}`];
  const told = [...earlyEnd(input), ...outage, ...deaths(evidence), ...without, ...defects(plan)];
  return `${[finding(input), ...told].join('; ')}.`;
}

/** What was found was put there: no such run says anything of the target. */
const defects = ({ stack }: HeadlineInput['plan']): string[] =>
  stack.defects === undefined ? [] : [`planted by intent: ${stack.defects.map(({ name }) => name).join(', ')}`];

/** Also where they were tolerated: a run in which the target died once is another run than one in which it did not. */
function deaths({ unplannedOutages }: EvidenceSummary): string[] {
  if (unplannedOutages.length === 0) return [];
  const roles = [...new Set(unplannedOutages.map(({ name }) => name))];
  const shown = roles.slice(0, namedMax).join(', ');
  const rest = roles.length > namedMax ? ` and ${roles.length - namedMax} more` : '';
  return [`${shown}${rest} died unasked, down for ${formatDuration(unionMs(unplannedOutages))}`];
}

/** The load is judged as far as it went; that it went no further is said beside it. */
function earlyEnd({ endedEarly, evidence }: HeadlineInput): string[] {
  if (endedEarly === undefined) return [];
  return [`the load was ended after ${formatDuration(loadMsOf(evidence))}, because ${strip(endedEarly.why)}`];
}

function finding({ answers, outcome, interruption }: HeadlineInput): string {
  const failed = answers.filter((answer) => answer.outcome === 'fail');
  const open = answers.filter((answer) => answer.outcome === 'inconclusive');
  const end = interruption === undefined ? '' : `; the run ended early, ${strip(interruption)}`;
  switch (outcome) {
    case 'pass':
      return `Pass: all ${answers.length} promised questions were answered and met`;
    case 'fail':
      return `Fail: ${failed.length} of ${answers.length} promised questions failed (${names(failed)})${end}`;
    case 'inconclusive':
      if (interruption !== undefined) return `Inconclusive: ${strip(interruption)}`;
      if (answers.length === 0) return 'Inconclusive: nothing was promised, so there is nothing to judge';
      return `Inconclusive: ${open.length} of ${answers.length} promised questions could not be answered (${names(open)})`;
  }
}

function names(answers: readonly Answer[]): string {
  const shown = answers.slice(0, namedMax).map(({ question }) => question);
  const rest = answers.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

const strip = (text: string): string => text.replace(/[.\s]+$/, '');
