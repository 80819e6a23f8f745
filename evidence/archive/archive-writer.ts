import { createWriteStream } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { canonicalJson } from '#model/canonical-json.ts';
import { type ArchiveEntry, type ArchiveHeader, textOf } from './archive-entry.ts';
import { createSectionDigest } from './archive-sections.ts';

export interface ArchiveParts {
  readonly header: ArchiveHeader;
  readonly entries: AsyncIterable<ArchiveEntry>;
}

export interface WriteOptions {
  /** A file of that name may be replaced. */
  readonly force: boolean;
  readonly signal: AbortSignal;
  readonly onEntry?: (entry: ArchiveEntry) => void;
}

/**
 * Writes an archive under another name, which becomes `path` when it is whole and on disk; whatever ends it before leaves
 * nothing but an older file of that name. In memory there is one entry. Rejects with `FileExists` unless told to replace.
 */
export async function writeArchive(path: string, parts: ArchiveParts, options: WriteOptions): Promise<void> {
  const { force, signal } = options;
  const refuseExisting = async (): Promise<void> => {
    if (force || !(await isThere(path))) return;
    throw Object.assign(new Error(`${path} is there already`), { name: 'FileExists' });
  };
  await refuseExisting();
  await mkdir(dirname(path), { recursive: true });
  await sweepUnfinished(path);
  const unfinished = `${path}.${process.pid}.part`;
  try {
    const file = createWriteStream(unfinished, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(Readable.from(linesOf(parts, options)), createGzip(), file, { signal });
    signal.throwIfAborted();
    await refuseExisting();
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function* linesOf({ header, entries }: ArchiveParts, { onEntry }: WriteOptions): AsyncGenerator<string> {
  const digest = createSectionDigest();
  const first = `${canonicalJson(header)}\n`;
  digest.add('header', first);
  yield first;
  for await (const entry of entries) {
    const text = textOf(entry);
    digest.add(entry.entry, text);
    yield text;
    onEntry?.(entry);
  }
  yield `${canonicalJson({ entry: 'end', sections: digest.end() })}\n`;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** What a killed export of the same name left: its number is that of a process which is no more. */
async function sweepUnfinished(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  for (const file of await readdir(folder)) {
    if (!file.startsWith(`${name}.`)) continue;
    const pid = Number(/^\.(\d+)\.part$/.exec(file.slice(name.length))?.[1] ?? 0);
    if (pid > 0 && pid !== process.pid && !lives(pid)) await rm(join(folder, file), { force: true });
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
