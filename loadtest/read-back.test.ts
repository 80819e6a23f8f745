import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loopbackIdentities, type LoopbackTarget, seededTools, startLoopbackTarget } from '../test/loopback-target.ts';
import { createMemoryJournal, storedIn } from '../test/memory-journal.ts';
import { deleteLeftovers } from './leftovers.ts';
import { readBackWrites } from './read-back.ts';
import { auditScope } from './scope-audit.ts';
import type { WriteJournal } from './write-journal.ts';
import type { WrittenObjects } from './written-objects.ts';

let target: LoopbackTarget;
let database: LoopbackTarget['tools'];
let journal: WriteJournal;
let written: WrittenObjects;
const identities = loopbackIdentities(3);

beforeEach(async () => {
  target = await startLoopbackTarget();
  // The API serves from `target.tools`; the database is its own, so that each can be wrong by itself.
  database = new Map();
  ({ journal, written } = createMemoryJournal());
});
afterEach(() => target.close());

const inquiry = () => ({
  ...{ baseUrl: target.baseUrl, allowedHosts: [], speech: target.speech, concurrency: 4, identities },
  signal: new AbortController().signal,
});
const readBack = (cacheBoundMs = 0) =>
  readBackWrites({
    ...{ ...inquiry(), stored: storedIn(database), namePrefix: 'soak-run-', cacheBoundMs },
    journals: () => Promise.resolve(written),
  });

const holdIn = (tools: LoopbackTarget['tools'], objectId: number, description = `tool ${objectId}`): void => {
  tools.set(objectId, { ownerId: 1, name: `soak-run-${objectId}`, description, teamId: null });
};
const hold = (objectId: number, description?: string): void => {
  for (const tools of [target.tools, database]) holdIn(tools, objectId, description);
};
const begin = (objectId: number): string => {
  const mark = `soak-run-${objectId}`;
  journal.note({ entry: 'create', mark, ownerId: 1, description: `tool ${objectId}` });
  return mark;
};
const create = (...objectIds: number[]): void => {
  for (const objectId of objectIds) journal.note({ entry: 'created', mark: begin(objectId), objectId });
};
const update = (objectId: number, effect?: 'done' | 'refused' | 'unknown'): void => {
  journal.note({ entry: 'change', objectId, change: { kind: 'describe', description: 'later' } });
  if (effect !== undefined) journal.note({ entry: 'changed', objectId, effect });
};
const remove = (objectId: number): void => {
  journal.note({ entry: 'change', objectId, change: { kind: 'delete' } });
  journal.note({ entry: 'changed', objectId, effect: 'done' });
};

describe('reading back', () => {
  it('finds kept what was kept, deleted what was deleted, and unchanged what was refused', async () => {
    create(100, 101, 102, 103);
    update(101, 'done');
    update(103, 'refused');
    remove(102);
    hold(100);
    hold(101, 'later');
    hold(103);
    expect(await readBack()).toMatchObject({ checked: 4, lost: [], resurrected: [], indeterminate: 0 });
  });

  it('names what was lost, half done or resurrected, and who says so', async () => {
    create(100, 101, 102, 103, 104);
    update(100, 'done');
    remove(103);
    hold(100); // the update was lost everywhere
    holdIn(database, 101); // the API does not find it
    holdIn(target.tools, 102); // it never reached the database
    hold(103); // back from the dead
    hold(104);
    const { lost, resurrected } = await readBack();
    expect(lost).toEqual([
      'object 100 of user 1 was acknowledged as "later": the API answers "tool 100", the database holds "tool 100"',
      'object 102 of user 1 was acknowledged as "tool 102": the API answers "tool 102", the database holds nothing',
      'object 101 of user 1 was acknowledged as "tool 101": the API answers status 404, the database holds it as acknowledged',
    ]);
    expect(resurrected).toEqual([
      'object 103 of user 1 is there, and was deleted or refused: the API answers "tool 103", the database holds "tool 103"',
    ]);
  });

  it('names a creation that was refused and is there, and a deletion that only a cache does not know of', async () => {
    journal.note({ entry: 'not-created', mark: begin(100) });
    hold(100);
    create(101);
    remove(101);
    holdIn(target.tools, 101);
    const { lost, resurrected } = await readBack();
    expect(lost).toEqual([]);
    expect(resurrected.map((sentence) => sentence.slice(0, 10))).toEqual(['object 101', 'object 100']);
  });

  it('notices a lost share', async () => {
    create(100);
    journal.note({ entry: 'change', objectId: 100, change: { kind: 'share', teamId: 5 } });
    journal.note({ entry: 'changed', objectId: 100, effect: 'done' });
    hold(100);
    expect((await readBack()).lost).toHaveLength(1);
  });

  it('leaves alone what other runs left', async () => {
    database.set(100, { ownerId: 9, name: 'soak-other-1', description: 'theirs', teamId: null });
    expect(await readBack()).toMatchObject({ lost: [], resurrected: [], remaining: [] });
  });

  it('waits for a cache as long as the target says, and no longer', async () => {
    create(100);
    update(100, 'done');
    holdIn(database, 100, 'later');
    holdIn(target.tools, 100);
    const readOn = readBack(10_000);
    setTimeout(() => {
      holdIn(target.tools, 100, 'later');
    }, 300);
    expect((await readOn).lost).toEqual([]);
    holdIn(target.tools, 100);
    expect((await readBack(600)).lost).toHaveLength(1);
  });

  it('accepts either state of what was never answered, but no third', async () => {
    create(100, 101, 102);
    for (const objectId of [100, 101, 102]) update(objectId, 'unknown');
    hold(100);
    hold(101, 'later');
    hold(102, 'something else');
    const { checked, indeterminate, lost } = await readBack();
    expect({ checked, indeterminate }).toEqual({ checked: 0, indeterminate: 3 });
    expect(lost.map((sentence) => sentence.slice(0, 10))).toEqual(['object 102']);
  });

  it('finds a creation that was never answered by its mark, and the end deletes it', async () => {
    begin(100);
    begin(101);
    hold(100);
    create(102);
    hold(102);
    const found = await readBack();
    expect(found).toMatchObject({ checked: 1, lost: [], resurrected: [], indeterminate: 2 });
    expect(found.remaining.map(({ objectId }) => objectId)).toEqual([100, 102]);
    expect(await deleteLeftovers({ ...inquiry(), remaining: found.remaining, journal })).toEqual({ deleted: 2 });
    expect(target.tools.size).toBe(0);
    database.clear();
    expect(await readBack()).toMatchObject({ checked: 2, lost: [], resurrected: [], indeterminate: 1, remaining: [] });
  });

  it('leaves to the next time what load writes meanwhile', async () => {
    create(100, 101);
    hold(100);
    hold(101);
    const states = [snapshot(), snapshot()];
    // 100 is rewritten, 101 deleted, 102 made while the target is asked.
    update(100, 'done');
    hold(100, 'later');
    remove(101);
    for (const tools of [target.tools, database]) tools.delete(101);
    create(102);
    hold(102);
    states.push(snapshot());
    let reads = 0;
    const journals = (): Promise<WrittenObjects> => Promise.resolve(states[Math.min((reads += 1), 3) - 1] ?? written);
    const options = {
      ...inquiry(),
      stored: storedIn(database),
      namePrefix: 'soak-run-',
      cacheBoundMs: 1_500,
      journals,
    };
    expect(await readBackWrites(options)).toMatchObject({ lost: [], resurrected: [] });
  });

  it('looks again at a row that it read between two writes, and only at such', async () => {
    create(100, 101);
    hold(100, 'between two writes');
    holdIn(target.tools, 100);
    hold(101, 'lost');
    const there = storedIn(database);
    const stored: typeof there = {
      pages: (namePrefix) => there.pages(namePrefix),
      among: (objectIds) => {
        holdIn(database, 100);
        return there.among(objectIds);
      },
    };
    const journals = (): Promise<WrittenObjects> => Promise.resolve(written);
    const options = { ...inquiry(), stored, namePrefix: 'soak-run-', cacheBoundMs: 0, journals };
    const { lost } = await readBackWrites(options);
    expect(lost.map((sentence) => sentence.slice(0, 10))).toEqual(['object 101']);
  });

  it('asks again while the target is in trouble, and throws when it stays there', { timeout: 20_000 }, async () => {
    create(100);
    hold(100);
    let troubles = 2;
    target.mischief = () => ((troubles -= 1) >= 0 ? 502 : undefined);
    expect(await readBack()).toMatchObject({ checked: 1, lost: [] });
    target.mischief = () => 502;
    await expect(readBack()).rejects.toThrow('status 502');
  });

  it('throws when it is aborted: what was not read is not kept', async () => {
    create(100);
    const abort = new AbortController();
    abort.abort();
    const options = { ...inquiry(), stored: storedIn(database), namePrefix: 'soak-run-', cacheBoundMs: 0 };
    const journals = (): Promise<WrittenObjects> => Promise.resolve(written);
    await expect(readBackWrites({ ...options, journals, signal: abort.signal })).rejects.toThrow();
  });
});

/** The journals as a reader finds them now. */
const snapshot = (): WrittenObjects => ({
  ...written,
  objects: new Map(written.objects),
  creations: new Map(written.creations),
  recentlyDeleted: written.recentlyDeleted,
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
