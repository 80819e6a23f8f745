import * as z from 'zod';
import {
  type ArchiveEntry,
  ArchiveHeader,
  ArchiveLine,
  type ArchiveSections,
  archiveVersion,
  type EntryOf,
} from './archive-entry.ts';
import { readLines } from './archive-lines.ts';
import { createSectionDigest, type SectionDigest } from './archive-sections.ts';
import { badArchive } from './bad-archive.ts';

export interface OpenArchive {
  readonly header: ArchiveHeader;
  /**
   * May be read once, and only what was read to its end is known to be whole: a `BadArchive` is thrown as soon as something is
   * wrong, and a wrong checksum is known at the end. One batch is in memory at a time.
   */
  readonly entries: AsyncIterable<ArchiveEntry>;
  /** Checksums by section; only when the entries were read to their end. */
  sections(): ArchiveSections;
}

export interface ArchiveFacts {
  readonly header: ArchiveHeader;
  readonly run: EntryOf<'run'>;
  /** Absent: the run was not judged, or by a version that did not keep what it judged by. */
  readonly verdict?: EntryOf<'verdict'>;
  readonly sections: ArchiveSections;
}

const batchBytesMax = 64 * 1024 * 1024;
const order = ['run', 'verdict', 'checkpoint', 'audit', 'batch', 'file'] as const satisfies ArchiveEntry['entry'][];

/** Opens an archive: its first line has been read. Throws a `BadArchive` that says what is wrong. */
export async function openArchive(path: string, signal: AbortSignal): Promise<OpenArchive> {
  const lines = readLines(path, signal);
  const digest = createSectionDigest();
  const first = await lines.next();
  if (first.done === true) throw badArchive('it is not an archive of evidence: it is empty');
  const header = parseHeader(first.value);
  digest.add('header', `${first.value}\n`);
  let sections: ArchiveSections | undefined;
  return {
    header,
    entries: readEntries({ header, lines, digest }, (found) => (sections = found)),
    sections() {
      if (sections === undefined) throw new Error('an archive was asked for its checksums before it was read');
      return sections;
    },
  };
}

/** Reads the whole of an archive and keeps what is small of it. Throws a `BadArchive` that says what is wrong. */
export async function verifyArchive(path: string, signal: AbortSignal): Promise<ArchiveFacts> {
  const archive = await openArchive(path, signal);
  let run: EntryOf<'run'> | undefined;
  let verdict: EntryOf<'verdict'> | undefined;
  for await (const entry of archive.entries) {
    if (entry.entry === 'run') run = entry;
    if (entry.entry === 'verdict') verdict = entry;
  }
  if (run === undefined) throw badArchive('it holds no run');
  const { header } = archive;
  return { header, run, ...(verdict === undefined ? {} : { verdict }), sections: archive.sections() };
}

function parseHeader(line: string): ArchiveHeader {
  const parsed = ArchiveHeader.safeParse(parseJson(line));
  const newer = z.object({ archive: ArchiveHeader.shape.archive, formatVersion: z.int() }).safeParse(parseJson(line));
  if (newer.success && newer.data.formatVersion > archiveVersion) {
    throw badArchive(
      `it was made by a newer soakwave: its format is ${newer.data.formatVersion}, and this one reads up to ${archiveVersion}`,
    );
  }
  if (!parsed.success) throw badArchive('it is not an archive of evidence: its first line is none', parsed.error);
  return parsed.data;
}

interface Reading {
  readonly header: ArchiveHeader;
  readonly lines: AsyncGenerator<string>;
  readonly digest: SectionDigest;
}

async function* readEntries(
  { header, lines, digest }: Reading,
  onEnd: (sections: ArchiveSections) => void,
): AsyncGenerator<ArchiveEntry> {
  const keeper = createKeeper(header);
  let number = 0;
  try {
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      number += 1;
      const parsed = ArchiveLine.safeParse(parseJson(next.value));
      if (!parsed.success) throw badArchive(`it is damaged: its entry ${number} is none`, parsed.error);
      if (parsed.data.entry === 'end') {
        await finish(parsed.data.sections);
        return;
      }
      digest.add(parsed.data.entry, `${next.value}\n`);
      yield keeper.keep(parsed.data.entry === 'batch' ? await readBatch(parsed.data, { lines, digest }) : parsed.data);
    }
  } finally {
    await lines.return(undefined);
  }
  throw badArchive('it is cut off: its last line is missing');

  async function finish(sections: ArchiveSections): Promise<void> {
    compare(sections, digest.end());
    keeper.end();
    if ((await lines.next()).done !== true) throw badArchive('something follows behind its end');
    onEnd(sections);
  }
}

async function readBatch(
  { lines: count, ...identity }: Extract<ArchiveLine, { entry: 'batch' }>,
  { lines, digest }: Pick<Reading, 'lines' | 'digest'>,
): Promise<EntryOf<'batch'>> {
  const text = await takeLines(lines, count);
  digest.add('batch', text);
  return { ...identity, text };
}

async function takeLines(lines: AsyncGenerator<string>, count: number): Promise<string> {
  const taken: string[] = [];
  let bytes = 0;
  for (let index = 0; index < count; index += 1) {
    const next = await lines.next();
    if (next.done === true) throw badArchive('it is cut off: its end is missing');
    bytes += next.value.length;
    if (bytes > batchBytesMax) throw badArchive('one of its batches is larger than any that is written');
    taken.push(`${next.value}\n`);
  }
  return taken.join('');
}

function compare(told: ArchiveSections, found: ArchiveSections): void {
  const wrong = Object.entries(found).filter(([name, hash]) => told[name as keyof ArchiveSections] !== hash);
  if (wrong.length === 0) return;
  throw badArchive(`it is damaged: the checksum of ${wrong.map(([name]) => name).join(', ')} does not fit`);
}

/** Holds what is read against the order of entries and the header's numbers: a small file may unpack to a very large one. */
function createKeeper({ contents, runKey, workflowId }: ArchiveHeader) {
  const most = { run: 1, verdict: 1, checkpoint: contents.checkpoints, audit: contents.audit, batch: contents.batches };
  const counts = { run: 0, verdict: 0, checkpoint: 0, audit: 0, batch: 0 };
  let fileBytes = 0;
  let last: ArchiveEntry | undefined;
  return {
    keep(entry: ArchiveEntry): ArchiveEntry {
      if (entry.entry === 'file') fileBytes += Buffer.byteLength(entry.body, 'base64');
      else counts[entry.entry] += 1;
      if (fileBytes > contents.fileBytes || (entry.entry !== 'file' && counts[entry.entry] > most[entry.entry])) {
        throw badArchive(`it holds more of ${entry.entry} than its first line says`);
      }
      if (entry.entry === 'run' && (entry.runKey !== runKey || entry.workflowId !== workflowId)) {
        throw badArchive('its run is another one than its first line says');
      }
      if (last !== undefined && !isBehind(last, entry)) throw badArchive('its entries are not in their order');
      last = entry;
      return entry;
    },
    end(): void {
      const isShort = counts.run !== 1 || Object.entries(most).some(([name, count]) => isMissing(name, count));
      if (isShort || fileBytes !== contents.fileBytes) throw badArchive('it holds less than its first line says');
    },
  };

  function isMissing(name: string, count: number): boolean {
    return name !== 'verdict' && counts[name as keyof typeof counts] !== count;
  }
}

function isBehind(before: ArchiveEntry, entry: ArchiveEntry): boolean {
  const [rankBefore, rank] = [order.indexOf(before.entry), order.indexOf(entry.entry)];
  if (rank !== rankBefore) return rank > rankBefore;
  if (entry.entry !== 'batch' || before.entry !== 'batch') return entry.entry !== 'run' && entry.entry !== 'verdict';
  if (entry.producer !== before.producer) return entry.producer > before.producer;
  if (entry.incarnation !== before.incarnation) return entry.incarnation > before.incarnation;
  return entry.sequence > before.sequence;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
