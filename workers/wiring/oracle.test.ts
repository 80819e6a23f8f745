import { CancelledFailure } from '@temporalio/activity';
import { expect, it } from 'vitest';
import type { Context } from './context.ts';
import { readBackAfter } from './oracle.ts';

function readBack(why: string): Promise<void> {
  const ending = new AbortController();
  const context = {
    readPlan() {
      ending.abort(new CancelledFailure(why));
      return Promise.reject(new Error('the plan cannot be read'));
    },
    log: { warn: () => undefined },
  } as unknown as Context;
  const sink = { append: () => undefined, close: () => Promise.resolve() };
  return readBackAfter(
    context,
    { runKey: 'r', workflowId: 'w', planHash: 'h' },
    { fault: 'f', sink, signal: ending.signal },
  );
}

it('a read-back that a worker leaves undone is not over: the next worker does it', async () => {
  await expect(readBack('WORKER_SHUTDOWN')).rejects.toThrow('WORKER_SHUTDOWN');
});

it('a read-back that nobody wants any more is over', async () => {
  await expect(readBack('CANCELLED')).resolves.toBeUndefined();
});
