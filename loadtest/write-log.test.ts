import { describe, expect, it } from 'vitest';
import type { Operation } from '#model/operation.ts';
import { createMemoryJournal } from '../test/memory-journal.ts';
import type { Exchange } from './connection.ts';
import { createWriteLog, type Effect, effectOf } from './write-log.ts';
import { possibleValues } from './written-objects.ts';

const create: Operation = { kind: 'create-tool', name: 'soak-1', description: 'first' };
const update: Operation = { kind: 'update-tool', toolId: 70, description: 'second' };
const share: Operation = { kind: 'share-tool', toolId: 70, teamId: 9 };
const remove: Operation = { kind: 'delete-tool', toolId: 70 };
const answered = (status: number): Exchange => ({
  ...{ outcome: 'answered', response: { status, headers: {}, body: '' }, bytesIn: 0, bytesOut: 0, durationUs: 1 },
});

describe('the effect of a write', () => {
  it.each([
    ['done', create, answered(201)],
    ['done', remove, answered(204)],
    ['refused', update, answered(403)],
    ['refused', update, answered(404)],
    ['refused', create, { outcome: 'connection', sent: false, code: 'ECONNREFUSED' }],
    ['refused', create, { outcome: 'abandoned', sent: false }],
    ['unknown', create, answered(502)],
    ['unknown', remove, answered(404)],
    ['unknown', update, { outcome: 'timeout', sent: true }],
    ['unknown', update, { outcome: 'connection', sent: true, code: 'ECONNRESET' }],
    ['unknown', create, { outcome: 'abandoned', sent: true }],
  ] as const)('is %s', (effect, operation, exchange) => {
    expect(effectOf(operation, exchange)).toBe(effect);
  });
});

/** What is known after these writes of one object, in this order. */
async function after(...writes: (readonly [Operation, Effect | 'never answered'])[]) {
  const { journal, written } = createMemoryJournal();
  const log = createWriteLog({ ownerId: 4, journal });
  for (const [operation, effect] of writes) {
    const write = await log.begin(operation);
    if (write === undefined || write === 'closed') throw new Error('a write is begun');
    if (effect !== 'never answered') write.ended(effect, operation.kind === 'create-tool' ? [70] : []);
  }
  const object = written.objects.get(70);
  return { written, possible: object && possibleValues(object) };
}

describe('the write log', () => {
  const first = { description: 'first', teamId: null };
  const second = { description: 'second', teamId: null };

  it('knows the last acknowledged state of an object', async () => {
    expect((await after([create, 'done'])).possible).toEqual([first]);
    expect((await after([create, 'done'], [update, 'done'])).possible).toEqual([second]);
    expect((await after([create, 'done'], [update, 'done'], [share, 'done'])).possible).toEqual([
      { ...second, teamId: 9 },
    ]);
    const { possible, written } = await after([create, 'done'], [remove, 'done']);
    expect(possible).toBeUndefined();
    expect(written.counts()).toMatchObject({ acknowledged: 2, deleted: 1 });
    expect(written.recentlyDeleted).toEqual([{ objectId: 70, ownerId: 4 }]);
  });

  it('leaves the state as it was when a write is refused', async () => {
    expect((await after([create, 'done'], [update, 'refused'], [remove, 'refused'])).possible).toEqual([first]);
    const { written } = await after([create, 'refused']);
    expect([written.objects.size, written.creations.size, written.counts().refused]).toEqual([0, 0, 1]);
  });

  it.each(['unknown', 'never answered'] as const)(
    'accepts either state of what is %s, and no third',
    async (effect) => {
      expect((await after([create, 'done'], [update, effect])).possible).toEqual([first, second]);
      expect((await after([create, 'done'], [remove, effect])).possible).toEqual([first, undefined]);
      expect((await after([create, 'done'], [share, effect], [remove, effect])).possible).toEqual([
        first,
        { ...first, teamId: 9 },
        undefined,
      ]);
      // An acknowledged update proves that the object had not been deleted.
      expect((await after([create, 'done'], [remove, effect], [update, 'done'])).possible).toEqual([second]);
    },
  );

  it('knows a creation whose answer never came by its mark', async () => {
    const { written } = await after([create, 'unknown']);
    expect([...written.creations]).toEqual([['soak-1', { ownerId: 4, description: 'first' }]]);
  });

  it('begins nothing once its journal is closed, and knows no write in a read', async () => {
    const { journal } = createMemoryJournal();
    const log = createWriteLog({ ownerId: 4, journal });
    expect(await log.begin({ kind: 'read-tool', toolId: 70 })).toBeUndefined();
    await journal.close();
    expect(await log.begin(create)).toBe('closed');
  });
});
