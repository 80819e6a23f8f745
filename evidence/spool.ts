import { mkdirSync, readdirSync } from 'node:fs';
import type { EvidenceRecord, EvidenceSink, GapRecord } from '#model/evidence.ts';
import { isProducerName, segmentsAmong } from './segment.ts';
import { createSpoolWriter, segmentBytesMax, type SpoolPlace } from './spool-writer.ts';
import { createSpoolBound } from './spool-bound.ts';

/** `producer` is letters, digits and dashes, e.g. `engine-0`. */
export interface SpoolOptions extends SpoolPlace {
  /** Of everything in the folder that is not uploaded yet, by all its producers together. */
  readonly bytesMax?: number;
  /** Told when records were lost, at the moment at which their gap is recorded. */
  readonly onGap?: (gap: GapRecord) => void;
  readonly now?: () => number;
}

const bytesMaxDefault = 512 * 1024 * 1024;
const flushMs = 250;
/** Records wait here while the disk is full or slow; beyond it they are dropped. */
const pendingBytesMax = 4 * 1024 * 1024;

/**
 * A producer's local spool: NDJSON segments, written and fsynced every 250 ms, closed after 5 s or 1 MB. A SIGKILL costs
 * what was appended since the last write; machine death costs at most one second. Lost records become one recorded gap.
 */
export function createSpool(options: SpoolOptions): EvidenceSink {
  const { folder, producer, now = Date.now } = options;
  if (!isProducerName(producer)) throw new Error(`not a name of a producer: ${producer}`);
  mkdirSync(folder, { recursive: true });
  const bytesMax = options.bytesMax ?? bytesMaxDefault;
  const bound = createSpoolBound({ folder, bytesMax, now });
  const pending = createPending(pendingBytesMax);
  const loss = createLoss(`spool-${producer}`);
  const writer = createSpoolWriter(options, nextSequence(options), now);
  let work: Promise<void> = Promise.resolve();
  let isFlushing = false;
  let isClosed = false;

  async function flush(): Promise<void> {
    if (pending.isEmpty() && !loss.isOpen()) return;
    try {
      if ((await bound.room()) <= 0) throw new Error(`the spool is full: ${bytesMax} bytes in ${folder}`);
      await writePending();
      // Only now: while nothing can be written, a loss goes on and must not become many gaps.
      recordLoss();
      await writePending();
    } catch (error) {
      loss.because(error);
    }
  }

  async function writePending(): Promise<void> {
    for (let chunk = pending.peek(segmentBytesMax); chunk.lines > 0; chunk = pending.peek(segmentBytesMax)) {
      await writer.write(chunk.text);
      bound.grew(chunk.bytes);
      pending.drop(chunk);
    }
  }

  function recordLoss(): void {
    const gap = loss.take(now());
    if (gap === undefined) return;
    pending.pushFirst(lineOf(gap));
    options.onGap?.(gap);
  }

  async function beat(): Promise<void> {
    await flush();
    try {
      await writer.closeAged();
    } catch (error) {
      loss.because(error);
    }
  }

  const timer = setInterval(() => {
    if (isFlushing || isClosed) return;
    isFlushing = true;
    work = beat().finally(() => (isFlushing = false));
  }, flushMs);
  timer.unref();

  return {
    append(record) {
      if (isClosed || !pending.push(lineOf(record))) loss.add(record.at);
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      clearInterval(timer);
      await work;
      await flush();
      await writer.close().catch(() => undefined);
    },
  };
}

const lineOf = (record: EvidenceRecord): string => `${JSON.stringify(record)}\n`;

/** Uploaded segments leave a `.done` behind, so numbers that were once used are still there to be seen. */
function nextSequence({ folder, producer, incarnation }: SpoolPlace): number {
  const own = segmentsAmong(readdirSync(folder)).filter(
    (segment) => segment.producer === producer && segment.incarnation === incarnation,
  );
  return Math.max(-1, ...own.slice(-1).map(({ sequence }) => sequence)) + 1;
}

interface Chunk {
  readonly text: string;
  readonly lines: number;
  readonly bytes: number;
}

/** Lines that are not written yet, at most `bytesMax` of them. */
function createPending(bytesMax: number) {
  let lines: string[] = [];
  let bytes = 0;
  return {
    isEmpty: () => lines.length === 0,
    push(line: string): boolean {
      if (bytes + line.length > bytesMax) return false;
      lines.push(line);
      bytes += line.length;
      return true;
    },
    pushFirst(line: string): void {
      lines = [line, ...lines];
      bytes += line.length;
    },
    peek(max: number): Chunk {
      let count = 0;
      let size = 0;
      while (count < lines.length && size < max) {
        size += lines[count]?.length ?? 0;
        count += 1;
      }
      return { text: lines.slice(0, count).join(''), lines: count, bytes: size };
    },
    drop(chunk: Chunk): void {
      lines = lines.slice(chunk.lines);
      bytes -= chunk.bytes;
    },
  };
}

/** What was lost since the last record of a loss, and why. */
function createLoss(source: string) {
  let lost = 0;
  let from = 0;
  let reason = 'records came faster than they could be written';
  return {
    isOpen: () => lost > 0,
    add(at: number): void {
      if (lost === 0) from = at;
      lost += 1;
    },
    because(error: unknown): void {
      reason = error instanceof Error ? error.message : String(error);
    },
    take(at: number): GapRecord | undefined {
      if (lost === 0) return undefined;
      const gap: GapRecord = {
        kind: 'gap',
        at: from,
        until: Math.max(at, from),
        source,
        reason: `${lost} records lost: ${reason}`,
      };
      lost = 0;
      return gap;
    },
  };
}
