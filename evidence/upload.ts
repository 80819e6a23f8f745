import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Batch, packBatch } from './batch.ts';
import { parseSegment, type Segment, segmentName, type SegmentText, segmentsAmong } from './segment.ts';
import type { EvidenceRecord } from '#model/evidence.ts';

export interface UploadOptions {
  readonly folder: string;
  readonly store: BatchStore;
  readonly runKey: string;
  /** Also the open segments of dead producers; at collect time, when nobody appends any more. */
  readonly includeOpen: boolean;
  /** Tells live producers from dead ones; without it, open segments are uploaded but stay open. */
  readonly isAlive?: (producer: string, incarnation: number) => boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (uploaded: UploadSummary) => void;
  /** Uploaded segments are kept beside the others up to this size, oldest deleted first. */
  readonly doneBytesMax?: number;
}

export interface BatchStore {
  /** Rejects with `StoreUnavailable` when the store does not answer. */
  saveBatch(batch: Batch): Promise<void>;
}

export interface UploadSummary {
  readonly batches: number;
  readonly records: number;
  /** Lines that were no record. */
  readonly refused: number;
}

const doneBytesMaxDefault = 64 * 1024 * 1024;

/**
 * Moves a spool into the store, one segment one batch. Twice is harmless, and so is dying between the two: a segment is
 * marked as done after its batch is committed, and the store knows batches by identity. A missing folder is an empty spool.
 */
export async function uploadSpool(options: UploadOptions): Promise<UploadSummary> {
  const { folder, signal } = options;
  let summary: UploadSummary = { batches: 0, records: 0, refused: 0 };
  for (const segment of await pendingSegments(options)) {
    signal.throwIfAborted();
    const batch = await upload(segment, options);
    if (batch === undefined) continue;
    summary = {
      batches: summary.batches + 1,
      records: summary.records + batch.records,
      refused: summary.refused + batch.refused,
    };
    options.onProgress?.(summary);
  }
  await trimDone(folder, options.doneBytesMax ?? doneBytesMaxDefault);
  return summary;
}

async function pendingSegments({ folder, includeOpen, isAlive }: UploadOptions): Promise<Segment[]> {
  const segments = segmentsAmong(await listFolder(folder));
  return segments.filter(({ state, producer, incarnation }) => {
    if (state === 'open') return includeOpen && isAlive?.(producer, incarnation) !== true;
    return state === 'closed';
  });
}

async function upload(segment: Segment, { folder, runKey, store, isAlive }: UploadOptions): Promise<Batch | undefined> {
  const path = join(folder, segment.file);
  const text = await readFile(path, 'utf8').catch(ifMissing);
  // Its producer closed it, or another upload finished it, since the listing.
  if (text === undefined) return undefined;
  const parsed = withGap(segment, parseSegment(text));
  const batch = await packBatch({ runKey, ...segment }, parsed);
  await store.saveBatch(batch);
  // Without a word on who is alive, an open segment may still grow: it is uploaded as far as it is, and again later.
  if (segment.state === 'open' && isAlive === undefined) return batch;
  const state = parsed.refused > 0 ? 'damaged' : 'done';
  await rename(path, join(folder, segmentName({ ...segment, state }))).catch(ifMissing);
  return batch;
}

/** Damaged lines are told like everything else that should be there and is not; the segment is kept as it was found. */
function withGap(segment: Segment, parsed: SegmentText): SegmentText {
  if (parsed.refused === 0) return parsed;
  const times = parsed.records.map(({ at }) => at);
  const at = times.reduce((earliest, time) => Math.min(earliest, time), times[0] ?? Date.now());
  const gap: EvidenceRecord = {
    ...{ kind: 'gap', at, until: times.reduce((latest, time) => Math.max(latest, time), at) },
    source: `spool-${segment.producer}`,
    reason: `${parsed.refused} damaged lines; what is left of them is in ${segmentName({ ...segment, state: 'damaged' })}`,
  };
  return { ...parsed, records: [...parsed.records, gap], lines: [...parsed.lines, JSON.stringify(gap)] };
}

/** The last segment of every incarnation stays, so that a number is never used twice. */
async function trimDone(folder: string, bytesMax: number): Promise<void> {
  const segments = segmentsAmong(await listFolder(folder));
  const isLast = (segment: Segment, index: number): boolean => {
    const next = segments[index + 1];
    return next?.producer !== segment.producer || next.incarnation !== segment.incarnation;
  };
  const spare = segments.filter((segment, index) => segment.state === 'done' && !isLast(segment, index));
  const files = await Promise.all(
    spare.map(async ({ file }) => {
      const found = await stat(join(folder, file)).catch(ifMissing);
      return { file, bytes: found?.size ?? 0, at: found?.mtimeMs ?? 0 };
    }),
  );
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  for (const file of files.sort((a, b) => a.at - b.at)) {
    if (bytes <= bytesMax) return;
    await rm(join(folder, file.file), { force: true });
    bytes -= file.bytes;
  }
}

const listFolder = async (folder: string): Promise<string[]> => (await readdir(folder).catch(ifMissing)) ?? [];

function ifMissing(error: unknown): undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
