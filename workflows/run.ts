import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { RunRef, Verification } from '#model/activities.ts';
import type { Phase, StepRecord } from '#model/progress.ts';
import type { CarriedRun } from '#model/run-state.ts';
import { showSchedule } from './load-schedule.ts';
import { createOperator, type Operator } from './operator.ts';
import { createRunView, type RunView } from './run-view.ts';

/** One run while it goes on. `state` is what continue-as-new carries; the rest is made anew by every execution. */
export interface Run {
  readonly ref: RunRef;
  readonly state: CarriedRun;
  readonly view: RunView;
  readonly operator: Operator;
  verification?: Verification;
}

export function createRun(ref: RunRef, state: CarriedRun): Run {
  const view = createRunView(ref.runKey, state.steps);
  state.steps = view.progress.steps;
  view.update({ wave: state.plan.wave, target: state.plan.target, faults: state.faults, checkpoint: state.checkpoint });
  if (state.operatorActions.length > 0) view.update({ operatorActions: state.operatorActions.slice(-5) });
  showSchedule({ state, view });
  return { ref, state, view, operator: createOperator({ state, view }) };
}

/** The innermost cause says what happened; the layers around it only say where. */
export function describeFailure(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause !== undefined) return describeFailure(error.cause);
  if (error instanceof TimeoutFailure) return `timed out (${error.timeoutType})`;
  if (error instanceof ApplicationFailure && typeof error.type === 'string') return `${error.type}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** Turns the failure of an activity into one of this workflow, with the same type, so that the run itself fails with it. */
export function asRunFailure(error: unknown): unknown {
  if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) {
    const { message, type } = error.cause;
    const failure = ApplicationFailure.create({
      message,
      type: type ?? 'StepFailed',
      nonRetryable: true,
      cause: error,
    });
    failure.stack = `${failure.type ?? 'failure'}: ${message}`;
    return failure;
  }
  return error;
}

/**
 * Carries one step. When its retries are used up the run is not dead but blocked: it says why and waits for
 * `resolveStep`, or ends at once under `onBlocked: "abort"`. Undefined: an operator skipped the step.
 */
export async function step<T>(
  run: Run,
  phase: Phase,
  { work, note }: { work: () => Promise<T>; note: (value: T) => string },
): Promise<T | undefined> {
  for (;;) {
    const record = run.view.begin(phase);
    try {
      const value = await work();
      run.view.end(record, 'done', note(value));
      return value;
    } catch (error) {
      if ((await park(run, record, error)) === 'skip') return undefined;
    }
  }
}

/** A step failed for good. Waits for what somebody chooses; `abort`, and a cancellation, throw. */
export async function park(run: Run, record: StepRecord, error: unknown): Promise<'retry' | 'skip'> {
  if (isCancellation(error)) {
    run.view.end(record, 'cancelled');
    throw error;
  }
  const reason = describeFailure(error);
  run.view.end(record, 'failed', reason);
  const choice = await chooseWhenBlocked(run, record.phase, reason);
  if (choice === 'abort') throw ApplicationFailure.nonRetryable(`${record.phase}: ${reason}`, 'StepFailed');
  return choice;
}

async function chooseWhenBlocked(run: Run, phase: Phase, reason: string): Promise<'retry' | 'skip' | 'abort'> {
  if (run.state.plan.onBlocked === 'abort') return 'abort';
  // No retry and no skip leads anywhere in a branch that `workflow reset` made: it ends, and cleans up.
  if (reason.startsWith('BranchedRun:')) return 'abort';
  run.view.update({ blocked: `${phase}: ${reason}` });
  try {
    return await run.operator.resolution();
  } finally {
    run.view.update({ blocked: undefined });
  }
}

/** A step of the clean-up: whatever happens in it is noted, and the next one follows. */
export async function cleanUpStep<T>(
  run: Run,
  phase: Phase,
  { work, note }: { work: () => Promise<T>; note: (value: T) => string },
): Promise<T | undefined> {
  const record = run.view.begin(phase);
  try {
    const value = await work();
    run.view.end(record, 'done', note(value));
    return value;
  } catch (error) {
    run.view.end(record, 'failed', describeFailure(error));
    return undefined;
  }
}
