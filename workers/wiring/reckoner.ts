import { join } from 'node:path';
import { pino } from 'pino';
import { writeAtomic } from '#compose/atomic-file.ts';
import type { JudgeRequest } from '#model/activities.ts';
import type { Checkpoint } from '#model/checkpoint.ts';
import { driverFileOf } from '#model/load-driver.ts';
import { parseInput, type RunInput } from '#model/parse-input.ts';
import type { PlanSummary, WorkflowName } from '#model/plan.ts';
import { planRun, summarisePlan } from '#model/plan-run.ts';
import type { RunResult } from '#model/progress.ts';
import type { Verdict } from '#model/verdict.ts';
import { type Context, createContext } from './context.ts';
import type { Environment } from './environment.ts';
import { type CheckpointRequest, reckonCheckpoint } from './checkpoint-reckoner.ts';
import { type CycleRequest, planCycle } from './cycles.ts';
import { type DriverReading, readDriver } from './driver-file.ts';
import { keepVerdict } from './kept-verdict.ts';
import type { CompareRequest } from './report-reckoner.ts';
import { planHashOf, writePlanFile } from './run-plan.ts';
import { reckonVerdict } from './verdict-reckoner.ts';
import { measurePlanned } from './machine.ts';

interface PlanRequest {
  readonly runKey: string;
  readonly workflowId: string;
  readonly workflow: WorkflowName;
  readonly input: unknown;
}

export interface Reckoner {
  plan(request: PlanRequest): Promise<PlanSummary | { problems: string[] }>;
  waves(request: CycleRequest): ReturnType<typeof planCycle>;
  judge(request: JudgeRequest): Promise<Verdict>;
  checkpoint(request: CheckpointRequest): Promise<Checkpoint>;
  report(request: JudgeRequest): Promise<RunResult>;
  compare(request: CompareRequest): Promise<RunResult>;
}

const tasks = ['plan', 'waves', 'judge', 'checkpoint', 'report', 'compare'] as const satisfies (keyof Reckoner)[];
export const isTask = (text: unknown): text is keyof Reckoner => tasks.some((task) => task === text);

/** The reckonings: pure functions of the adapters, given their evidence here. */
export function createReckoner(environment: Environment): Reckoner {
  const context = createContext(environment, pino({ level: 'warn' }, pino.destination(2)));
  return {
    plan: (request) => reckonPlan(context, request),
    waves: (request) => planCycle(context, request),
    async judge(request) {
      const { verdict, evidence } = await reckonVerdict(context, request);
      const { folder } = context.runPlaces(request);
      writeAtomic(join(folder, 'evidence.json'), JSON.stringify(evidence));
      writeAtomic(join(folder, 'verdict.json'), JSON.stringify(verdict, null, 2));
      await keepVerdict(context, request, verdict);
      return verdict;
    },
    checkpoint: (request) => reckonCheckpoint(context, request),
    // What draws pages takes as long to load as everything else, and is loaded where a page is drawn only.
    report: async (request) => (await import('./report-reckoner.ts')).reckonReport(context, request),
    compare: async (request) => (await import('./report-reckoner.ts')).reckonComparison(context, request),
  };
}

/** The first plan of a run stands: a second delivery of the activity finds it and answers with it. */
async function reckonPlan(context: Context, request: PlanRequest): Promise<PlanSummary | { problems: string[] }> {
  const { runKey, workflowId, workflow, input } = request;
  const parsed = parseInput(workflow, input);
  if (!parsed.ok || workflow === 'AllWaves') throw new Error('planning was asked for an input that does not parse');
  await context.store.migrate();
  const places = context.runPlaces(request);
  const driven = await findDriver(context, runKey, parsed.value);
  if ('problems' in driven) return driven;
  const planned = planRun({ workflow, input: parsed.value, machine: measurePlanned(context.environment), ...driven });
  const { plan, planHash } = await context.store.saveRun({
    runKey,
    workflowId,
    plan: planned,
    planHash: planHashOf(planned),
    startedAt: Date.now(),
  });
  writePlanFile(places, plan);
  writeAtomic(join(places.folder, 'input.json'), JSON.stringify(input));
  return summarisePlan(plan, planHash);
}

/** A plan that stands was made of the file as it was then: what it has become, or where it went, is nothing to this run. */
async function findDriver(context: Context, runKey: string, input: RunInput): Promise<DriverReading> {
  if (driverFileOf(input) === undefined) return {};
  const standing = await context.store.readPlan(runKey);
  const driver = standing?.plan.load.driver;
  return driver === undefined ? readDriver(context.environment, input, context.places.run(runKey).folder) : { driver };
}
