import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  makeContinueAsNewFunc,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type { WorkflowName } from '#model/plan.ts';
import type { RunResult } from '#model/progress.ts';
import { CarriedInput, type CarriedRun } from '#model/run-state.ts';
import { locateHost, onHost, planRun } from './activity-proxies.ts';
import { keepAuditing } from './audit-loop.ts';
import { cleanUp } from './clean-up.ts';
import { beginLoad, holdWindows } from './load-phase.ts';
import { endSchedule } from './load-schedule.ts';
import { asRunFailure, createRun, describeFailure, type Run } from './run.ts';
import { drainAndVerify, prepareLoad, provision } from './run-steps.ts';
import { keepWatching } from './watch-loop.ts';

/**
 * Carries one run from input to verdict. The workflows are names for it: what differs between them is in the plan.
 *
 *   plan ─▶ preflight ─▶ provision ─▶ seed ─▶ warm cache ─▶ load ─▶ drain ─▶ verify ─┐
 *     │         │                                 ▲  │ continue as new               │ always, not cancellable
 *     ▼         ▼                                 └──┘                               ▼
 *   InvalidInput · PreflightFailed · StackBusy             heal ─▶ collect ─▶ judge ─▶ report ─▶ release
 */
export async function carryRun(workflow: WorkflowName, input: unknown): Promise<RunResult> {
  const carried = CarriedInput.safeParse(input);
  const run = carried.success ? resumeRun(carried.data.carried) : await beginRun(workflow, input);
  const end = await runToEnd(run, carried.success);
  if (end.kind === 'continue') {
    // Outside every try/finally: a seam is not an end, and clean-up never runs at one. Nothing is awaited since the run
    // last looked at what its operator wants, so no update is lost at the seam.
    return makeContinueAsNewFunc<(next: { carried: CarriedRun }) => Promise<RunResult>>()({ carried: run.state });
  }
  return end.result;
}

/** Plans, finds the host and takes the stack. What fails here fails the workflow: nothing was started, nothing is cleaned up. */
async function beginRun(workflow: WorkflowName, input: unknown): Promise<Run> {
  const { workflowId, firstExecutionRunId: runKey } = workflowInfo();
  try {
    const startedAt = Date.now();
    const plan = await planRun({ runKey, workflowId, workflow, input });
    const { host } = await locateHost();
    const run = createRun({ runKey, workflowId, planHash: plan.planHash }, freshState(host, plan));
    keepAuditing(run.ref, run.state);
    run.view.progress.steps.push({ phase: 'plan', startedAt, endedAt: Date.now(), outcome: 'done' });
    const record = run.view.begin('preflight');
    const { note } = await onHost(host).preflight(run.ref);
    run.view.end(record, 'done', note);
    return run;
  } catch (error) {
    throw asRunFailure(error);
  }
}

const freshState = (host: string, plan: CarriedRun['plan']): CarriedRun => ({
  schemaVersion: 1,
  plan,
  host,
  steps: [],
  seeded: [],
  startsAt: 0,
  endsAt: 0,
  nextWindow: 0,
  stages: plan.stages,
  revision: 0,
  steeredRevision: 0,
  heldUntil: 0,
  shardHosts: [],
  faults: [],
  askedFaults: [],
  operatorActions: [],
  unaudited: [],
  handledUpdates: [],
});

function resumeRun(state: CarriedRun): Run {
  const { workflowId, firstExecutionRunId: runKey } = workflowInfo();
  const run = createRun({ runKey, workflowId, planHash: state.plan.planHash }, state);
  keepAuditing(run.ref, state);
  run.view.update({ phase: 'load' });
  return run;
}

type End = { kind: 'continue' } | { kind: 'done'; result: RunResult };

async function runToEnd(run: Run, resumed: boolean): Promise<End> {
  const scope = new CancellationScope();
  void condition(() => run.operator.abortReason() !== undefined).then(
    () => {
      scope.cancel();
    },
    () => undefined, // the workflow itself was cancelled, which ends the scope as well
  );
  let aborted: string | undefined;
  let cancelled: unknown;
  try {
    const end = await scope.run(() => carrySteps(run, resumed));
    if (end === 'continue' && run.operator.abortReason() === undefined) return { kind: 'continue' };
    if (end === 'continue') throw ApplicationFailure.nonRetryable('aborted between two windows', 'StepFailed');
  } catch (error) {
    const reason = run.operator.abortReason();
    endRunningStep(run, error);
    endSchedule(run);
    if (reason !== undefined) aborted = `aborted by an operator: ${reason}`;
    else if (isCancellation(error)) aborted = 'the workflow was cancelled';
    else aborted = describeFailure(error);
    if (reason === undefined && isCancellation(error)) cancelled = error;
    // Anything else is a bug of ours: it must fail the task and wait for a mended deploy, not end the run.
    else if (!(error instanceof TemporalFailure)) throw error;
  }
  const result = await CancellationScope.nonCancellable(() => cleanUp(run, aborted));
  if (cancelled !== undefined) throw cancelled as Error; // judged and reported, but Temporal shall show it as cancelled
  return { kind: 'done', result };
}

/** A step that was cut off by what ended the run; steps with an outcome of their own have ended already. */
function endRunningStep(run: Run, error: unknown): void {
  const cutOff = run.view.progress.steps.findLast(({ outcome }) => outcome === 'running');
  if (cutOff === undefined) return;
  if (isCancellation(error)) run.view.end(cutOff, 'cancelled');
  else run.view.end(cutOff, 'failed', describeFailure(error));
}

const heldNote = ({ state: { nextWindow, endedEarly } }: Run): string =>
  `${nextWindow} windows held${endedEarly === undefined ? '' : `, then ended early: ${endedEarly.why}`}`;

async function carrySteps(run: Run, resumed: boolean): Promise<'ended' | 'continue'> {
  if (!resumed) await provision(run);
  const watch = keepWatching(run);
  try {
    if (!resumed) await prepareLoad(run);
    const begun = resumed ? 'begun' : await beginLoad(run);
    const held = begun === 'begun' ? await holdWindows(run) : begun;
    if (held === 'continue') return 'continue';
    const record = run.view.progress.steps.findLast(({ phase }) => phase === 'load');
    if (held === 'ended' && record !== undefined) run.view.end(record, 'done', heldNote(run));
    await drainAndVerify(run);
    return 'ended';
  } finally {
    await CancellationScope.nonCancellable(() => watch.stop());
  }
}
