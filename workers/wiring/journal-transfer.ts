import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceStore } from '#evidence/store.ts';
import { isJournalName, newestJournalNames } from '#loadtest/journal-file.ts';

type Store = Pick<EvidenceStore, 'saveJournalPiece' | 'listJournals' | 'readJournalPiece' | 'dropJournals'>;

interface Transfer {
  readonly store: Store;
  readonly runKey: string;
  /** `runs/<run key>/writes` of this host. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** All that is held of a journal at once, on either side. */
const pieceBytes = 4 * 1024 * 1024;

/**
 * Copies this host's write journals into the store, for the host that reads back. Their engines have ended, or what they write
 * meanwhile is not wanted. The same journal again replaces what is there.
 */
export async function handOverJournals({ store, runKey, folder, signal }: Transfer): Promise<{ journals: number }> {
  const files = await newestJournalNames(folder);
  for (const file of files) {
    let piece = 0;
    for await (const body of createReadStream(join(folder, file), { highWaterMark: pieceBytes })) {
      signal.throwIfAborted();
      await store.saveJournalPiece({ runKey, file, piece, body: body as Buffer });
      piece += 1;
    }
  }
  return { journals: files.length };
}

/** Takes the journals of other hosts out of the store and puts them beside this host's own, where they are read like those. */
export async function fetchJournals({ store, runKey, folder, signal }: Transfer): Promise<{ journals: number }> {
  const stored = await store.listJournals(runKey);
  mkdirSync(folder, { recursive: true });
  for (const { file, pieces, bytes } of stored) {
    signal.throwIfAborted();
    // A name that is none of ours must not become a path.
    if (!isJournalName(file)) throw new Error(`${file} in the evidence store is no write journal`);
    const path = join(folder, file);
    if (existsSync(path) && statSync(path).size === bytes) continue;
    await writePieces(`${path}.new`, pieces, (piece) => store.readJournalPiece({ runKey, file, piece }));
    await rename(`${path}.new`, path);
  }
  // All of them are files now, which a second delivery finds.
  if (stored.length > 0) await store.dropJournals(runKey);
  return { journals: stored.length };
}

async function writePieces(
  path: string,
  pieces: number,
  read: (piece: number) => Promise<Buffer | undefined>,
): Promise<void> {
  const handle = await open(path, 'w', 0o600);
  try {
    for (let piece = 0; piece < pieces; piece += 1) {
      const body = await read(piece);
      if (body === undefined) throw new Error(`piece ${piece} of ${path} is not in the evidence store`);
      await handle.writeFile(body);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}
