import { createSegmentFile, type SegmentFile } from './segment-file.ts';

export interface SpoolPlace {
  readonly folder: string;
  readonly producer: string;
  readonly incarnation: number;
}

export interface SpoolWriter {
  /** On disk when it resolves; when it rejects, nothing of it is, and it may be tried again. */
  write(text: string): Promise<void>;
  /** Closes the segment that is open for longer than 5 s. */
  closeAged(): Promise<void>;
  close(): Promise<void>;
}

const segmentMs = 5_000;
export const segmentBytesMax = 1024 * 1024;

/** Writes one segment after the other, each to 1 MB or 5 s. A segment begins with its first record. */
export function createSpoolWriter(place: SpoolPlace, first: number, now: () => number): SpoolWriter {
  let sequence = first;
  let segment: SegmentFile | undefined;

  async function close(): Promise<void> {
    const closing = segment;
    segment = undefined;
    await closing?.close();
  }

  return {
    close,
    async write(text) {
      segment ??= await createSegmentFile({ ...place, sequence, openedAt: now() });
      sequence = segment.sequence + 1;
      try {
        await segment.append(text);
      } catch (error) {
        if (segment.isBroken()) await close().catch(() => undefined);
        throw error;
      }
      if (segment.bytes() >= segmentBytesMax) await close();
    },
    async closeAged() {
      if (segment !== undefined && now() - segment.openedAt >= segmentMs) await close();
    },
  };
}
