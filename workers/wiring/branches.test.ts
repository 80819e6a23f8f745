import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/activity';
import type { NativeConnection } from '@temporalio/worker';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BranchLookup, createBranchInterceptor, createBranchLookup } from './branches.ts';
import { placesOf } from './places.ts';

const workflowExecution = { workflowId: 'soak/smoke/1', runId: 'execution-2' };
const request = { runKey: 'run-1', workflowId: workflowExecution.workflowId, planHash: 'abc' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-branches-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What comes of one activity: `done`, or the failure. */
async function carry(activityType: string, isBranch: boolean | undefined): Promise<unknown> {
  const lookUp: BranchLookup = () => Promise.resolve(isBranch);
  const places = placesOf({ stateFolder: folder, portOffset: 0 });
  const { execute } = createBranchInterceptor({ activityType, workflowExecution }, { lookUp, places });
  const next = () => Promise.resolve('done');
  return execute?.({ args: [request], headers: {} }, next).catch((error: unknown) => error);
}

describe('an execution that a reset made', () => {
  it.each(['planRun', 'preflight', 'provision', 'seedShards', 'placeShard', 'holdLoad', 'injectFault', 'verify'])(
    'is refused %s, with the way out, and not to be tried again',
    async (activity) => {
      const failure = await carry(activity, true);
      expect(failure).toBeInstanceOf(ApplicationFailure);
      expect(failure).toMatchObject({ type: 'BranchedRun', nonRetryable: true });
      expect((failure as Error).message).toMatch(/resolveStep .* start a new run/);
    },
  );

  it.each(['healFaults', 'stopLoad', 'holdWatch', 'stopWatching', 'collectSpools', 'judge', 'report', 'release'])(
    'may still %s, so that nothing of the run is left running',
    async (activity) => {
      expect(await carry(activity, true)).toBe('done');
    },
  );

  it('does not judge again what has its verdict', async () => {
    mkdirSync(join(folder, 'runs', 'run-1'), { recursive: true });
    writeFileSync(join(folder, 'runs', 'run-1', 'result.json'), '{}');
    expect(await carry('judge', true)).toMatchObject({ type: 'BranchedRun' });
    expect(await carry('report', true)).toMatchObject({ type: 'BranchedRun' });
    expect(await carry('release', true)).toBe('done');
    expect(await carry('report', false)).toBe('done');
  });
});

describe('any other execution', () => {
  it.each([
    ['was not made by a reset', false],
    ['cannot be asked about, because Temporal does not answer', undefined],
  ])('goes on when it %s', async (_, isBranch) => {
    expect(await carry('holdLoad', isBranch)).toBe('done');
  });
});

describe('the lookup', () => {
  const connectionOf = (describeWorkflowExecution: () => Promise<unknown>): NativeConnection =>
    ({
      withDeadline: (_: number, ask: () => Promise<unknown>) => ask(),
      workflowService: { describeWorkflowExecution },
    }) as unknown as NativeConnection;

  it('asks once an execution', async () => {
    const ask = vi.fn(() => Promise.resolve({ workflowExtendedInfo: { lastResetTime: { seconds: 1 } } }));
    const lookUp = createBranchLookup(connectionOf(ask), 'default');
    expect([await lookUp(workflowExecution), await lookUp(workflowExecution)]).toEqual([true, true]);
    await lookUp({ ...workflowExecution, runId: 'execution-3' });
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('asks again after it had no answer', async () => {
    const ask = vi.fn(() => Promise.resolve<unknown>({ workflowExtendedInfo: { lastResetTime: null } }));
    ask.mockRejectedValueOnce(new Error('no connection'));
    const lookUp = createBranchLookup(connectionOf(ask), 'default');
    expect([await lookUp(workflowExecution), await lookUp(workflowExecution)]).toEqual([undefined, false]);
  });
});
