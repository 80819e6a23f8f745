import { formatDuration } from '#model/figures.ts';
import type { Plan } from '#model/plan.ts';
import { type Answer, type Question, worstOutcome } from '#model/verdict.ts';
import type { Outcome } from '#model/verdict.ts';
import { judge } from './judge.ts';
import type { JudgeInput } from './rule.ts';

/** What is known of a run that goes on: every promised question that can be answered before the end. */
export interface SoFar {
  readonly outcome: Outcome;
  readonly headline: string;
  readonly answers: readonly Answer[];
}

/** Answered by what follows the load. Before that they are open by nature; only a failure is told early. */
const answeredAtTheEnd: readonly Question[] = [
  'seeding-reconciled',
  'no-lost-write',
  'no-scope-leak',
  'stationary',
  'capacity',
];

/**
 * The judge, asked before the end: the load is cut where the evidence ends, faults that are not over by then are not asked
 * about, and what only the end can answer is left out unless it has failed already. The same evidence gives the same answer.
 */
export function judgeSoFar(input: JudgeInput): SoFar {
  const { evidence } = input;
  const elapsedMs = (evidence.loadEndsAt ?? 0) - (evidence.loadStartsAt ?? 0);
  const plan = planUpTo(input.plan, elapsedMs);
  const answers = judge({ ...input, plan }).answers.filter(
    ({ question, outcome }) => outcome === 'fail' || !answeredAtTheEnd.includes(question),
  );
  const outcome = worstOutcome(answers.map((answer) => answer.outcome));
  return { outcome, headline: tell(outcome, answers, elapsedMs), answers };
}

/** The plan of a load that is this long: with the faults that are over by then; a promise about faults needs one. */
export function planUpTo(plan: Plan, elapsedMs: number): Plan {
  const faults = plan.faults.filter(({ offsetMs, deadlineMs }) => offsetMs + deadlineMs <= elapsedMs);
  const promises = plan.promises.filter((question) => question !== 'faults-healed' || faults.length > 0);
  return { ...plan, faults, promises };
}

const words = { pass: 'Pass', inconclusive: 'Inconclusive', fail: 'Fail' } as const satisfies Record<Outcome, string>;

function tell(outcome: Outcome, answers: readonly Answer[], elapsedMs: number): string {
  const after = `${words[outcome]} so far, after ${formatDuration(elapsedMs)} of load`;
  if (outcome === 'pass') return `${after}: all ${answers.length} questions that can be answered yet are met.`;
  const named = answers.filter((answer) => answer.outcome === outcome).map(({ question }) => question);
  return `${after}: ${named.join(', ') || 'no question can be answered yet'}.`;
}
