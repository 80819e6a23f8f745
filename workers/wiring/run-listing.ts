import { type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { RunHandle, RunListing } from '#cli/service.ts';
import type { RunSummary } from '#evidence/run.ts';
import type { Phase } from '#model/progress.ts';
import type { Outcome } from '#model/verdict.ts';
import type { TemporalClient } from './temporal.ts';

export type Connect = () => Promise<TemporalClient>;

/** Lists do not say it: the key of a chain of executions is the run id of its first. Undefined when there is none. */
export async function describeRun(
  connect: Connect,
  run: { workflowId: string; runId?: string },
): Promise<RunHandle | undefined> {
  const listing = await describeListing(connect, run);
  return listing === undefined ? undefined : { workflowId: listing.workflowId, runKey: listing.runId };
}

/** One execution; without a run id the newest one of the workflow id. Undefined when there is none. */
export async function describeListing(
  connect: Connect,
  { workflowId, runId }: { workflowId: string; runId?: string },
): Promise<RunListing | undefined> {
  const { client } = await connect();
  try {
    const described = await client.workflow.getHandle(workflowId, runId).describe();
    const firstRunId = described.raw.workflowExecutionInfo?.firstRunId ?? '';
    return listingOf(described, firstRunId === '' ? described.runId : firstRunId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

const states: Readonly<Record<string, RunListing['state']>> = {
  RUNNING: 'running',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed-out',
  CONTINUED_AS_NEW: 'running',
};

type Listed = Pick<WorkflowExecutionInfo, 'workflowId' | 'type' | 'status' | 'startTime' | 'typedSearchAttributes'> & {
  readonly closeTime?: Date | undefined;
};

export function listingOf(execution: Listed, runId: string): RunListing {
  const attribute = (name: string): string | undefined =>
    execution.typedSearchAttributes.get(defineSearchAttributeKey(name, SearchAttributeType.KEYWORD));
  const wave = attribute('SoakWave');
  const phase = attribute('SoakPhase') as Phase | undefined;
  const outcome = attribute('SoakVerdict') as Outcome | undefined;
  return {
    runId,
    workflowId: execution.workflowId,
    workflow: execution.type,
    state: states[execution.status.name] ?? 'running',
    startedAt: execution.startTime.toISOString(),
    ...(wave === undefined ? {} : { wave }),
    ...(phase === undefined ? {} : { phase }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(execution.closeTime === undefined ? {} : { endedAt: execution.closeTime.toISOString() }),
  };
}

/** A run that came here as an archive: Temporal does not know it. */
export const importedListing = (run: RunSummary & { readonly importedAt: number }): RunListing => ({
  ...{ runId: run.runKey, workflowId: run.workflowId, workflow: run.workflow, wave: run.wave },
  state: run.outcome === undefined ? 'failed' : 'completed',
  startedAt: new Date(run.startedAt).toISOString(),
  ...(run.endedAt === undefined ? {} : { endedAt: new Date(run.endedAt).toISOString() }),
  ...(run.outcome === undefined ? {} : { outcome: run.outcome }),
  importedAt: new Date(run.importedAt).toISOString(),
});
