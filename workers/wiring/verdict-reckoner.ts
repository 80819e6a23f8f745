import type { JudgeRequest } from '#model/activities.ts';
import type { CapacityResult } from '#model/capacity-answer.ts';
import { operationsOfLoad } from '#model/driver-promises.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import type { Plan } from '#model/plan.ts';
import { planAsSteered } from '#model/schedule.ts';
import type { Verdict } from '#model/verdict.ts';
import { reckonCapacity } from '#verdict/capacity.ts';
import { foldEvidence } from '#verdict/fold.ts';
import { judge } from '#verdict/judge.ts';
import type { JudgeInput } from '#verdict/rule.ts';
import { planUpTo } from '#verdict/so-far.ts';
import type { Context } from './context.ts';

interface Reckoned {
  readonly plan: Plan;
  readonly verdict: Verdict;
  readonly evidence: EvidenceSummary;
  readonly capacity: CapacityResult | undefined;
}

/** All evidence of a run, and what it says of the plan as operators have steered it. */
export const reckonVerdict = async (context: Context, request: JudgeRequest): Promise<Reckoned> =>
  reckonFrom(await context.readPlan(request), context.store.reader().records(request.runKey), request);

/** The same of a plan and records wherever they are from: nothing else, and nothing of this machine, comes into a verdict (R6.5). */
export async function reckonFrom(
  planned: Plan,
  records: AsyncIterable<EvidenceRecord>,
  request: JudgeRequest,
): Promise<Reckoned> {
  const steered = planAsSteered(planned, request.stages);
  const { loadStartsAt, loadEndsAt, verification, capacity, aborted, endedEarly } = request;
  const plan = endedEarly === undefined ? steered : planUpTo(steered, (loadEndsAt ?? 0) - (loadStartsAt ?? 0));
  const evidence = await foldEvidence({
    records,
    plan,
    ...(loadStartsAt === undefined ? {} : { loadStartsAt }),
    ...(loadEndsAt === undefined ? {} : { loadEndsAt }),
    ...(capacity === undefined ? {} : { probes: capacity.probes }),
  });
  const input: JudgeInput = {
    plan,
    evidence,
    operations: operationsOfLoad(plan.load),
    steps: request.steps,
    seeded: request.seeded,
    ...(verification === undefined ? {} : { verification }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(aborted === undefined ? {} : { aborted }),
    ...(endedEarly === undefined ? {} : { endedEarly }),
  };
  return { plan, verdict: judge(input), evidence, capacity: reckonCapacity(input) };
}
