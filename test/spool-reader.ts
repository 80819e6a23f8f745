import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceReader } from '#model/evidence.ts';
import { parseSegment, segmentsAmong } from '#evidence/segment.ts';

/**
 * Reads a run's evidence from its local spool alone, open and uploaded segments included: for when the store is away.
 * Uploaded segments are kept up to a bound only, so of a long run the store holds more.
 */
export function createSpoolReader(spoolOf: (runKey: string) => string): EvidenceReader {
  return {
    async *records(runKey) {
      const folder = spoolOf(runKey);
      for (const segment of segmentsAmong(await readdir(folder))) {
        yield* parseSegment(await readNow(folder, segment.file)).records;
      }
    },
  };
}

/** A segment may be closed or uploaded, so renamed, between the listing and the reading. */
async function readNow(folder: string, file: string): Promise<string> {
  const base = file.replace(/[.](part|done)$/, '');
  for (const name of [file, base, `${base}.done`]) {
    try {
      return await readFile(join(folder, name), 'utf8');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return '';
}
