import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createWrittenObjects, type JournalEntry, type WrittenObjects } from './written-objects.ts';

/**
 * A writer's journal is one file, `<writer>.<incarnation>.<sequence>.journal`: what it knew when the file began, then every
 * write since. The next one replaces it, so of each incarnation only the highest sequence counts.
 */
interface JournalFile {
  readonly file: string;
  readonly writer: string;
  readonly incarnation: number;
  readonly sequence: number;
}

const pattern = /^([a-z][a-z0-9-]*)\.(\d+)\.(\d+)\.journal$/;

export const journalName = ({ writer, incarnation, sequence }: Omit<JournalFile, 'file'>): string =>
  `${writer}.${incarnation}.${sequence}.journal`;

/** Whether a file's name is that of a journal; without a folder in it. */
export const isJournalName = (file: string): boolean => pattern.test(file);

/** Names of all that counts in a folder: of each incarnation the newest file. */
export const newestJournalNames = async (folder: string): Promise<string[]> =>
  (await newestJournals(folder, '')).map(({ file }) => file);

/** Who has a journal in a folder, as `<writer>.<incarnation>`. */
export const journalWriters = async (folder: string): Promise<ReadonlySet<string>> =>
  new Set((await newestJournals(folder, '')).map(({ writer, incarnation }) => `${writer}.${incarnation}`));

/** The newest file of every incarnation of every writer, `last` and its incarnations at the end: it wrote when the others had ended. */
async function newestJournals(folder: string, last: string): Promise<JournalFile[]> {
  const newest = new Map<string, JournalFile>();
  for (const file of await readdir(folder).catch(ifMissing)) {
    const [, writer, incarnation, sequence] = pattern.exec(file) ?? [];
    if (writer === undefined) continue;
    const found = { file, writer, incarnation: Number(incarnation), sequence: Number(sequence) };
    const key = `${writer}.${found.incarnation}`;
    if ((newest.get(key)?.sequence ?? -1) < found.sequence) newest.set(key, found);
  }
  const isLast = ({ writer }: JournalFile): number => (writer === last ? 1 : 0);
  return [...newest.values()].sort(
    (a, b) => isLast(a) - isLast(b) || a.writer.localeCompare(b.writer) || a.incarnation - b.incarnation,
  );
}

/** One entry as a line: eight digits of checksum, the entry, a line break. */
export function encodeEntry(entry: JournalEntry): string {
  const text = JSON.stringify(entry);
  return `${checksumOf(text)} ${text}\n`;
}

/**
 * Gives every entry of a file to `apply`, in order and in constant memory. Lines at the very end that are not whole are what a
 * killed writer had not finished; one that is followed by a whole line is damage, and rejects.
 */
async function readJournal(path: string, apply: (entry: JournalEntry) => void): Promise<void> {
  let line = 0;
  let torn: number | undefined;
  let rest = '';
  const read = (text: string): void => {
    line += 1;
    const entry = decodeEntry(text);
    if (entry === undefined) torn ??= line;
    else if (torn === undefined) apply(entry);
    else throw damaged(path, torn);
  };
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) read(text);
  }
}

function decodeEntry(line: string): JournalEntry | undefined {
  const text = line.slice(9);
  if (line.slice(0, 8) !== checksumOf(text)) return undefined;
  // The checksum is that of a line of ours: its shape need not be checked again.
  const entry = JSON.parse(text) as JournalEntry;
  if (entry.entry !== 'object') return entry;
  // JSON has no `undefined`, which stands for an object that is not there.
  return { ...entry, values: entry.values.map((value) => value ?? undefined) };
}

const checksumOf = (text: string): string => crc32(text).toString(16).padStart(8, '0');

function damaged(path: string, line: number): Error {
  const error = new Error(
    `the write journal ${path} is damaged in line ${line}: what was acknowledged cannot be told from it, so it is not read` +
      ` back and nothing of it is deleted. Bring the file back from a copy and resolve the step with retry, or resolve it` +
      ` with skip: the run then ends without an answer on lost writes`,
  );
  error.name = 'EvidenceRefused';
  return error;
}

function ifMissing(error: unknown): string[] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
  throw error;
}

/** Reads the newest journals of a folder into one state; a file that its writer replaced meanwhile is looked for anew. */
export async function readJournals(folder: string, last: string): Promise<WrittenObjects> {
  for (let attempt = 1; ; attempt += 1) {
    const written = createWrittenObjects();
    try {
      for (const { file } of await newestJournals(folder, last)) {
        await readJournal(join(folder, file), (entry) => {
          written.apply(entry);
        });
      }
      return written;
    } catch (error) {
      const wasReplaced = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!wasReplaced || attempt >= attemptsMax) throw error;
    }
  }
}

const attemptsMax = 10;
