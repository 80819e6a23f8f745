import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { OperatorAnswer, OperatorOrder, RunListing } from '#cli/service.ts';
import { messages } from '#model/messages.ts';
import { type Connect, describeListing } from './run-listing.ts';

/** A worker answers within a second or is away. Longer than a restart of one, shorter than a terminal is looked at. */
const answerWithinMs = 30_000;

/** Sends one operator's update to a run that is known to exist; never waits for longer than half a minute. */
export async function tellRun(
  connect: Connect,
  run: RunListing,
  { action, request, updateId = randomUUID() }: Omit<OperatorOrder, 'run'>,
): Promise<OperatorAnswer> {
  if (run.state !== 'running') return { kind: 'over', run };
  const { client } = await connect();
  // By its first execution: of two runs under one workflow id, only the one that was meant may be told.
  const handle = client.workflow.getHandle(run.workflowId, undefined, { firstExecutionRunId: run.runId });
  const args: [object] = [{ ...request, who: operatorName() }];
  let isStored = false;
  try {
    const answer = await client.withDeadline(Date.now() + answerWithinMs, async () => {
      const update = await handle.startUpdate<unknown, [object]>(messages[action], {
        args,
        updateId,
        waitForStage: 'ACCEPTED',
      });
      isStored = true;
      return update.result();
    });
    return { kind: 'accepted', run, answer: typeof answer === 'string' ? answer : 'done' };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      return { kind: 'rejected', run, problem: describeRejection(error, run, action) };
    }
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
      return { kind: 'unanswered', run, updateId, isStored };
    }
    if (isTaskFailing(error)) return { kind: 'failing', run };
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const ended = await describeListing(connect, { workflowId: run.workflowId });
    return { kind: 'over', run: ended?.runId === run.runId ? ended : { ...run, state: 'completed' } };
  }
}

/** While a workflow's task fails again and again, the server takes no update for it (`Workflow Task in failed state`). */
function isTaskFailing(error: unknown): boolean {
  const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  const failedPrecondition = 9;
  return isGrpcServiceError(cause) && (cause.code as number) === failedPrecondition;
}

/** Temporal's own words for a workflow that has no such update are of no use to an operator. */
function describeRejection(error: WorkflowUpdateFailedError, run: RunListing, action: string): string {
  const message = error.cause?.message ?? error.message;
  if (!message.startsWith('No registered handler')) return message;
  return run.workflow === 'AllWaves'
    ? `AllWaves takes no ${action}: tell the wave that runs, which soak list names`
    : `the run does not take ${action} yet, because it is still being planned: try again in a moment`;
}

/** Who asks, as the audit shows it: `ann@workstation`. An account without a name, as in a container, is its number. */
function operatorName(): string {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    user = `uid-${process.getuid?.() ?? 'unknown'}`;
  }
  return `${user}@${hostname()}`.slice(0, 200);
}
