import { ServiceError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { RunListing } from '#cli/service.ts';
import type { Connect } from './run-listing.ts';
import { tellRun } from './run-updates.ts';

const run = { workflowId: 'soak/smoke/1', runId: 'key-1', workflow: 'SoakWave', state: 'running' } as RunListing;

/** A service that answers every update so, as the client tells it. */
function refusing(code: number, details: string): Connect {
  const cause = Object.assign(new Error(details), { code, details, metadata: {} });
  const startUpdate = () => Promise.reject(new ServiceError('Workflow Update failed', { cause }));
  const client = {
    workflow: { getHandle: () => ({ startUpdate }) },
    withDeadline: (_at: number, work: () => Promise<unknown>) => work(),
  };
  return (() => Promise.resolve({ client })) as unknown as Connect;
}

const order = { action: 'resume', request: { why: 'it is mended' } } as const;

describe('an update that the service refuses', () => {
  it('while the task of the run fails, is an answer and no fault of ours', async () => {
    const told = await tellRun(refusing(9, 'Unable to perform workflow execution update due to Workflow Task in failed state.'), run, order); // prettier-ignore
    expect(told).toEqual({ kind: 'failing', run });
  });

  it('for any other reason is told as it is', async () => {
    await expect(tellRun(refusing(7, 'not allowed'), run, order)).rejects.toThrow('Workflow Update failed');
  });
});
