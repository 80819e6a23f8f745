import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveEntry } from '#evidence/archive/archive-entry.ts';
import type { OpenArchive } from '#evidence/archive/archive-reader.ts';
import { fileEntries, listTravelling, placeFiles } from './run-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-files-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const fill = (files: Record<string, string | Buffer>): string => {
  const from = join(folder, 'from');
  for (const [path, body] of Object.entries(files)) {
    mkdirSync(join(from, path, '..'), { recursive: true });
    writeFileSync(join(from, path), body);
  }
  return from;
};
const carrying = (entries: AsyncIterable<ArchiveEntry>): OpenArchive => ({ entries }) as OpenArchive;

describe('the files of a run’s folder', () => {
  it('come out as they went in, whatever their length', async () => {
    const report = Buffer.alloc(600_000, 'ü');
    const from = fill({ 'report.html': report, 'input.json': '', 'writes/engine-0.1.0.journal': 'x'.repeat(262_144) });
    const to = join(folder, 'to');
    await placeFiles(carrying(fileEntries(await listTravelling(from))), to);
    expect(readFileSync(join(to, 'report.html')).equals(report)).toBe(true);
    expect(readFileSync(join(to, 'input.json'), 'utf8')).toBe('');
    expect(readFileSync(join(to, 'writes/engine-0.1.0.journal'), 'utf8')).toHaveLength(262_144);
    expect(readdirSync(to, { recursive: true }).filter((name) => String(name).endsWith('.part'))).toEqual([]);
  });

  it('travel without leases, which another janitor would carry out, without own files, and without what holds a token', async () => {
    const from = fill({
      ...{ 'plan.json': '{}', 'faults/kill.json': '{}', 'driver/scenario.ts': '', 'held/engine-0/desired.json': '{}' },
      ...{ 'held/engine-0/identities.ndjson': '', 'spool/engine-0.1.0.ndjson.done': '', 'cycle.json': '{}' },
    });
    expect((await listTravelling(from)).map(({ path }) => path)).toEqual(['plan.json']);
    expect(await listTravelling(join(folder, 'nowhere'))).toEqual([]);
  });

  it('never replace one that is there', async () => {
    const from = fill({ 'result.json': 'theirs' });
    const to = join(folder, 'to');
    mkdirSync(to);
    writeFileSync(join(to, 'result.json'), 'ours');
    await placeFiles(carrying(fileEntries(await listTravelling(from))), to);
    expect(readFileSync(join(to, 'result.json'), 'utf8')).toBe('ours');
    expect(readdirSync(to)).toEqual(['result.json']);
  });

  it('leave nothing unfinished when the archive ends in the middle', async () => {
    const from = fill({ 'report.html': Buffer.alloc(600_000) });
    const files = await listTravelling(from);
    async function* torn(): AsyncIterable<ArchiveEntry> {
      for await (const entry of fileEntries(files)) {
        if (entry.piece === 1) throw new Error('cut off');
        yield entry;
      }
    }
    const to = join(folder, 'to');
    await expect(placeFiles(carrying(torn()), to)).rejects.toThrow('cut off');
    expect(readdirSync(to)).toEqual([]);
  });

  it('that became shorter meanwhile are not exported by half', async () => {
    const from = fill({ 'report.html': 'long enough' });
    const files = await listTravelling(from);
    writeFileSync(join(from, 'report.html'), 'short');
    const read = async (): Promise<void> => {
      for await (const { piece } of fileEntries(files)) expect(piece).toBe(0);
    };
    await expect(read()).rejects.toThrow(/changed while it was exported/);
  });
});
