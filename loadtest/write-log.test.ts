import { describe, expect, it } from 'vitest';
import type { Operation } from '#model/operation.ts';
import type { Exchange } from './connection.ts';
import { createWriteLog, effectOf } from './write-log.ts';

const create: Operation = { kind: 'create-tool', name: 'soak-1', description: 'first' };
const update: Operation = { kind: 'update-tool', toolId: 70, description: 'second' };
const remove: Operation = { kind: 'delete-tool', toolId: 70 };
const answered = (status: number): Exchange => ({
  ...{ outcome: 'answered', response: { status, headers: {}, body: '' }, bytesIn: 0, durationUs: 1 },
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

describe('the write log', () => {
  const log = createWriteLog({ ownerId: 4, now: () => 1_000, nextLostId: () => -9 });

  it('tells the last acknowledged state of an object', () => {
    expect(log.record(create, 'done', [70])).toMatchObject({ objectId: 70, state: 'present', description: 'first', ownerId: 4 }); // prettier-ignore
    expect(log.record(update, 'done', [])).toMatchObject({ objectId: 70, state: 'present', description: 'second' });
    expect(log.record(remove, 'done', [])).toMatchObject({ objectId: 70, state: 'deleted' });
  });

  it('accepts either state of what was never answered, and counts creations without an id', () => {
    expect(log.record(update, 'unknown', [])).toMatchObject({ objectId: 70, state: 'indeterminate' });
    expect(log.record(create, 'unknown', [])).toMatchObject({ objectId: -9, state: 'indeterminate' });
    expect(log.record(create, 'done', [])).toMatchObject({ objectId: -9, state: 'indeterminate' });
  });

  it('says nothing of what changed nothing', () => {
    expect(log.record(update, 'refused', [])).toBeUndefined();
    expect(log.record({ kind: 'share-tool', toolId: 70, teamId: 1 }, 'done', [70])).toBeUndefined();
  });
});
