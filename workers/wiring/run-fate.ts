import type { TemporalClient } from './temporal.ts';

/**
 * `over`: closed, or unknown to Temporal. `unknown`: Temporal cannot say, or nobody knows which workflow it was: then nothing
 * of the run is touched.
 */
export type Fate = 'active' | 'over' | 'unknown';

/** Whether a run goes on: Temporal alone knows. */
export async function fateOf(
  connect: () => Promise<TemporalClient>,
  { workflowId, runKey }: { workflowId: string; runKey: string },
): Promise<Fate> {
  try {
    const { client } = await connect();
    // The newest execution of the workflow id: it is the run's chain as long as its first run id is the run's key.
    const described = await client.workflow.getHandle(workflowId).describe();
    const firstRunId = described.raw.workflowExecutionInfo?.firstRunId;
    const isAnother = firstRunId !== undefined && firstRunId !== '' && firstRunId !== runKey;
    return described.status.name === 'RUNNING' && !isAnother ? 'active' : 'over';
  } catch (error) {
    return error instanceof Error && error.name === 'WorkflowNotFoundError' ? 'over' : 'unknown';
  }
}
