import type { Judge } from '#activities/judge.ts';
import type { Planner } from '#activities/plan.ts';
import type { PlannedWave } from '#model/activities.ts';
import { parseInput } from '#model/parse-input.ts';
import { Checkpoint } from '#model/checkpoint.ts';
import type { PlanSummary } from '#model/plan.ts';
import type { RunResult } from '#model/progress.ts';
import { Verdict } from '#model/verdict.ts';
import type { Environment } from './environment.ts';
import { reckon } from './reckoning-child.ts';

export function createPlanner(environment: Environment): Planner {
  return {
    async plan(request) {
      const parsed = parseInput(request.workflow, request.input);
      if (!parsed.ok) return { problems: parsed.problems };
      const planned = await reckon<PlanSummary | { problems: string[] }>(environment, { task: 'plan', request });
      return 'problems' in planned ? planned : { summary: planned };
    },
    async waves(request) {
      const parsed = parseInput('AllWaves', request.input);
      if (!parsed.ok) return { problems: parsed.problems };
      return reckon<{ waves: PlannedWave[] } | { problems: string[] }>(environment, { task: 'waves', request });
    },
  };
}

export function createJudge(environment: Environment): Judge {
  return {
    async judge(request, signal) {
      return Verdict.parse(await reckon(environment, { task: 'judge', request, signal }));
    },
    async checkpoint(request, signal) {
      return Checkpoint.parse(await reckon(environment, { task: 'checkpoint', request, signal }));
    },
    report: (request, signal) => reckon<RunResult>(environment, { task: 'report', request, signal }),
    compare: (request) => reckon<RunResult>(environment, { task: 'compare', request }),
  };
}
