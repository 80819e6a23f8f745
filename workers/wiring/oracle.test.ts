import { CancelledFailure } from '@temporalio/activity';
import { expect, it } from 'vitest';
import type { Context } from './context.ts';
import type { StoredObject, StoredObjects } from '#loadtest/stored-objects.ts';
import { readBackAfter, rowsOfKnown } from './oracle.ts';

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

const row = (objectId: number, name: string): StoredObject => ({
  ...{ objectId, name, ownerId: 1, description: '', teamId: null },
});

async function seen(names: readonly string[], writers: readonly string[]): Promise<string[]> {
  const rows = names.map((name, index) => row(index + 1, name));
  const stored: StoredObjects = {
    async *pages() {
      yield await Promise.resolve(rows);
    },
    among: () => Promise.resolve(rows),
  };
  const known = rowsOfKnown(stored, 'soak-tag-', () => Promise.resolve(new Set(writers)));
  const found: string[] = [];
  for await (const page of known.pages('soak-tag-')) found.push(...page.map(({ name }) => name));
  return found;
}

it('rows of engines of another host are left to when their journals are here', async () => {
  const names = ['soak-tag-0-1-5-1-1', 'soak-tag-1-200001-9-1-1', 'soak-tag-0-100002-5-1-1'];
  expect(await seen(names, ['engine-0.1', 'engine-0.100002'])).toEqual([names[0], names[2]]);
  expect(await seen(names, ['engine-0.1', 'engine-0.100002', 'engine-1.200001'])).toEqual(names);
});

it('a row of this host whose journal is gone is looked at all the same, and so is one of no engine', async () => {
  const names = ['soak-tag-0-1-5-1-1', 'soak-tag-odd'];
  expect(await seen(names, [])).toEqual(names);
});
