import type { JudgeRequest } from '#model/activities.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import type { Plan } from '#model/plan.ts';
import type { Answer } from '#model/verdict.ts';

/** Everything that a verdict rests on; the same input gives the same verdict (R6.5). */
export interface JudgeInput extends Pick<
  JudgeRequest,
  'steps' | 'seeded' | 'verification' | 'capacity' | 'aborted' | 'endedEarly'
> {
  readonly plan: Plan;
  readonly evidence: EvidenceSummary;
  /** Every kind of operation that the plan's mix sends. */
  readonly operations: readonly string[];
  /** Its number, when this is no verdict but a look on the way. */
  readonly checkpoint?: number;
}

/** An answer without its question. */
export type Finding = Omit<Answer, 'question'>;
export type Rule = (input: JudgeInput) => Finding;

export const open = (reason: string): Finding => ({ outcome: 'inconclusive', reason });
