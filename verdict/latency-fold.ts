import type { Histogram } from 'hdr-histogram-js';
import type { OperationRecord } from '#model/evidence.ts';
import type { ClassLatency, Latency, OperationSummary } from '#model/evidence-summary.ts';
import { operationClasses } from '#model/operation.ts';
import { type EncodedCounts, readCounts } from './histogram-counts.ts';
import { createHistogramSum, emptyHistogram, type HistogramSum } from './histogram-sum.ts';
import { inMap, newMap } from './maps.ts';

/** Histograms of operations, merged; percentiles are computed once, at the end. */
export interface LatencyFold {
  add(record: OperationRecord): void;
  summary(): { operations: OperationSummary[]; classes: ClassLatency[]; histogramsRefused: number };
}

export interface LatencyBounds {
  readonly startsAt: number;
  readonly endsAt: number;
  /** Iterations have an intended start: latency is what counts then, with the service time beside it (R3.3). */
  readonly isIntended?: boolean;
}

/** Memory: 3 digits for what is judged, 2 for the points of a plot, and no more points than this. */
const pointsMax = 300;
const pointMsMin = 10_000;
const operationsMax = 200;

/** Folds records in any order. Records that begin outside the load count, but make no point. */
export function createLatencyFold({ startsAt, endsAt, isIntended = false }: LatencyBounds): LatencyFold {
  const pointMs = Math.max(pointMsMin, Math.ceil((endsAt - startsAt) / pointsMax / pointMsMin) * pointMsMin);
  const operations = new Map<string, OperationCounts>();
  const served = new Map<string, HistogramSum>();
  const merged = new Map<string, HistogramSum>();
  const points = new Map<string, Map<number, HistogramSum>>();
  let histogramsRefused = 0;

  function addHistogram(record: OperationRecord): void {
    const { at, operation } = record;
    const read = readBoth(record, isIntended);
    if (read === undefined) {
      histogramsRefused += 1;
      return;
    }
    inMap(merged, operation, createHistogramSum).add(read.latency);
    if (isIntended) inMap(served, operation, createHistogramSum).add(read.service);
    if (at < startsAt || at >= endsAt) return;
    const ofClass = inMap(points, classOf(operation), newMap<number, HistogramSum>);
    const point = startsAt + Math.floor((at - startsAt) / pointMs) * pointMs;
    inMap(ofClass, point, () => createHistogramSum(2)).add(read.latency);
  }

  function classLatency(name: string): ClassLatency[] {
    const own = [...operations.values()].filter((operation) => operation.class === name);
    const overall = percentiles(together(own.flatMap(({ operation }) => merged.get(operation)?.histogram() ?? [])));
    if (overall === undefined) return [];
    const serviceTime = percentiles(together(own.flatMap(({ operation }) => served.get(operation)?.histogram() ?? [])));
    const ofClass = [...(points.get(name) ?? [])]
      .sort(([a], [b]) => a - b)
      .flatMap(([at, sum]) => {
        const latency = percentiles(sum.histogram());
        return latency === undefined ? [] : [{ at, ...latency }];
      });
    return [{ class: name, overall, ...(serviceTime !== undefined && { serviceTime }), points: ofClass }];
  }

  return {
    add(record) {
      if (!operations.has(record.operation) && operations.size >= operationsMax) return;
      const counts = inMap(operations, record.operation, () => emptyOperation(record.operation));
      addCounts(counts, record);
      addHistogram(record);
    },
    summary() {
      return {
        operations: [...operations.values()].sort(byName(({ operation }) => operation)).map((operation) => {
          const latency = percentiles(merged.get(operation.operation)?.histogram());
          const serviceTime = percentiles(served.get(operation.operation)?.histogram());
          return {
            ...{ ...operation, failed: sorted(operation.failed), ...(latency !== undefined && { latency }) },
            ...(serviceTime !== undefined && { serviceTime }),
          };
        }),
        classes: classNamesOf(operations.values()).flatMap(classLatency),
        histogramsRefused,
      };
    },
  };
}

const classNamesOf = (operations: Iterable<OperationCounts>): string[] =>
  [...new Set([...operations].map((operation) => operation.class))].sort();

/** A torn or foreign one is refused with the other: it must not take the run's other evidence with it. */
function readBoth(
  { histogram, latencyHistogram = '' }: OperationRecord,
  isIntended: boolean,
): { latency: EncodedCounts; service: EncodedCounts } | undefined {
  const service = readCounts(histogram);
  const latency = isIntended ? readCounts(latencyHistogram) : service;
  return latency === undefined || service === undefined ? undefined : { latency, service };
}

function together(histograms: readonly Histogram[]): Histogram {
  const sum = emptyHistogram(3);
  for (const each of histograms) sum.add(each);
  return sum;
}

function classOf(operation: string): string {
  return Object.hasOwn(operationClasses, operation)
    ? operationClasses[operation as keyof typeof operationClasses]
    : 'other';
}

type OperationCounts = Omit<OperationSummary, 'latency' | 'serviceTime'>;

function addCounts(sum: OperationCounts, record: OperationRecord): void {
  sum.ok += record.ok;
  sum.abandoned += record.abandoned;
  sum.partial += record.partial;
  sum.bytesIn += record.bytesIn;
  // What a tool of somebody else's does not tell is unknown, and not zero.
  if (record.bytesOut !== undefined) sum.bytesOut = (sum.bytesOut ?? 0) + record.bytesOut;
  if (record.reconnects !== undefined) sum.reconnects = (sum.reconnects ?? 0) + record.reconnects;
  if (record.statuses !== undefined) {
    sum.statuses ??= {};
    for (const [name, count] of Object.entries(record.statuses)) sum.statuses[name] = (sum.statuses[name] ?? 0) + count;
  }
  for (const [cause, failed] of Object.entries(record.failed)) sum.failed[cause] = (sum.failed[cause] ?? 0) + failed;
}

function percentiles(histogram: Histogram | undefined): Latency | undefined {
  if (histogram === undefined || histogram.totalCount === 0) return undefined;
  const ms = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1_000;
  return {
    count: histogram.totalCount,
    p50Ms: ms(50),
    p95Ms: ms(95),
    p99Ms: ms(99),
    maxMs: histogram.maxValue / 1_000,
  };
}

const emptyOperation = (operation: string) => ({
  ...{ operation, class: classOf(operation), ok: 0, failed: {} as Record<string, number> },
  ...{ abandoned: 0, partial: 0, bytesIn: 0 },
});

const byName =
  <T>(name: (value: T) => string) =>
  (a: T, b: T): number =>
    name(a) < name(b) ? -1 : 1;

const sorted = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
