import { ApplicationFailure } from '@temporalio/activity';
import type { PlanActivities } from '#model/activities.ts';
import type { PlanSummary, WorkflowName } from '#model/plan.ts';
import type { WaveName } from '#model/wave.ts';
import { beating } from './heartbeat.ts';

export interface Planner {
  /** Parses, plans, stores in the run's folder and in the evidence store. Safe to run twice: the first plan stands. */
  plan(request: {
    runKey: string;
    workflowId: string;
    workflow: WorkflowName;
    input: unknown;
  }): Promise<{ summary: PlanSummary } | { problems: string[] }>;
  waves(input: unknown): { waves: { wave: WaveName; input: Record<string, unknown> }[] } | { problems: string[] };
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
    async planWaves({ input }) {
      const planned = await Promise.resolve(planner.waves(input));
      if ('problems' in planned) throw invalidInput(planned.problems);
      return planned;
    },
  };
}
