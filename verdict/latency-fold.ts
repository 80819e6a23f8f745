import { build, decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { OperationRecord } from '#model/evidence.ts';
import type { ClassLatency, Latency, OperationSummary } from '#model/evidence-summary.ts';
import { operationClasses } from '#model/operation.ts';

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
  const service = { operations: new Map<string, Histogram>(), classes: new Map<string, Histogram>() };
  const merged = new Map<string, Histogram>();
  const classes = new Map<string, Histogram>();
  const points = new Map<string, Map<number, Histogram>>();
  let histogramsRefused = 0;

  function addHistogram(record: OperationRecord, operationClass: string): void {
    const served = decodeHistogram(record.histogram);
    const histogram = isIntended ? decodeHistogram(record.latencyHistogram) : served;
    if (histogram === undefined || served === undefined) {
      histogramsRefused += 1;
      return;
    }
    if (isIntended) {
      entry(service.operations, record.operation, () => emptyHistogram(3)).add(served);
      entry(service.classes, operationClass, () => emptyHistogram(3)).add(served);
    }
    entry(merged, record.operation, () => emptyHistogram(3)).add(histogram);
    entry(classes, operationClass, () => emptyHistogram(3)).add(histogram);
    if (record.at < startsAt || record.at >= endsAt) return;
    const point = startsAt + Math.floor((record.at - startsAt) / pointMs) * pointMs;
    const ofClass = entry(points, operationClass, () => new Map<number, Histogram>());
    entry(ofClass, point, () => emptyHistogram(2)).add(histogram);
  }

  return {
    add(record) {
      if (!operations.has(record.operation) && operations.size >= operationsMax) return;
      const operationClass = classOf(record.operation);
      addCounts(
        entry(operations, record.operation, () => emptyOperation(record.operation, operationClass)),
        record,
      );
      addHistogram(record, operationClass);
    },
    summary: () => ({
      operations: [...operations.values()].sort(byName(({ operation }) => operation)).map((operation) => {
        const latency = percentiles(merged.get(operation.operation));
        const serviceTime = percentiles(service.operations.get(operation.operation));
        return {
          ...{ ...operation, failed: sorted(operation.failed), ...(latency !== undefined && { latency }) },
          ...(serviceTime !== undefined && { serviceTime }),
        };
      }),
      classes: [...classes].sort(byName(([name]) => name)).flatMap(([name, histogram]) => {
        const overall = percentiles(histogram);
        if (overall === undefined) return [];
        const ofClass = [...(points.get(name) ?? [])].sort(([a], [b]) => a - b);
        const pointsOfClass = ofClass.flatMap(([at, point]) => {
          const latency = percentiles(point);
          return latency === undefined ? [] : [{ at, ...latency }];
        });
        const serviceTime = percentiles(service.classes.get(name));
        return [{ class: name, overall, ...(serviceTime !== undefined && { serviceTime }), points: pointsOfClass }];
      }),
      histogramsRefused,
    }),
  };
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

/** A torn or foreign histogram is refused, and said to be: it must not take the run's other evidence with it. */
export function decodeHistogram(text: string | undefined): Histogram | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeFromCompressedBase64(text);
  } catch {
    return undefined;
  }
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

export const emptyHistogram = (digits: 2 | 3): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2,
    numberOfSignificantValueDigits: digits,
    autoResize: true,
  });

const emptyOperation = (operation: string, operationClass: string) => ({
  ...{ operation, class: operationClass, ok: 0, failed: {} as Record<string, number> },
  ...{ abandoned: 0, partial: 0, bytesIn: 0 },
});

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const there = map.get(key);
  if (there !== undefined) return there;
  const made = make();
  map.set(key, made);
  return made;
}

const byName =
  <T>(name: (value: T) => string) =>
  (a: T, b: T): number =>
    name(a) < name(b) ? -1 : 1;

const sorted = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
