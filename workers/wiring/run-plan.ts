import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from '#compose/atomic-file.ts';
import type { RunRef } from '#model/activities.ts';
import { canonicalJson } from '#model/canonical-json.ts';
import { Plan } from '#model/plan.ts';
import type { RunPlaces } from './places.ts';

/** SHA-256 of the plan's canonical JSON: the workflow carries it, so that a changed plan cannot pass for the one agreed. */
export const planHashOf = (plan: Plan): string => createHash('sha256').update(canonicalJson(plan)).digest('hex');

export function writePlanFile(places: RunPlaces, plan: Plan): void {
  mkdirSync(places.folder, { recursive: true });
  writeAtomic(places.plan, `${JSON.stringify(plan, null, 2)}\n`);
}

function readPlanFile(places: RunPlaces): unknown {
  try {
    return JSON.parse(readFileSync(places.plan, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The run's plan: from the run's folder on this host, else from the evidence store. Throws `PlanMissing` when it is not the one agreed. */
export async function readPlan(
  run: RunRef,
  places: RunPlaces,
  fromStore: (runKey: string) => Promise<unknown>,
): Promise<Plan> {
  const local = Plan.safeParse(readPlanFile(places));
  if (local.success && planHashOf(local.data) === run.planHash) return local.data;
  const stored = Plan.safeParse(await fromStore(run.runKey));
  if (stored.success && planHashOf(stored.data) === run.planHash) {
    writePlanFile(places, stored.data);
    return stored.data;
  }
  const error = new Error(`the plan of run ${run.runKey} is gone or is not the one that the workflow carries`);
  error.name = 'PlanMissing';
  throw error;
}

/** The plan as a held process finds it: in the run's folder, above `held/<name>`. */
export function readPlanOfRun(heldFolder: string): Plan {
  return Plan.parse(JSON.parse(readFileSync(join(heldFolder, '..', '..', 'plan.json'), 'utf8')));
}
