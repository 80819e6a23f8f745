import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEntry, readJournals } from './journal-file.ts';
import { createWriteJournal, type WriteJournal } from './write-journal.ts';
import { createWrittenObjects, entriesOf } from './written-objects.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-journal-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const open = (incarnation = 1, fileBytesMax?: number): WriteJournal =>
  createWriteJournal({
    folder,
    writer: 'engine-0',
    incarnation,
    ...(fileBytesMax === undefined ? {} : { fileBytesMax }),
  });
const read = () => readJournals(folder, 'verify');
const files = (): string[] => readdirSync(folder);

/** Creates an object; its creation is on disk when the next entry that is waited for is. */
async function create(journal: WriteJournal, objectId: number): Promise<void> {
  const mark = `m${objectId}`;
  await journal.keep({ entry: 'create', mark, ownerId: 3, description: `tool ${objectId}` });
  journal.note({ entry: 'created', mark, objectId });
}
async function remove(journal: WriteJournal, objectId: number): Promise<void> {
  await journal.keep({ entry: 'change', objectId, change: { kind: 'delete' } });
  journal.note({ entry: 'changed', objectId, effect: 'done' });
}

describe('the write journal', () => {
  it('has an intent, and every outcome before it, on disk when it says so: a killed writer has lost no acknowledged write', async () => {
    const journal = open();
    await create(journal, 1);
    await journal.keep({ entry: 'change', objectId: 1, change: { kind: 'describe', description: 'b' } });
    // Read while its writer lives and has closed nothing.
    const { objects } = await read();
    expect(objects.get(1)).toEqual({
      ...{ ownerId: 3, values: [{ description: 'tool 1', teamId: null }] },
      change: { kind: 'describe', description: 'b' },
    });
    await journal.close();
  });

  it('shares one sync among those who wait at once', async () => {
    const journal = open();
    await Promise.all(Array.from({ length: 500 }, (_, index) => create(journal, index)));
    await journal.close();
    expect((await read()).objects.size).toBe(500);
  });

  it('begins its file anew from what is alive, so that neither it nor its reader grows with what was written', async () => {
    const journal = open(1, 20_000);
    let largest = 0;
    for (let round = 0; round < 60; round += 1) {
      const ids = Array.from({ length: 50 }, (_, index) => round * 50 + index);
      await Promise.all(ids.map((objectId) => create(journal, objectId)));
      await Promise.all(ids.slice(round === 59 ? 40 : 0).map((objectId) => remove(journal, objectId)));
      largest = Math.max(largest, ...files().map((file) => statSync(join(folder, file)).size));
    }
    await journal.close();
    expect(files()).toHaveLength(1);
    expect(files()).not.toEqual(['engine-0.1.0.journal']);
    expect(largest).toBeLessThan(100_000);
    const { objects, counts } = await read();
    expect(objects.size).toBe(40);
    expect(counts()).toMatchObject({ deleted: 2_960, acknowledged: 3_000 + 2_960, untracked: 0 });
  });

  it('folds what every incarnation left into one state, the deletions of the end last', async () => {
    for (const incarnation of [1, 2]) {
      const journal = open(incarnation);
      await create(journal, incarnation);
      await journal.close();
    }
    const end = createWriteJournal({ folder, writer: 'verify', incarnation: 1 });
    await remove(end, 2);
    await end.close();
    const { objects, counts } = await read();
    expect([...objects.keys()]).toEqual([1]);
    expect(counts().deleted).toBe(1);
  });

  it('refuses a second writer of one incarnation, and tells whoever comes after its end', async () => {
    const journal = open();
    await create(journal, 1);
    expect(() => open()).toThrow('there already');
    await journal.close();
    expect(await journal.keep({ entry: 'not-created', mark: 'm' })).toBe(false);
  });

  it('lets writes wait while the disk takes nothing, says so once, and goes on', async () => {
    const told: boolean[] = [];
    const onTrouble = (_: string, isOver: boolean): void => void told.push(isOver);
    const journal = createWriteJournal({ folder, writer: 'engine-0', incarnation: 1, onTrouble });
    rmSync(folder, { recursive: true });
    const kept = journal.keep({ entry: 'create', mark: 'm', ownerId: 3, description: '' });
    await expect.poll(() => told).toEqual([false]);
    execFileSync('mkdir', [folder]);
    expect(await kept).toBe(true);
    await expect.poll(() => told).toEqual([false, true]);
    await journal.close();
    expect((await read()).creations.size).toBe(1);
  });

  it('tells whoever waits that nothing may be sent when it is closed in trouble', async () => {
    const journal = open();
    rmSync(folder, { recursive: true });
    const kept = journal.keep({ entry: 'create', mark: 'm', ownerId: 3, description: '' });
    await journal.close();
    expect(await kept).toBe(false);
  });
});

describe('a damaged journal', () => {
  const path = (): string => join(folder, files()[0] ?? '');
  const write = async (): Promise<string> => {
    const journal = open();
    for (const objectId of [1, 2, 3]) await create(journal, objectId);
    await journal.close();
    return readFileSync(path(), 'utf8');
  };

  it('is read up to a torn end: that is how a killed writer leaves it', async () => {
    const text = await write();
    truncateSync(path(), text.length - 5);
    expect((await read()).objects.size).toBe(2);
    writeFileSync(path(), text);
    appendFileSync(path(), '\0\0\0\0\n\0\0');
    expect((await read()).objects.size).toBe(3);
  });

  it('is refused when it is damaged before its end: what to do is said, and nothing is deleted', async () => {
    const text = await write();
    const damaged = text.replace('tool 2', 'tool 7');
    writeFileSync(path(), damaged);
    await expect(read()).rejects.toThrow(/journal is damaged in line \d+.*nothing of it is deleted.*retry.*skip/);
    await expect(read()).rejects.toMatchObject({ name: 'EvidenceRefused' });
    expect(readFileSync(path(), 'utf8')).toBe(damaged);
  });
});

describe('the fold of a long run', () => {
  it('gives an equal state from its own entries', async () => {
    const written = createWrittenObjects();
    written.apply({ entry: 'create', mark: 'lost', ownerId: 3, description: 'l' });
    for (const objectId of [1, 2, 3]) {
      written.apply({ entry: 'create', mark: `m${objectId}`, ownerId: 3, description: 'd' });
      written.apply({ entry: 'created', mark: `m${objectId}`, objectId });
    }
    written.apply({ entry: 'change', objectId: 1, change: { kind: 'delete' } });
    written.apply({ entry: 'changed', objectId: 1, effect: 'done' });
    written.apply({ entry: 'change', objectId: 2, change: { kind: 'share', teamId: 9 } });
    // Whether it is still there is not known: one of its values is that it is not.
    written.apply({ entry: 'change', objectId: 3, change: { kind: 'delete' } });
    written.apply({ entry: 'changed', objectId: 3, effect: 'unknown' });
    writeFileSync(join(folder, 'engine-0.1.7.journal'), [...entriesOf(written)].map(encodeEntry).join(''));
    const again = await read();
    expect([...again.objects]).toEqual([...written.objects]);
    expect([...again.creations]).toEqual([...written.creations]);
    expect(again.recentlyDeleted).toEqual(written.recentlyDeleted);
    expect(again.counts()).toEqual(written.counts());
  });

  it(
    'holds five million entries in a heap of 48 MB, and still knows each object that is alive',
    { timeout: 120_000 },
    () => {
      const program = `
      import { createWrittenObjects } from ${JSON.stringify(join(import.meta.dirname, 'written-objects.ts'))};
      const written = createWrittenObjects();
      const alive = 20_000;
      for (let id = 1; id <= 1_260_000; id += 1) {
        written.apply({ entry: 'create', mark: 'm' + id, ownerId: 3, description: 'made by virtual user ' + id });
        written.apply({ entry: 'created', mark: 'm' + id, objectId: id });
        const old = id - alive;
        if (old < 1) continue;
        written.apply({ entry: 'change', objectId: old, change: { kind: 'delete' } });
        written.apply({ entry: 'changed', objectId: old, effect: 'done' });
      }
      console.log(JSON.stringify({ size: written.objects.size, ...written.counts() }));`;
      const options = ['--max-old-space-size=48', '--input-type=module', '--eval', program];
      const output = execFileSync(process.execPath, options, { encoding: 'utf8' });
      expect(JSON.parse(output)).toEqual({
        ...{ size: 20_000, acknowledged: 2_500_000, refused: 0, deleted: 1_240_000, untracked: 0 },
      });
    },
  );

  it('counts what is beyond its bound instead of following it', () => {
    const written = createWrittenObjects(2);
    for (const objectId of [1, 2, 3]) {
      written.apply({ entry: 'create', mark: `m${objectId}`, ownerId: 3, description: '' });
      written.apply({ entry: 'created', mark: `m${objectId}`, objectId });
    }
    expect(written.counts().untracked).toBe(1);
  });
});
