import type { RunResult } from '#model/progress.ts';
import { createDisplay, type Display } from './display.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { whenAborted } from './interruption.ts';
import { renderEnd, renderFailure } from './progress-text.ts';
import type { FailedRun, RunHandle, Service } from './service.ts';
import type { VerbContext } from './verb.ts';

const pollMs = 1_000;
/** A service that cannot be asked for so long is given up; the run itself may well go on. */
const outOfSightMsMax = 10 * 60_000;

/**
 * Follows a run to its end and answers with the exit status of its verdict. Ctrl-C detaches and the run goes on: exit 0 on a
 * terminal, where the sentence that says so is read, and 130 elsewhere. Outages of the service are waited out.
 */
export async function followRun(handle: RunHandle, context: VerbContext, asJson: boolean): Promise<number> {
  const display = createDisplay(context, asJson);
  const ended = awaitEnd(handle, context, display);
  const interrupted = whenAborted(context.interrupted);
  for (;;) {
    const winner = await Promise.race([ended, interrupted, context.sleep(pollMs)]);
    if (winner === 'interrupted') return detach(handle, context, display);
    await showProgress(handle, context.service, display);
    if (winner === undefined) continue;
    display.end();
    if (winner === 'out-of-sight') {
      context.err(
        `The run could not be asked for ${outOfSightMsMax / 60_000} minutes; it may go on: soak attach ${handle.workflowId}`,
      );
      return exitCodes.internal;
    }
    return finish(winner, handle, { context, asJson });
  }
}

async function awaitEnd(
  handle: RunHandle,
  { service, interrupted, now, sleep }: VerbContext,
  display: Display,
): Promise<RunResult | FailedRun | 'out-of-sight'> {
  let outOfSightSince: number | undefined;
  for (;;) {
    const askedAt = now();
    try {
      return await service.result(handle);
    } catch (error) {
      // A wait that held for a while and then broke had been in sight until now.
      if (outOfSightSince === undefined || now() - askedAt > 60_000) outOfSightSince = now();
      if (interrupted.aborted || now() - outOfSightSince > outOfSightMsMax) return 'out-of-sight';
      display.say(`cannot see the run, trying again: ${describe(error)}`);
      await sleep(5_000);
    }
  }
}

/** A query that fails leaves the last line standing; `awaitEnd` says what is wrong. */
async function showProgress({ workflowId }: RunHandle, service: Service, display: Display): Promise<void> {
  try {
    const progress = await service.progress(workflowId);
    if (progress !== undefined) display.show(progress);
  } catch {
    return;
  }
}

function detach({ workflowId }: RunHandle, { err, terminal }: VerbContext, display: Display): number {
  display.end();
  err(`Detached; the run goes on. See it again: soak attach ${workflowId}`);
  return terminal.isInteractive ? exitCodes.ok : exitCodes.interrupted;
}

function finish(
  end: RunResult | FailedRun,
  { runKey }: RunHandle,
  { context, asJson }: { context: VerbContext; asJson: boolean },
): number {
  if (!('failed' in end)) {
    context.out(asJson ? JSON.stringify(end) : renderEnd(end, context.terminal.colour));
    return exitCodeOf[end.outcome];
  }
  const reasons = [`${end.type}: ${end.failed}`];
  const none = { runId: runKey, outcome: 'inconclusive', reasons, report: '', result: '' } satisfies RunResult;
  if (asJson) context.out(JSON.stringify(none));
  else context.err(renderFailure(end, context.terminal.colour));
  return end.type === 'InvalidInput' || end.type === 'UnknownRun' ? exitCodes.usage : exitCodes.inconclusive;
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200);
