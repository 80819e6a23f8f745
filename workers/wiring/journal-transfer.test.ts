import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readJournals } from '#loadtest/journal-file.ts';
import { createWriteJournal } from '#loadtest/write-journal.ts';
import { fetchJournals, handOverJournals } from './journal-transfer.ts';

let there = '';
let here = '';
beforeEach(() => {
  there = mkdtempSync(join(tmpdir(), 'soakwave-there-'));
  here = mkdtempSync(join(tmpdir(), 'soakwave-here-'));
});
afterEach(() => {
  for (const folder of [there, here]) rmSync(folder, { recursive: true, force: true });
});

/** The store's table, in memory. */
function createStore() {
  const pieces = new Map<string, Buffer>();
  const keyOf = ({ file, piece }: { file: string; piece: number }): string => `${file}/${piece}`;
  return {
    pieces,
    saveJournalPiece(saved: { runKey: string; file: string; piece: number; body: Buffer }) {
      pieces.set(keyOf(saved), Buffer.from(saved.body));
      return Promise.resolve();
    },
    listJournals() {
      const files = [...new Set([...pieces.keys()].map((key) => key.split('/')[0] ?? ''))];
      return Promise.resolve(
        files.map((file) => {
          const own = [...pieces].filter(([key]) => key.startsWith(`${file}/`));
          return { file, pieces: own.length, bytes: own.reduce((sum, [, body]) => sum + body.length, 0) };
        }),
      );
    },
    readJournalPiece: (wanted: { file: string; piece: number }) => Promise.resolve(pieces.get(keyOf(wanted))),
    dropJournals() {
      pieces.clear();
      return Promise.resolve();
    },
  };
}

const transfer = (store: ReturnType<typeof createStore>, folder: string) => ({
  ...{ store, folder, runKey: 'run' },
  signal: new AbortController().signal,
});

async function write(folder: string, incarnation: number, objects: number): Promise<void> {
  const journal = createWriteJournal({ folder, writer: 'engine-1', incarnation });
  for (let each = 1; each <= objects; each += 1) {
    const mark = `m-${incarnation}-${each}`;
    void journal.keep({ entry: 'create', mark, ownerId: 7, description: `made by ${mark}` });
    journal.note({ entry: 'created', mark, objectId: incarnation * 1_000_000 + each });
  }
  await journal.close();
}

describe('write journals of another host', () => {
  it('are read here as they are there, piece by piece', async () => {
    await write(there, 200_001, 40_000);
    await write(here, 1, 3);
    const store = createStore();
    expect(await handOverJournals(transfer(store, there))).toEqual({ journals: 1 });
    expect(store.pieces.size).toBeGreaterThan(1);
    await fetchJournals(transfer(store, here));
    const { objects } = await readJournals(here, 'verify');
    expect(objects.size).toBe(40_003);
    expect(objects.get(200_001_000_000 + 40_000)).toEqual((await readJournals(there, 'verify')).objects.get(200_001_000_000 + 40_000)); // prettier-ignore
    expect(store.pieces.size).toBe(0);
  });

  it('that have grown replace what was handed over before, and a second delivery finds them', async () => {
    const store = createStore();
    const file = 'engine-1.200001.0.journal';
    writeFileSync(join(there, file), 'first');
    await handOverJournals(transfer(store, there));
    writeFileSync(join(there, file), 'first and second');
    await handOverJournals(transfer(store, there));
    await fetchJournals(transfer(store, here));
    expect(await fetchJournals(transfer(store, here))).toEqual({ journals: 0 });
    expect(readFileSync(join(here, file), 'utf8')).toBe('first and second');
  });

  it('are files of their names only', async () => {
    const store = createStore();
    store.pieces.set('..%2Fplan.json/0', Buffer.from('{}'));
    await expect(fetchJournals(transfer(store, here))).rejects.toThrow('is no write journal');
    expect(readdirSync(here)).toEqual([]);
  });

  it('that came in part are no files yet', async () => {
    await write(there, 200_001, 40_000);
    const store = createStore();
    await handOverJournals(transfer(store, there));
    store.pieces.delete('engine-1.200001.0.journal/0');
    await expect(fetchJournals(transfer(store, here))).rejects.toThrow('is not in the evidence store');
    expect((await readJournals(here, 'verify')).objects.size).toBe(0);
  });

  it('do not exist where nothing was written', async () => {
    const store = createStore();
    expect(await handOverJournals(transfer(store, join(there, 'never')))).toEqual({ journals: 0 });
  });
});
