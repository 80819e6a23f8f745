import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { OperationRecord } from '#model/evidence.ts';

/** What one operation's end adds to the books. `cause` as in `OperationRecord.failed`. */
export type OperationEnd =
  | { readonly outcome: 'ok'; readonly durationUs: number; readonly bytesIn: number; readonly partial: boolean }
  | { readonly outcome: 'failed'; readonly cause: string; readonly durationUs?: number; readonly bytesIn: number }
  | { readonly outcome: 'abandoned' };

/** Counts and histograms by operation since the last flush. */
export interface Tally {
  note(operation: string, end: OperationEnd): void;
  /** One record for each operation that ended in [at, until), and begins anew. */
  flush(at: number, until: number): OperationRecord[];
  /** Service time in milliseconds over the last full interval, or over the first one so far; undefined without answers. */
  latencyMsP95(): number | undefined;
}

interface Entry {
  ok: number;
  failed: Record<string, number>;
  abandoned: number;
  partial: number;
  bytesIn: number;
  readonly histogram: Histogram;
}

const highestUs = 2 ** 26;
/** Beyond these, causes of one operation are counted together: a target may invent statuses without end. */
const causesMax = 32;
/** And beyond these, operations: a scenario may put an id into each name. */
const operationsMax = 190;

export function createTally(shard: number, incarnation: number): Tally {
  const entries = new Map<string, Entry>();
  const overall = { before: createHistogram(), now: createHistogram() };

  function entryOf(name: string): Entry {
    const operation = entries.has(name) || entries.size < operationsMax ? name : 'other';
    const known = entries.get(operation);
    if (known !== undefined) return known;
    const entry = { ok: 0, failed: {}, abandoned: 0, partial: 0, bytesIn: 0, histogram: createHistogram() };
    entries.set(operation, entry);
    return entry;
  }

  function recordOf(operation: string, entry: Entry, [at, until]: readonly [number, number]): OperationRecord {
    const { ok, failed, abandoned, partial, bytesIn } = entry;
    const histogram = encodeIntoCompressedBase64(entry.histogram);
    const counts = { ok, failed, abandoned, partial, bytesIn };
    return { kind: 'operation', at, until, shard, incarnation, operation, ...counts, histogram };
  }

  return {
    note(operation, end) {
      const entry = entryOf(operation);
      count(entry, end);
      if (end.outcome === 'abandoned' || end.durationUs === undefined) return;
      entry.histogram.recordValue(end.durationUs);
      overall.now.recordValue(end.durationUs);
    },
    flush(at, until) {
      const records = [...entries]
        .filter(([, entry]) => hasEnded(entry))
        .map(([operation, entry]) => recordOf(operation, entry, [at, until]));
      for (const entry of entries.values()) reset(entry);
      [overall.before, overall.now] = [overall.now, overall.before];
      overall.now.reset();
      return records;
    },
    latencyMsP95() {
      const { totalCount } = overall.before;
      const histogram = totalCount > 0 ? overall.before : overall.now;
      return histogram.totalCount === 0 ? undefined : histogram.getValueAtPercentile(95) / 1_000;
    },
  };
}

const createHistogram = (): Histogram =>
  build({ bitBucketSize: 32, autoResize: true, highestTrackableValue: highestUs, numberOfSignificantValueDigits: 3 });

function count(entry: Entry, end: OperationEnd): void {
  if (end.outcome === 'abandoned') {
    entry.abandoned += 1;
    return;
  }
  entry.bytesIn += end.bytesIn;
  if (end.outcome === 'failed') {
    const isNew = entry.failed[end.cause] === undefined;
    const cause = isNew && Object.keys(entry.failed).length >= causesMax ? 'other' : end.cause;
    entry.failed[cause] = (entry.failed[cause] ?? 0) + 1;
    return;
  }
  entry.ok += 1;
  if (end.partial) entry.partial += 1;
}

const hasEnded = (entry: Entry): boolean => entry.ok > 0 || entry.abandoned > 0 || Object.keys(entry.failed).length > 0;

function reset(entry: Entry): void {
  Object.assign(entry, { ok: 0, failed: {}, abandoned: 0, partial: 0, bytesIn: 0 });
  entry.histogram.reset();
}
