import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type EntryOf, isTravelling } from '#evidence/archive/archive-entry.ts';
import type { OpenArchive } from '#evidence/archive/archive-reader.ts';

/** A file of a run's folder that travels in an archive; `path` is within the folder. */
interface TravellingFile {
  readonly folder: string;
  readonly path: string;
  readonly bytes: number;
}

const pieceBytes = 256 * 1024;
/** A few documents, and a journal for each incarnation of each engine. */
const filesMax = 10_000;

/** What an archive takes along of a run's folder; nothing, when there is none. */
export async function listTravelling(folder: string): Promise<TravellingFile[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const files: TravellingFile[] = [];
  for (const path of names.filter(isTravelling).sort().slice(0, filesMax)) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() === true) files.push({ folder, path, bytes: found.size });
  }
  return files;
}

/** The files in pieces, each as long as it was when it was listed. Throws when one became shorter meanwhile. */
export async function* fileEntries(files: readonly TravellingFile[]): AsyncGenerator<EntryOf<'file'>> {
  for (const file of files) yield* piecesOf(file);
}

async function* piecesOf({ folder, path, bytes }: TravellingFile): AsyncGenerator<EntryOf<'file'>> {
  const handle = await open(join(folder, path), 'r');
  try {
    const pieces = Math.max(1, Math.ceil(bytes / pieceBytes));
    for (let piece = 0; piece < pieces; piece += 1) {
      const length = Math.min(pieceBytes, bytes - piece * pieceBytes);
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, piece * pieceBytes);
      if (bytesRead < length) throw new Error(`${join(folder, path)} changed while it was exported; export again`);
      yield { entry: 'file', path, piece, isLast: piece === pieces - 1, body: buffer.toString('base64') };
    }
  } finally {
    await handle.close();
  }
}

/** Puts the files of an archive where they belong; one that is there stays as it is. Whatever ends it leaves whole files only. */
export async function placeFiles({ entries }: OpenArchive, folder: string): Promise<void> {
  let unfinished: string | undefined;
  try {
    for await (const entry of entries) {
      if (entry.entry !== 'file') continue;
      unfinished = await placePiece(entry, folder);
    }
  } finally {
    if (unfinished !== undefined) await rm(unfinished, { force: true });
  }
}

/** The name that the file has until it is whole; undefined when it is. */
async function placePiece({ path, piece, isLast, body }: EntryOf<'file'>, folder: string): Promise<string | undefined> {
  const target = join(folder, path);
  const unfinished = `${target}.${process.pid}.part`;
  if (piece === 0) {
    await mkdir(dirname(target), { recursive: true });
    await rm(unfinished, { force: true });
  }
  const handle = await open(unfinished, piece === 0 ? 'wx' : 'a', 0o600);
  try {
    await handle.appendFile(Buffer.from(body, 'base64'));
    if (isLast) await handle.sync();
  } finally {
    await handle.close();
  }
  if (!isLast) return unfinished;
  if (await isThere(target)) await rm(unfinished, { force: true });
  else await rename(unfinished, target);
  return undefined;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
