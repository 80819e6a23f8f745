import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeEntry, journalName } from './journal-file.ts';
import { entriesOf, type JournalEntry, type WrittenObjects } from './written-objects.ts';

/** The file that an incarnation writes to now; the one before it is gone. */
export interface JournalWriter {
  /** On disk when it resolves; when it rejects, it may be tried again and overwrites what it left. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  close(): Promise<void>;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly path: string;
  bytes: number;
  /** What the file began with. */
  readonly firstBytes: number;
}

const chunkBytes = 256 * 1024;

/** `written` is the state that a new file begins with: that of all entries which were appended before. */
export function createJournalWriter(
  place: { readonly folder: string; readonly writer: string; readonly incarnation: number },
  written: WrittenObjects,
  fileBytesMax: number,
): JournalWriter {
  const { folder } = place;
  let sequence = 0;
  let file: OpenFile | undefined;

  /** The new file counts from its renaming on, when the whole state is in it. */
  async function begin(): Promise<OpenFile> {
    const path = join(folder, journalName({ ...place, sequence }));
    const handle = await open(`${path}.new`, 'w', 0o600);
    let bytes = 0;
    for (const chunk of chunksOf(entriesOf(written))) {
      await writeAt(handle, chunk, bytes);
      bytes += chunk.length;
    }
    await handle.datasync();
    await rename(`${path}.new`, path);
    await syncFolder(folder);
    sequence += 1;
    return { handle, path, bytes, firstBytes: bytes };
  }

  async function current(): Promise<OpenFile> {
    if (file === undefined) return begin();
    if (file.bytes - file.firstBytes < Math.max(fileBytesMax, file.firstBytes)) return file;
    const next = await begin();
    await file.handle.close();
    await rm(file.path, { force: true });
    return next;
  }

  return {
    async append(entries) {
      file = await current();
      const body = Buffer.from(entries.map(encodeEntry).join(''));
      await writeAt(file.handle, body, file.bytes);
      await file.handle.datasync();
      file.bytes += body.length;
    },
    async close() {
      await file?.handle.close();
    },
  };
}

function* chunksOf(entries: Iterable<JournalEntry>): Generator<Buffer> {
  let text = '';
  for (const entry of entries) {
    text += encodeEntry(entry);
    if (text.length < chunkBytes) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

async function writeAt(handle: FileHandle, body: Buffer, position: number): Promise<void> {
  for (let done = 0; done < body.length;) {
    const { bytesWritten } = await handle.write(body, done, body.length - done, position + done);
    if (bytesWritten === 0) throw new Error('the disk took nothing');
    done += bytesWritten;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
