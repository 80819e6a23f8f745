import * as z from 'zod';
import type { JudgeRequest } from './activities.ts';
import { CapacitySearch } from './capacity-search.ts';
import { Stage } from './load-plan.ts';
import { OperatorRecord } from './operator.ts';
import { SeededEntity } from './population-plan.ts';
import { StepRecord } from './progress.ts';

const count = z.int().nonnegative();
const sentences = z.array(z.string());

/** Keys that a newer version adds are passed on: whoever judges by them knows them. */
const Verification = z.looseObject({
  ...{ checked: count, lost: sentences, resurrected: sentences, indeterminate: count, remaining: count },
  ...{ scopeAudited: count, scopeDifferences: sentences, seedDifferences: sentences },
  unheard: sentences.optional(),
});

/**
 * A `JudgeRequest` as it is stored beside the records of its run: together they are all that a verdict rests on, so that it
 * can be reckoned again anywhere (R6.5).
 */
const JudgeBasis = z.looseObject({
  ...{ runKey: z.string(), workflowId: z.string(), planHash: z.string() },
  steps: z.array(StepRecord),
  loadStartsAt: z.number().optional(),
  loadEndsAt: z.number().optional(),
  seeded: z.array(SeededEntity),
  verification: Verification.optional(),
  warmUp: z.looseObject({ requests: count, hitRatio: z.number().optional(), settled: z.boolean() }).optional(),
  stages: z.array(Stage).optional(),
  capacity: CapacitySearch.optional(),
  operatorActions: z.array(OperatorRecord).optional(),
  aborted: z.string().optional(),
});

/** What a run was judged by, from its stored text; undefined when it is none that this version can judge by. */
export function readJudgeBasis(text: string): JudgeRequest | undefined {
  try {
    return JudgeBasis.safeParse(JSON.parse(text)).data as JudgeRequest | undefined;
  } catch {
    return undefined;
  }
}
