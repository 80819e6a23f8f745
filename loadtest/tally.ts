import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { OperationRecord } from '#model/evidence.ts';

/** What one operation's end adds to the books. `cause` as in `OperationRecord.failed`. */
export type OperationEnd =
  | ({
      readonly outcome: 'ok';
      readonly durationUs: number;
      readonly bytesIn: number;
      readonly partial: boolean;
    } & Wire)
  | ({
      readonly outcome: 'failed';
      readonly cause: string;
      readonly durationUs?: number;
      readonly bytesIn: number;
    } & Wire)
  | { readonly outcome: 'abandoned' };

/** What it took to get there, counted beside the outcome. */
export interface Wire {
  /** Of an answer. */
  readonly status?: number;
  readonly bytesOut?: number;
  /** Connections that had to be opened again for it. */
  readonly reconnects?: number;
}

/** Counts and histograms by operation since the last flush. */
export interface Tally {
  /** `waitedUs`: how long after its intended start it was sent; 0 where no start is intended. */
  note(operation: string, end: OperationEnd, waitedUs?: number): void;
  /** One record for each operation that ended in [at, until), and begins anew. */
  flush(at: number, until: number): OperationRecord[];
  /** Latency, or service time where no start is intended, in milliseconds over the last full interval, or over the first one so far; undefined without answers. */
  latencyMsP95(): number | undefined;
}

interface Entry {
  ok: number;
  failed: Record<string, number>;
  abandoned: number;
  partial: number;
  bytesIn: number;
  bytesOut: number;
  reconnects: number;
  statuses: Record<string, number>;
  readonly histogram: Histogram;
  /** From the intended start. */
  readonly latencies?: Histogram;
}

const highestUs = 2 ** 26;
/** Beyond these, causes of one operation are counted together: a target may invent statuses without end. */
const causesMax = 32;
/** And beyond these, operations: a scenario may put an id into each name. */
const operationsMax = 190;

/** By the first digit of a status. */
const statusClasses = [undefined, '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** `isIntended`: iterations have a start that is intended, so that latency is kept beside service time (R3.3). */
export function createTally(shard: number, incarnation: number, isIntended = false): Tally {
  const entries = new Map<string, Entry>();
  const overall = { before: createHistogram(), now: createHistogram() };

  function entryOf(name: string): Entry {
    const operation = entries.has(name) || entries.size < operationsMax ? name : 'other';
    const known = entries.get(operation);
    if (known !== undefined) return known;
    const entry = {
      ...emptyCounts(),
      histogram: createHistogram(),
      ...(isIntended && { latencies: createHistogram() }),
    };
    entries.set(operation, entry);
    return entry;
  }

  function recordOf(operation: string, entry: Entry, [at, until]: readonly [number, number]): OperationRecord {
    const { ok, failed, abandoned, partial, bytesIn, bytesOut, reconnects, statuses } = entry;
    const histogram = encodeIntoCompressedBase64(entry.histogram);
    const counts = { ok, failed, abandoned, partial, bytesIn, bytesOut, reconnects, statuses };
    const latencies =
      entry.latencies === undefined ? {} : { latencyHistogram: encodeIntoCompressedBase64(entry.latencies) };
    return { kind: 'operation', at, until, shard, incarnation, operation, ...counts, histogram, ...latencies };
  }

  return {
    note(operation, end, waitedUs = 0) {
      const entry = entryOf(operation);
      count(entry, end);
      if (end.outcome === 'abandoned' || end.durationUs === undefined) return;
      entry.histogram.recordValue(end.durationUs);
      const latencyUs = end.durationUs + Math.round(waitedUs);
      entry.latencies?.recordValue(latencyUs);
      overall.now.recordValue(latencyUs);
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

export const createHistogram = (): Histogram =>
  build({ bitBucketSize: 32, autoResize: true, highestTrackableValue: highestUs, numberOfSignificantValueDigits: 3 });

function count(entry: Entry, end: OperationEnd): void {
  if (end.outcome === 'abandoned') {
    entry.abandoned += 1;
    return;
  }
  entry.bytesIn += end.bytesIn;
  entry.bytesOut += end.bytesOut ?? 0;
  entry.reconnects += end.reconnects ?? 0;
  const statusClass = statusClasses[Math.floor((end.status ?? 0) / 100)];
  if (statusClass !== undefined) entry.statuses[statusClass] = (entry.statuses[statusClass] ?? 0) + 1;
  if (end.outcome === 'failed') {
    const isNew = entry.failed[end.cause] === undefined;
    const cause = isNew && Object.keys(entry.failed).length >= causesMax ? 'other' : end.cause;
    entry.failed[cause] = (entry.failed[cause] ?? 0) + 1;
    return;
  }
  entry.ok += 1;
  if (end.partial) entry.partial += 1;
}

const emptyCounts = () => ({
  ...{ ok: 0, failed: {}, abandoned: 0, partial: 0, bytesIn: 0, bytesOut: 0, reconnects: 0, statuses: {} },
});

const hasEnded = (entry: Entry): boolean => entry.ok > 0 || entry.abandoned > 0 || Object.keys(entry.failed).length > 0;

function reset(entry: Entry): void {
  Object.assign(entry, emptyCounts());
  entry.histogram.reset();
  entry.latencies?.reset();
}
