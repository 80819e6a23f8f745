import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { segmentName } from './segment.ts';

export interface SegmentFile {
  readonly sequence: number;
  readonly openedAt: number;
  bytes(): number;
  /** True after a failed append that could not be taken back: its last line may be torn, nothing more may follow. */
  isBroken(): boolean;
  /** Written and fsynced when it resolves; when it rejects, the file ends where it ended before. */
  append(text: string): Promise<void>;
  /** From now on it may be uploaded. */
  close(): Promise<void>;
}

export interface NewSegment {
  readonly folder: string;
  readonly producer: string;
  readonly incarnation: number;
  readonly sequence: number;
  readonly openedAt: number;
}

const attemptsMax = 1_000;

/** Opens the first free number from `sequence` on: a name is never used twice, whoever used it before. */
export async function createSegmentFile(place: NewSegment): Promise<SegmentFile> {
  const { folder, producer, incarnation, openedAt } = place;
  const { sequence, handle, path } = await openFree(place);
  let bytes = 0;
  let isBroken = false;

  return {
    sequence,
    openedAt,
    bytes: () => bytes,
    isBroken: () => isBroken,
    async append(text) {
      const body = Buffer.from(text);
      try {
        await writeAll(body);
        await handle.datasync();
      } catch (error) {
        // Half a line in the middle of a segment would cost the whole one after it too.
        await handle.truncate(bytes).catch(() => (isBroken = true));
        throw error;
      }
      bytes += body.length;
    },
    async close() {
      await handle.close();
      await rename(path, join(folder, segmentName({ producer, incarnation, sequence, state: 'closed' })));
    },
  };

  async function writeAll(body: Buffer): Promise<void> {
    for (let written = 0; written < body.length;) {
      const { bytesWritten } = await handle.write(body, written, body.length - written, bytes + written);
      if (bytesWritten === 0) throw new Error('the disk took nothing');
      written += bytesWritten;
    }
  }
}

async function openFree({ folder, producer, incarnation, sequence: first }: NewSegment) {
  for (let sequence = first; sequence < first + attemptsMax; sequence += 1) {
    const path = join(folder, segmentName({ producer, incarnation, sequence, state: 'open' }));
    try {
      return { sequence, path, handle: await open(path, 'wx', 0o600) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
  throw new Error(`no free segment for ${producer}.${incarnation} in ${folder}`);
}
