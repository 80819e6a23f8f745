import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, ServiceError, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { FailedRun, RunHandle } from '#cli/service.ts';
import { messages } from '#model/messages.ts';
import { LoadTotals, Progress, RunResult, sumLoadTotals } from '#model/progress.ts';
import type { Connect } from './run-listing.ts';
import type { TemporalClient } from './temporal.ts';

const queryWithinMs = 3_000;
const askAgainMs = 1_000;

/** Undefined when the workflow does not answer (yet). */
export async function readProgress(connect: Connect, workflowId: string): Promise<Progress | undefined> {
  const { client } = await connect();
  const handle = client.workflow.getHandle(workflowId);
  const asked = handle.query<unknown>(messages.progress).then(
    (answer) => Progress.safeParse(answer),
    () => undefined,
  );
  const parsed = await Promise.race([asked, sleep(queryWithinMs)]);
  if (parsed?.success !== true) return undefined;
  return { ...parsed.data, ...(await freshest(connect, workflowId)) };
}

/** Waits for the end of the chain; a Temporal service that is away for a while is asked again until it is back. */
export async function awaitResult(
  connect: Connect,
  { workflowId, runKey }: RunHandle,
  signal: AbortSignal,
): Promise<RunResult | FailedRun> {
  for (;;) {
    try {
      const { client } = await connect();
      const handle = client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: runKey });
      return RunResult.parse(await client.connection.withAbortSignal(signal, () => handle.result()));
    } catch (error) {
      if (error instanceof WorkflowFailedError) return failedRun(error);
      if (error instanceof WorkflowNotFoundError) return unknownRun(workflowId, await connect());
      const isAway = error instanceof ServiceError || isGrpcServiceError(error) || nameOf(error) === 'NotUp';
      if (signal.aborted || !isAway) throw error;
      await sleep(askAgainMs, undefined, { signal });
    }
  }
}

function failedRun(error: WorkflowFailedError): FailedRun {
  const cause = error.cause as (Error & { type?: string | null }) | undefined;
  return { failed: cause?.message ?? error.message, type: cause?.type ?? cause?.name ?? 'StepFailed' };
}

/** Recorded here, but of another namespace, or older than the namespace keeps runs: asking again would not help. */
const unknownRun = (workflowId: string, { namespace, address }: TemporalClient): FailedRun => ({
  failed: `namespace ${namespace} at ${address} does not know ${workflowId}; TEMPORAL_NAMESPACE or TEMPORAL_PROFILE asks another one`,
  type: 'UnknownRun',
});

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Heartbeats of the running activities are two seconds old; what the workflow itself knows is as old as its last window. */
async function freshest(connect: Connect, workflowId: string): Promise<Partial<Progress>> {
  const { client } = await connect();
  const described = await client.workflow.getHandle(workflowId).describe();
  const fresh: Partial<Progress> = {};
  const shards: LoadTotals[] = [];
  for (const { activityType, heartbeatDetails, attempt, lastFailure } of described.raw.pendingActivities ?? []) {
    if (lastFailure?.message && (attempt ?? 1) > 2) {
      fresh.retrying = `${activityType?.name ?? 'a step'}, attempt ${attempt ?? 1}: ${lastFailure.message.slice(0, 200)}`;
    }
    const payload = heartbeatDetails?.payloads?.[0];
    if (!payload) continue;
    const details: unknown = defaultPayloadConverter.fromPayload(payload);
    if (activityType?.name === 'holdLoad') {
      const totals = LoadTotals.safeParse(details);
      if (totals.success) shards.push(totals.data);
    }
    const rss = (details as { gatewaysRssBytes?: unknown } | null)?.gatewaysRssBytes;
    if (activityType?.name === 'holdWatch' && typeof rss === 'number') fresh.gatewaysRssBytes = rss;
  }
  return shards.length === 0 ? fresh : { ...fresh, load: sumLoadTotals(shards) };
}
