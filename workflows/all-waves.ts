import {
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { WaveOutcome } from '#model/activities.ts';
import type { RunResult } from '#model/progress.ts';
import { compareWaves, planWaves } from './activity-proxies.ts';
import { asRunFailure, describeFailure } from './run.ts';
import { createRunView } from './run-view.ts';
import { SoakWave } from './soak-wave.ts';

/**
 * The waves in order with rising load, then one comparison (R1.3). Each wave is a `SoakWave` child with a page of its
 * own; a wave that fails does not stop the next. Waves that an earlier cycle has done are taken over and not run.
 * Cancelling cancels the wave that runs and waits for its clean-up; terminating asks the wave to cancel.
 */
export async function AllWaves(input: unknown): Promise<RunResult> {
  const { workflowId, firstExecutionRunId: runKey } = workflowInfo();
  const planned = await planWaves({ runKey, workflowId, input }).catch((error: unknown) => {
    throw asRunFailure(error);
  });
  const view = createRunView(runKey, []);
  view.update({ wave: planned.waves.map(({ wave }) => wave).join(' → ') });
  const results: WaveOutcome[] = [];
  for (const { wave, input: waveInput, takenOver } of planned.waves) {
    const step = view.begin('load');
    const result = takenOver ?? (await runWave(`${workflowId}/${wave}`, wave, waveInput));
    results.push(result);
    if (takenOver === undefined) {
      view.end(step, result.outcome === 'pass' ? 'done' : 'failed', `${wave}: ${result.outcome}`);
    } else {
      view.end(step, 'skipped', `${wave}: ${result.outcome}, taken over from run ${result.runId}`);
    }
  }
  const step = view.begin('report');
  const compared = await compareWaves({ runKey, workflowId, results });
  view.end(step, 'done', compared.report);
  view.update({ phase: 'done', outcome: compared.outcome });
  return compared;
}

async function runWave(workflowId: string, wave: string, input: Record<string, unknown>): Promise<WaveOutcome> {
  try {
    const result = await executeChild(SoakWave, {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      staticSummary: `wave ${wave}`,
    });
    return { wave, runId: result.runId, outcome: result.outcome, reasons: result.reasons, result: result.result };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
    return { wave, runId: '', outcome: 'inconclusive', reasons: [describeFailure(cause)], result: '' };
  }
}
