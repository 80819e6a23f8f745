import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WriteRecord } from '#model/evidence.ts';
import { loopbackIdentities, type LoopbackTarget, seededTools, startLoopbackTarget } from '../test/loopback-target.ts';
import { deleteLeftovers, readBackWrites } from './read-back.ts';
import { auditScope } from './scope-audit.ts';

let target: LoopbackTarget;
const identities = loopbackIdentities(3);

beforeEach(async () => {
  target = await startLoopbackTarget();
});
afterEach(() => target.close());

const inquiry = () => ({
  ...{ baseUrl: target.baseUrl, allowedHosts: [], speech: target.speech, concurrency: 4, identities },
  signal: new AbortController().signal,
});

const write = (objectId: number, state: WriteRecord['state'], description = `tool ${objectId}`): WriteRecord => ({
  ...{ kind: 'write', at: objectId, objectId, state, ownerId: 1, description },
});

const hold = (...objectIds: number[]): void => {
  for (const objectId of objectIds) target.tools.set(objectId, { ownerId: 1, description: `tool ${objectId}` });
};

describe('reading back', () => {
  it('finds kept what was kept, the last write of an object winning', async () => {
    hold(100, 101);
    const writes = [
      write(100, 'present', 'before'),
      write(100, 'present'),
      write(101, 'present'),
      write(102, 'deleted'),
    ];
    const found = await readBackWrites({ ...inquiry(), writes });
    expect(found).toMatchObject({ checked: 3, lost: [], resurrected: [], indeterminate: 0 });
    expect(found.remaining.map(({ objectId }) => objectId).sort()).toEqual([100, 101]);
  });

  it('names what was lost, changed or resurrected', async () => {
    hold(100, 103);
    const writes = [write(100, 'present', 'later'), write(101, 'present'), write(103, 'deleted')];
    const { lost, resurrected } = await readBackWrites({ ...inquiry(), writes });
    expect([...lost].sort()).toEqual([
      'object 100 of user 1 does not hold its last acknowledged description',
      'object 101 of user 1 was acknowledged and is not there (status 404)',
    ]);
    expect(resurrected).toEqual(['object 103 of user 1 was deleted and is there']);
  });

  it('accepts either state of an indeterminate object, and what is there of it remains to be deleted', async () => {
    hold(100);
    const writes = [write(100, 'indeterminate'), write(101, 'indeterminate'), write(-5, 'indeterminate')];
    const found = await readBackWrites({ ...inquiry(), writes });
    expect(found).toMatchObject({ checked: 0, lost: [], resurrected: [], indeterminate: 3 });
    const deletions: WriteRecord[] = [];
    const record = (deletion: WriteRecord): void => void deletions.push(deletion);
    expect(await deleteLeftovers({ ...inquiry(), remaining: found.remaining, record })).toEqual({ deleted: 1 });
    expect(target.tools.size).toBe(0);
    expect(await readBackWrites({ ...inquiry(), writes: [...writes, ...deletions] })).toMatchObject({
      ...{ checked: 1, lost: [], resurrected: [], remaining: [] },
    });
  });

  it('asks again while the target is in trouble, and throws when it stays there', async () => {
    hold(100);
    let troubles = 2;
    target.mischief = () => ((troubles -= 1) >= 0 ? 502 : undefined);
    expect(await readBackWrites({ ...inquiry(), writes: [write(100, 'present')] })).toMatchObject({
      checked: 1,
      lost: [],
    });
    target.mischief = () => 502;
    await expect(readBackWrites({ ...inquiry(), writes: [write(100, 'present')] })).rejects.toThrow('status 502');
  });

  it('throws when it is aborted: what was not read is not kept', async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(
      readBackWrites({ ...inquiry(), writes: [write(100, 'present')], signal: abort.signal }),
    ).rejects.toThrow();
  });
});

describe('the scope audit', () => {
  it('agrees with a population that is served right', async () => {
    expect(await auditScope({ ...inquiry(), seededTools })).toEqual({ identities: 3, differences: [] });
  });

  it('names who sees too few, or others than it should', async () => {
    const [one, two, three] = identities;
    if (one === undefined || two === undefined || three === undefined) throw new Error('three identities');
    const wrong = [{ ...one, visibleTools: 29 }, { ...two, visibleDigest: '0'.repeat(16) }, three];
    const { differences } = await auditScope({ ...inquiry(), identities: wrong, seededTools });
    expect([...differences].sort()).toEqual([
      'user 1 sees 30 seeded tools and should see 29',
      'user 2 sees 30 seeded tools, but not the right ones',
    ]);
  });
});
