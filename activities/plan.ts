import { ApplicationFailure } from '@temporalio/activity';
import type { PlanActivities, PlannedWave } from '#model/activities.ts';
import type { PlanSummary, WorkflowName } from '#model/plan.ts';
import { beating } from './heartbeat.ts';

export interface Planner {
  /** Parses, plans, stores in the run's folder and in the evidence store. Safe to run twice: the first plan stands. */
  plan(request: {
    runKey: string;
    workflowId: string;
    workflow: WorkflowName;
    input: unknown;
  }): Promise<{ summary: PlanSummary } | { problems: string[] }>;
  /** Parses, and holds what is to be taken over from an earlier cycle against what would be planned now. */
  waves(request: {
    runKey: string;
    workflowId: string;
    input: unknown;
  }): Promise<{ waves: PlannedWave[] } | { problems: string[] }>;
}

const invalidInput = (problems: readonly string[]): ApplicationFailure =>
  ApplicationFailure.create({ type: 'InvalidInput', message: problems.join('\n'), nonRetryable: true });

export function createPlanActivities(planner: Planner): PlanActivities {
  return {
    async planRun(request) {
      const planned = await beating(() => planner.plan(request));
      if ('problems' in planned) throw invalidInput(planned.problems);
      return planned.summary;
    },
    async planWaves(request) {
      const planned = await beating(() => planner.waves(request));
      if ('problems' in planned) throw invalidInput(planned.problems);
      return planned;
    },
  };
}
