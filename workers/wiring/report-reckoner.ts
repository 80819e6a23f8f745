import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { writeAtomic } from '#compose/atomic-file.ts';
import type { BinaryName } from '#compose/binaries.ts';
import { versionsOf } from '#compose/doctor.ts';
import type { JudgeRequest, WaveOutcome } from '#model/activities.ts';
import type { Plan } from '#model/plan.ts';
import type { RunResult } from '#model/progress.ts';
import { worstOutcome } from '#model/verdict.ts';
import { compareWaves, renderComparison } from '#reports/comparison.ts';
import { renderReport } from '#reports/report.ts';
import type { ReportInput } from '#reports/report-input.ts';
import { renderResult, RunResultFile } from '#reports/result.ts';
import type { Context } from './context.ts';
import type { Environment } from './environment.ts';
import { keepVerdict, versionOf } from './kept-verdict.ts';
import { measureFootprint } from './run-footprint.ts';
import { reckonVerdict } from './verdict-reckoner.ts';

export interface CompareRequest {
  readonly runKey: string;
  readonly workflowId: string;
  readonly results: WaveOutcome[];
}

const reasonsMax = 10;
const reasonCharactersMax = 250;

/** Judges again from the same evidence, so that a report never shows another verdict than its own evidence gives (R6.5). */
export async function reckonReport(context: Context, request: JudgeRequest): Promise<RunResult> {
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
    meta: await readMeta(context, request, plan),
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
  // Of the request that this report shows: one more step than the judge knew of has ended by now.
  await keepVerdict(context, request, verdict);
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

/** What the run stood on; asking what it did not use would cost it seconds of a core. */
const programsOf = ({ externalTemporal }: Environment, { load: { driver } }: Plan): BinaryName[] => [
  ...(['postgres', 'redis-server', 'nginx', 'prometheus'] as const),
  ...(externalTemporal ? [] : (['temporal'] as const)),
  ...(driver === undefined || driver.kind === 'scenario' ? [] : [driver.kind]),
];

async function readMeta(context: Context, request: JudgeRequest, plan: Plan): Promise<ReportInput['meta']> {
  const { environment } = context;
  const versions = await versionsOf(programsOf(environment, plan), environment);
  return {
    runKey: request.runKey,
    workflowId: request.workflowId,
    startedAt: request.steps[0]?.startedAt ?? Date.now(),
    endedAt: Date.now(),
    input: (readJson(join(context.runPlaces(request).folder, 'input.json')) ?? {}) as Record<string, unknown>,
    versions: { soakwave: versionOf(environment.home), ...versions },
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

export function reckonComparison(context: Context, { runKey, results }: CompareRequest): RunResult {
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
