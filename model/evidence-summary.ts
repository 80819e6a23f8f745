import * as z from 'zod';
import { faultEvents, FindingRecord, GapRecord } from './evidence.ts';
import { Surroundings } from './surroundings.ts';
import { ProbeFigures } from './probe.ts';
import { LedgerGap, LedgerTotals } from './ledger.ts';

const count = z.int().nonnegative();
const at = z.number();

/** Percentiles of one merged histogram, in milliseconds. */
export const Latency = z.strictObject({
  count,
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
});
export type Latency = z.infer<typeof Latency>;

/** One operation over the whole load. `class` is that of `model/operation.ts`; `other` for a kind that it does not know. */
export const OperationSummary = z.strictObject({
  operation: z.string(),
  class: z.string(),
  ok: count,
  failed: z.record(z.string(), count),
  abandoned: count,
  partial: count,
  bytesIn: count,
  /** As in the records; absent in summaries of earlier versions, and where a tool of somebody else's drove. */
  bytesOut: count.optional(),
  reconnects: count.optional(),
  statuses: z.record(z.string(), count).optional(),
  /** From the intended start in the open model and under fixed pacing; else service time, and there is no `serviceTime` beside it. */
  latency: Latency.optional(),
  serviceTime: Latency.optional(),
});
export type OperationSummary = z.infer<typeof OperationSummary>;

/** Operations of one class together: over the whole load, and over time for the plot. */
export const ClassLatency = z.strictObject({
  class: z.string(),
  /** As `OperationSummary.latency`. */
  overall: Latency,
  serviceTime: Latency.optional(),
  points: z.array(Latency.extend({ at })),
});
export type ClassLatency = z.infer<typeof ClassLatency>;

/** What all shards together did in `seconds` seconds from `at`; sums, not rates. */
export const LoadPoint = z.strictObject({
  at,
  seconds: z.int().positive(),
  ...LedgerTotals.shape,
  /** Seconds of the point in which at least one shard has no record. */
  gapSeconds: count,
});
export type LoadPoint = z.infer<typeof LoadPoint>;

/**
 * One metric of one process incarnation. `points` are decimated for plots (the last value of a counter, the largest of a
 * gauge in each interval); every other figure is exact.
 */
export const SeriesSummary = z.strictObject({
  role: z.string(),
  incarnation: z.int().positive(),
  metric: z.string(),
  count,
  min: z.number(),
  max: z.number(),
  last: z.number(),
  /** Over the load alone; absent when there is no sample in it. */
  inLoad: z
    .strictObject({
      count,
      max: z.number(),
      mean: z.number(),
      /** Gauges only; within 2 %. */
      p95: z.number().optional(),
      /** Counters only: growth over `spanMs`. */
      increase: z.number().optional(),
      spanMs: z.number(),
    })
    .optional(),
  points: z.array(z.tuple([at, z.number()])),
});
export type SeriesSummary = z.infer<typeof SeriesSummary>;

/** The lowest sample of each of some thousand stretches of the load: of a gauge that may leak, by process and life. */
export const LowSeries = z.strictObject({
  role: z.string(),
  incarnation: z.int().positive(),
  metric: z.string(),
  points: z.array(z.tuple([at, z.number()])),
});
export type LowSeries = z.infer<typeof LowSeries>;

/** What one engine used in the load, over all of its incarnations. */
export const GeneratorSummary = z.strictObject({
  role: z.string(),
  /** Mean of cores; absent when there is less than a second to tell it from. */
  cores: z.number().optional(),
  /** 95th percentile over seconds of the event loop's p99 delay; within 2 %. */
  eventLoopDelayP95Seconds: z.number(),
  /** How late it began 99 % of the iterations whose time was fixed; absent where none has one. */
  scheduleErrorP99Ms: z.number().optional(),
});
export type GeneratorSummary = z.infer<typeof GeneratorSummary>;

/** One incarnation of one process, and how many of its samples are there (R6.2). */
export const ProcessSummary = z.strictObject({
  role: z.string(),
  incarnation: z.int().positive(),
  seenAt: at,
  goneAt: at.optional(),
  samplesExpected: count,
  samplesPresent: count,
});
export type ProcessSummary = z.infer<typeof ProcessSummary>;

/** The life of one fault, from its records. */
export const FaultSummary = z.strictObject({
  fault: z.string(),
  events: z.array(z.strictObject({ at, event: z.enum(faultEvents), detail: z.string() })),
  injectedAt: at.optional(),
  bitAt: at.optional(),
  healedAt: at.optional(),
  healedBy: z.enum(['injector', 'watchdog']).optional(),
  /** When its undoing began. */
  recoveringAt: at.optional(),
  victim: z.string().optional(),
  /** A part of the target that died or was stopped with nobody asking for it; it has no `injectedAt`. */
  unplanned: z.literal(true).optional(),
});
export type FaultSummary = z.infer<typeof FaultSummary>;

/** A stretch of time with a name: a fault's window, an outage of the harness, a part of the target that was down unasked. */
export const NamedWindow = z.strictObject({ name: z.string(), from: at, to: at });
export type NamedWindow = z.infer<typeof NamedWindow>;

/** What the unasked death of a part of the target cost (R7.1). */
export const UnplannedOutage = NamedWindow.extend({
  /** From half a second before it was found to two seconds after it was ready. */
  iterationsFailed: count,
  /** What its cache held when it died, by its last sample. */
  cacheBytesLost: count.optional(),
});
export type UnplannedOutage = z.infer<typeof UnplannedOutage>;

const Iterations = z.strictObject({ ok: count, failed: count, abandoned: count });

/** All evidence of one run, folded: what the judge and the report work from. Plain JSON of bounded size. */
export const EvidenceSummary = z.strictObject({
  /** Absent when the load never began. */
  loadStartsAt: at.optional(),
  loadEndsAt: at.optional(),
  /** When operators had paused the load: neither planned nor judged. Absent: never. */
  pauses: z.array(z.strictObject({ from: at, to: at })).optional(),
  /** How many records of each kind were folded. */
  records: z.record(z.string(), count),
  ledger: z.strictObject({
    totals: LedgerTotals,
    shards: z.array(LedgerTotals.extend({ shard: count })),
    gaps: z.array(LedgerGap),
    points: z.array(LoadPoint),
  }),
  iterations: Iterations,
  iterationsOutsideFaults: Iterations,
  /** Virtual-user seconds, in the open model iterations, of the seconds that are in no outage of their shard. */
  outsideOutages: z.strictObject({ due: count, delivered: count }),
  operations: z.array(OperationSummary),
  classes: z.array(ClassLatency),
  /** What was offered and what became of it in each probe of a capacity search; absent in other loads. */
  probes: z.array(ProbeFigures).optional(),
  /** Histograms that could not be decoded: their counts are kept, their latencies are not. */
  histogramsRefused: count,
  series: z.array(SeriesSummary),
  /** Of the gateways, of what they store in, and of the harness's own processes; absent in summaries of earlier versions. */
  lows: z.array(LowSeries).optional(),
  /** Absent where the machine was not sampled, as by earlier versions. */
  surroundings: Surroundings.optional(),
  /** Engines that told of themselves during the load. */
  generators: z.array(GeneratorSummary),
  processes: z.array(ProcessSummary),
  gaps: z.array(GapRecord),
  gapsTotal: count,
  faults: z.array(FaultSummary),
  /** Injected to healed plus two seconds to settle. */
  faultWindows: z.array(NamedWindow),
  /** Seconds of load or sampling that the harness owes; the name is `engine-<shard>` or `sampler`. */
  outages: z.array(NamedWindow),
  /** Parts of the target that were down with no planned fault to explain it; the name is the role. */
  unplannedOutages: z.array(UnplannedOutage),
  findings: z.array(FindingRecord),
  findingsTotal: z.record(z.string(), count),
  /**
   * Objects by their last recorded state. `liveAtEnd`: those that were there when the load had drained, before its leftovers
   * were deleted. `untracked`: write records beyond the bound on objects.
   */
  writes: z.strictObject({
    ...{ present: count, deleted: count, indeterminate: count, liveAtEnd: count, untracked: count },
    /** Read-backs while load went on, by the fault that they followed; at most 1,000. */
    readBacks: z.array(z.strictObject({ fault: z.string(), at, checked: count })).optional(),
  }),
  /** Texts of the database's slowest statements, by the id that their series bear; absent where the server tells of none. */
  statements: z.array(z.strictObject({ statement: z.string(), text: z.string() })).optional(),
});
export type EvidenceSummary = z.infer<typeof EvidenceSummary>;

/** How long load was planned for, in milliseconds: pauses are none of it. 0 when the load never began. */
export function loadMsOf({ loadStartsAt, loadEndsAt, pauses = [] }: EvidenceSummary): number {
  const pausedMs = pauses.reduce((sum, { from, to }) => sum + to - from, 0);
  return Math.max(0, (loadEndsAt ?? 0) - (loadStartsAt ?? 0) - pausedMs);
}
