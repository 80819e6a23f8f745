import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentsAmong } from './segment.ts';

export interface SpoolBound {
  /** Bytes that may still be written; as old as the last look at the folder, other producers' growth since included by the next. */
  room(): Promise<number>;
  grew(bytes: number): void;
}

const lookMs = 5_000;
/** Looking at a folder of very many segments must not become the work. */
const lookCostMax = 0.02;

/** Holds what a folder's producers have not uploaded yet under `bytesMax`, without a word between them. */
export function createSpoolBound(options: { folder: string; bytesMax: number; now: () => number }): SpoolBound {
  const { folder, bytesMax, now } = options;
  let bytes = 0;
  let nextLookAt = -Infinity;

  return {
    async room() {
      const startedAt = now();
      if (startedAt >= nextLookAt) {
        bytes = await pendingBytes(folder);
        nextLookAt = startedAt + Math.max(lookMs, (now() - startedAt) / lookCostMax);
      }
      // A full spool looks again at every flush: an upload may have made room.
      if (bytes >= bytesMax) nextLookAt = Math.min(nextLookAt, now() + 1_000);
      return bytesMax - bytes;
    },
    grew(grown) {
      bytes += grown;
    },
  };
}

async function pendingBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const { file, state } of segmentsAmong(await readdir(folder))) {
    if (state === 'done' || state === 'damaged') continue;
    // It may have been uploaded since the listing.
    bytes += await stat(join(folder, file)).then(({ size }) => size, () => 0); // prettier-ignore
  }
  return bytes;
}
