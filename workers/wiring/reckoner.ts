import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { writeAtomic } from '#compose/atomic-file.ts';
import { examine } from '#compose/doctor.ts';
import type { JudgeRequest, WaveOutcome } from '#model/activities.ts';
import type { CapacityResult } from '#model/capacity-answer.ts';
import type { Checkpoint } from '#model/checkpoint.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { operationsOfLoad } from '#model/driver-promises.ts';
import { driverFileOf } from '#model/load-driver.ts';
import { parseInput, type RunInput } from '#model/parse-input.ts';
import type { Plan, PlanSummary, WorkflowName } from '#model/plan.ts';
import { planRun, summarisePlan } from '#model/plan-run.ts';
import type { RunResult } from '#model/progress.ts';
import { planAsSteered } from '#model/schedule.ts';
import type { Verdict } from '#model/verdict.ts';
import { worstOutcome } from '#model/verdict.ts';
import { compareWaves, renderComparison } from '#reports/comparison.ts';
import { renderReport } from '#reports/report.ts';
import type { ReportInput } from '#reports/report-input.ts';
import { renderResult, RunResultFile } from '#reports/result.ts';
import { reckonCapacity } from '#verdict/capacity.ts';
import { foldEvidence } from '#verdict/fold.ts';
import { judge } from '#verdict/judge.ts';
import type { JudgeInput } from '#verdict/rule.ts';
import { type Context, createContext } from './context.ts';
import type { Environment } from './environment.ts';
import { type CheckpointRequest, reckonCheckpoint } from './checkpoint-reckoner.ts';
import { type CycleRequest, planCycle } from './cycles.ts';
import { type DriverReading, readDriver } from './driver-file.ts';
import { measureFootprint } from './run-footprint.ts';
import { planHashOf, writePlanFile } from './run-plan.ts';
import { measurePlanned } from './machine.ts';

interface PlanRequest {
  readonly runKey: string;
  readonly workflowId: string;
  readonly workflow: WorkflowName;
  readonly input: unknown;
}

interface CompareRequest {
  readonly runKey: string;
  readonly workflowId: string;
  readonly results: WaveOutcome[];
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

const reasonsMax = 10;
const reasonCharactersMax = 250;

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
      return verdict;
    },
    checkpoint: (request) => reckonCheckpoint(context, request),
    report: (request) => reckonReport(context, request),
    compare: (request) => Promise.resolve(reckonComparison(context, request)),
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

async function reckonVerdict(
  context: Context,
  request: JudgeRequest,
): Promise<{ plan: Plan; verdict: Verdict; evidence: EvidenceSummary; capacity: CapacityResult | undefined }> {
  const plan = planAsSteered(await context.readPlan(request), request.stages);
  const { loadStartsAt, loadEndsAt, verification, capacity, aborted } = request;
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
  };
  return { plan, verdict: judge(input), evidence, capacity: reckonCapacity(input) };
}

/** Judges again from the same evidence, so that a report never shows another verdict than its own evidence gives (R6.5). */
async function reckonReport(context: Context, request: JudgeRequest): Promise<RunResult> {
  const { plan, verdict, evidence, capacity } = await reckonVerdict(context, request);
  const { folder } = context.runPlaces(request);
  const input: ReportInput = {
    plan,
    verdict,
    evidence,
    steps: request.steps,
    seeded: request.seeded,
    ...(request.verification === undefined ? {} : { verification: request.verification }),
    ...(request.warmUp === undefined ? {} : { warmUp: request.warmUp }),
    ...(request.operatorActions === undefined ? {} : { operatorActions: request.operatorActions }),
    ...(capacity === undefined ? {} : { capacity }),
    footprint: await measureFootprint(context, request),
    meta: await readMeta(context, request),
    ...(plan.windowsPerCheckpoint === undefined
      ? {}
      : { checkpoints: await context.store.readCheckpoints(request.runKey) }),
  };
  const files = { report: join(folder, 'report.html'), result: join(folder, 'result.json') };
  const result = renderResult(input, files);
  writeAtomic(files.report, renderReport(input));
  writeAtomic(files.result, `${JSON.stringify(result, null, 2)}\n`);
  linkLatest(context, request.runKey);
  const { runKey } = request;
  await context.store.finishRun({ runKey, endedAt: input.meta.endedAt, outcome: verdict.outcome, result });
  return small(result);
}

/** What a workflow may carry: few reasons, short ones. */
const small = ({ runId, outcome, reasons, report, result }: RunResult): RunResult => ({
  runId,
  outcome,
  reasons: reasons.slice(0, reasonsMax).map((reason) => reason.slice(0, reasonCharactersMax)),
  report,
  result,
});

async function readMeta(context: Context, request: JudgeRequest): Promise<ReportInput['meta']> {
  const { environment } = context;
  const { searchPath, cacheFolder, stateFolder } = environment;
  const { prerequisites } = await examine({
    searchPath,
    cacheFolder,
    stateFolder,
    withTemporal: !environment.externalTemporal,
  });
  const manifest = readJson(join(environment.home, 'package.json')) as { version: string };
  const versions = prerequisites.flatMap(({ name, version }) =>
    version === undefined ? [] : [[name, version] as const],
  );
  return {
    runKey: request.runKey,
    workflowId: request.workflowId,
    startedAt: request.steps[0]?.startedAt ?? Date.now(),
    endedAt: Date.now(),
    input: (readJson(join(context.runPlaces(request).folder, 'input.json')) ?? {}) as Record<string, unknown>,
    versions: { soakwave: manifest.version, ...Object.fromEntries(versions) },
    host: {
      name: environment.host,
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
    },
  };
}

/** `runs/latest` always names a whole run: the link is made aside and moved into its place. */
function linkLatest(context: Context, runKey: string): void {
  const aside = join(context.places.runs, `.latest-${process.pid}`);
  rmSync(aside, { force: true });
  symlinkSync(runKey, aside);
  renameSync(aside, join(context.places.runs, 'latest'));
}

function reckonComparison(context: Context, { runKey, results }: CompareRequest): RunResult {
  const { folder } = context.places.run(runKey);
  mkdirSync(folder, { recursive: true });
  const files = { report: join(folder, 'report.html'), result: join(folder, 'result.json') };
  const ended = results.flatMap(({ result }) => readResult(result) ?? []);
  const known = {
    takenOver: results.filter(({ isTakenOver }) => isTakenOver === true).map(({ runId }) => runId),
    withoutVerdict: results.filter(({ result }) => readResult(result) === undefined),
  };
  writeAtomic(files.report, renderComparison(ended, known));
  writeAtomic(files.result, `${JSON.stringify(compareWaves(ended, known), null, 2)}\n`);
  linkLatest(context, runKey);
  const reasons = results.flatMap((wave) => wave.reasons.map((reason) => `${wave.wave}: ${reason}`));
  return small({ runId: runKey, outcome: worstOutcome(results.map(({ outcome }) => outcome)), reasons, ...files });
}

function readResult(path: string): RunResultFile | undefined {
  const parsed = RunResultFile.safeParse(path === '' ? undefined : readJson(path));
  return parsed.success ? parsed.data : undefined;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
