import type { Judge } from '#activities/judge.ts';
import type { Planner } from '#activities/plan.ts';
import { listWaveInputs, parseInput } from '#model/parse-input.ts';
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
      return { summary: await reckon<PlanSummary>(environment, { task: 'plan', request }) };
    },
    waves(input) {
      const parsed = parseInput('AllWaves', input);
      return parsed.ok ? { waves: listWaveInputs(input as object) } : { problems: parsed.problems };
    },
  };
}

export function createJudge(environment: Environment): Judge {
  return {
    async judge(request, signal) {
      return Verdict.parse(await reckon(environment, { task: 'judge', request, signal }));
    },
    report: (request, signal) => reckon<RunResult>(environment, { task: 'report', request, signal }),
    compare: (request) => reckon<RunResult>(environment, { task: 'compare', request }),
  };
}
