import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveEntry, type ArchiveHeader, archiveVersion, textOf } from './archive-entry.ts';
import { openArchive, verifyArchive } from './archive-reader.ts';
import { createSectionDigest } from './archive-sections.ts';
import { writeArchive } from './archive-writer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-archive-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const runKey = '0199f3a2-7c41-7d1e-9b1c-5a2f6d0e8c11';
const signal = new AbortController().signal;

const lineOf = (at: number): string =>
  `${JSON.stringify({ kind: 'sample', at, role: 'gateway-1', values: { rss: at } })}\n`;
const batch = (producer: string, sequence: number, lines: number): ArchiveEntry => ({
  ...{ entry: 'batch', producer, incarnation: 1, sequence, refused: 0 },
  text: Array.from({ length: lines }, (_, index) => lineOf(index)).join(''),
});
const file = (path: string, body: string): ArchiveEntry => ({
  ...{ entry: 'file', path, piece: 0, isLast: true, body: Buffer.from(body).toString('base64') },
});

const entries: ArchiveEntry[] = [
  {
    ...{ entry: 'run', runKey, workflowId: 'soak/smoke/1', workflow: 'SoakWave', wave: 'smoke', plan: { seed: 7 } },
    ...{ planHash: 'abc', startedAt: 1_000, endedAt: 2_000, outcome: 'pass', result: { of: ['ümlaut', '\u0000'] } },
  },
  {
    ...{ entry: 'verdict', basis: '{}', verdict: '{"outcome":"pass"}', judgeCode: 'abc', version: '0.1.0' },
    judgedAt: 2_000,
  },
  {
    ...{ entry: 'checkpoint', number: 1, upTo: 1_500, outcome: 'pass', headline: 'so far', reasons: [] },
    ...{ seconds: 0.5, records: 10 },
  },
  { entry: 'audit', id: 'update-1', at: 1_200, who: 'ada', what: 'pause', why: 'looking' },
  batch('engine-0', 0, 3),
  batch('engine-0', 1, 0),
  batch('sampler', 0, 50),
  file('report.html', '<p>'),
  file('writes/engine-0.1.0.journal', ''),
];

const headerOf = (changes: Partial<ArchiveHeader['contents']> = {}): ArchiveHeader => ({
  ...{ archive: 'soakwave evidence', formatVersion: archiveVersion, runKey, workflowId: 'soak/smoke/1' },
  ...{ exportedAt: '2026-11-23T19:00:00.000Z', version: '0.1.0' },
  contents: {
    ...{ batches: 3, records: 53, checkpoints: 1, audit: 1, files: 2, storedBytes: 100, fileBytes: 3, ...changes },
  },
});

async function* each(list: readonly ArchiveEntry[]): AsyncIterable<ArchiveEntry> {
  for (const entry of list) yield await Promise.resolve(entry);
}

async function write(list = entries, header = headerOf(), name = 'run.soak'): Promise<string> {
  const path = join(folder, name);
  await writeArchive(path, { header, entries: each(list) }, { force: false, signal });
  return path;
}

async function readAll(path: string): Promise<ArchiveEntry[]> {
  const archive = await openArchive(path, signal);
  const read: ArchiveEntry[] = [];
  for await (const entry of archive.entries) read.push(entry);
  return read;
}

/** The archive with its lines changed, packed again: what only a checksum of ours can tell. */
function repack(path: string, change: (text: string) => string): string {
  const changed = join(folder, 'changed.soak');
  writeFileSync(changed, gzipSync(change(gunzipSync(readFileSync(path)).toString())));
  return changed;
}

const problemOf = async (path: string): Promise<string> => {
  const error: unknown = await verifyArchive(path, signal).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error && error.name === 'BadArchive'))
    throw new Error('the archive was read', { cause: error });
  return error.message;
};

describe('an archive', () => {
  it('gives back what was written, and may be read by anybody with zcat and jq', async () => {
    const path = await write();
    expect(await readAll(path)).toEqual(entries);
    expect(await verifyArchive(path, signal)).toMatchObject({
      header: headerOf(),
      run: entries[0],
      verdict: entries[1],
    });
    const lines = gunzipSync(readFileSync(path)).toString().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toHaveLength(entries.length + 53 + 2);
  });

  it('is the same of the same run but for its first line, so that two can be compared', async () => {
    const again = { ...headerOf(), exportedAt: '2026-11-24T19:00:00.000Z' };
    const [one, other] = [await write(), await write(entries, again, 'other.soak')];
    const told = (await verifyArchive(one, signal)).sections;
    const toldAgain = (await verifyArchive(other, signal)).sections;
    expect(toldAgain.header).not.toBe(told.header);
    expect({ ...toldAgain, header: told.header }).toEqual(told);
  });

  it('is whole under its name or not there: an end in the middle leaves nothing', async () => {
    const controller = new AbortController();
    async function* endless(): AsyncIterable<ArchiveEntry> {
      yield* entries.slice(0, 4);
      for (let sequence = 0; ; sequence += 1) {
        if (sequence === 20) controller.abort();
        yield await Promise.resolve(batch('sampler', sequence, 1_000));
      }
    }
    const path = join(folder, 'run.soak');
    const parts = { header: headerOf(), entries: endless() };
    await expect(writeArchive(path, parts, { force: false, signal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('clears away what a killed export of its name left, and nothing else', async () => {
    for (const name of ['run.soak.999999999.part', `run.soak.${process.ppid}.part`, 'other.soak.999999999.part']) {
      writeFileSync(join(folder, name), '');
    }
    await write();
    const left = readdirSync(folder).sort();
    expect(left).toEqual(['other.soak.999999999.part', 'run.soak', `run.soak.${process.ppid}.part`]);
  });

  it('replaces a file of its name only when told to', async () => {
    const path = await write();
    const parts = { header: headerOf(), entries: each(entries) };
    await expect(writeArchive(path, parts, { force: false, signal })).rejects.toMatchObject({ name: 'FileExists' });
    await writeArchive(path, parts, { force: true, signal });
    expect(await readAll(path)).toEqual(entries);
  });
});

describe('a bad archive', () => {
  it('is told from one wherever it is cut off', async () => {
    const path = await write();
    const bytes = readFileSync(path);
    const cut = join(folder, 'cut.soak');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
        writeFileSync(cut, bytes.subarray(0, length));
        await expect(problemOf(cut)).resolves.toMatch(/cut off|not an archive|empty/);
      }),
      { numRuns: 60 },
    );
  });

  it('is never read as another one, whatever byte of it was changed', async () => {
    const path = await write();
    const bytes = readFileSync(path);
    const flipped = join(folder, 'flipped.soak');
    const whole = await readAll(path);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ mask;
        writeFileSync(flipped, changed);
        // A bit that means nothing to gzip may be another one: then what is read is what was written.
        const read = await readAll(flipped).catch((error: unknown) => error);
        if (read instanceof Error) expect(read.name).toBe('BadArchive');
        else expect(read).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  it('whose lines were changed and packed again does not fit its checksums, which say where', async () => {
    const path = await write();
    const changed = repack(path, (text) => text.replace('"rss":7}', '"rss":8}'));
    expect(await problemOf(changed)).toBe('it is damaged: the checksum of batch does not fit');
    expect(await problemOf(repack(path, (text) => text.replace('looking', 'lurking')))).toContain('checksum of audit');
    expect(await problemOf(repack(path, (text) => text.replace('0.1.0', '0.9.0')))).toContain('checksum of header');
  });

  it.each([
    ['made by a newer soakwave', (text: string) => text.replace('"formatVersion":1', '"formatVersion":2')],
    ['not an archive of evidence', (text: string) => text.slice(1)],
    ['last line is missing', (text: string) => text.slice(0, text.trimEnd().lastIndexOf('\n') + 1)],
    ['in the middle of a line', (text: string) => text.slice(0, -10)],
    ['something follows', (text: string) => `${text}${lineOf(1)}`],
    ['entry 4 is none', (text: string) => text.replace('"entry":"audit"', '"entry":"odd"')],
    ['entry 8 is none', (text: string) => text.replace('report.html', '../../etc/x')],
    ['entry 8 is none', (text: string) => text.replace('report.html', 'faults/kill.json')],
  ])('%s', async (problem, change) => {
    expect(await problemOf(repack(await write(), change))).toContain(problem);
  });

  it('is not what is no archive at all: text, nothing, a folder, a file that is not there', async () => {
    const path = join(folder, 'x');
    for (const content of ['{"series":"rss"}\n', '']) {
      writeFileSync(path, content);
      expect(await problemOf(path)).toMatch(/not an archive|cut off/);
    }
    expect(await problemOf(folder)).toContain('cannot be read');
    expect(await problemOf(join(folder, 'missing'))).toContain('ENOENT');
    const whole = await write();
    writeFileSync(path, Buffer.concat([readFileSync(whole), Buffer.from('and more')]));
    expect(await problemOf(path)).toMatch(/follows behind its end|not an archive/);
  });

  it.each([
    ['more of batch', entries, headerOf({ batches: 2 })],
    ['less than', entries, headerOf({ batches: 4 })],
    ['more of file', entries, headerOf({ fileBytes: 2 })],
    ['less than', entries, headerOf({ fileBytes: 4 })],
    ['less than', entries.slice(1), headerOf()],
    ['not in their order', [...entries.slice(0, 4), ...entries.slice(5, 6), ...entries.slice(4, 5)], headerOf()],
    ['not in their order', [...entries.slice(0, 5), ...entries.slice(4)], headerOf({ batches: 4 })],
    ['another one', entries, { ...headerOf(), workflowId: 'soak/other' }],
  ])('holds %s', async (problem, list, header) => {
    expect(await problemOf(await write(list, header))).toContain(problem);
  });
});

describe('the checksum of a section', () => {
  it('is of its lines alone, whatever the others hold', () => {
    const sectionsOf = (list: readonly ArchiveEntry[]) => {
      const digest = createSectionDigest();
      for (const entry of list) digest.add(entry.entry, textOf(entry));
      return digest.end();
    };
    const [whole, without] = [sectionsOf(entries), sectionsOf(entries.filter(({ entry }) => entry !== 'audit'))];
    expect(without.batch).toBe(whole.batch);
    expect(without.audit).not.toBe(whole.audit);
  });
});
