import type { JudgeRequest } from '#model/activities.ts';
import type { CapacityResult } from '#model/capacity-answer.ts';
import { operationsOfLoad } from '#model/driver-promises.ts';
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

/** All evidence of a run, and what it says of the plan as operators have steered it. */
export async function reckonVerdict(
  context: Context,
  request: JudgeRequest,
): Promise<{ plan: Plan; verdict: Verdict; evidence: EvidenceSummary; capacity: CapacityResult | undefined }> {
  const steered = planAsSteered(await context.readPlan(request), request.stages);
  const { loadStartsAt, loadEndsAt, verification, capacity, aborted, endedEarly } = request;
  const plan = endedEarly === undefined ? steered : planUpTo(steered, (loadEndsAt ?? 0) - (loadStartsAt ?? 0));
  const evidence = await foldEvidence({
    records: context.store.reader().records(request.runKey),
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
