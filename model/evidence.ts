import * as z from 'zod';

/**
 * What producers (engines, samplers, watchdog, activities) append to their local spool, one JSON line each.
 * All times are milliseconds since the epoch. A value that is not there is absent: null is never zero.
 */
const at = z.number();
const counts = z.record(z.string(), z.int().nonnegative());

/** One process (or service) at one moment; keys are names of `model/metrics.ts`. */
export const SampleRecord = z.strictObject({
  kind: z.literal('sample'),
  at,
  role: z.string(),
  incarnation: z.int().positive(),
  values: z.record(z.string(), z.number()),
});

/** Something that should have been seen and was not, with the reason (R6.2). */
export const GapRecord = z.strictObject({
  kind: z.literal('gap'),
  at,
  until: z.number(),
  source: z.string(),
  reason: z.string(),
});

/** A process was first seen, or was gone. A restart is a break, not a drop (R6.2). */
export const IncarnationRecord = z.strictObject({
  kind: z.literal('incarnation'),
  at,
  role: z.string(),
  incarnation: z.int().positive(),
  pid: z.int().positive(),
  event: z.enum(['seen', 'gone']),
});

/**
 * One shard's second (R3.5). Closed model: a slot is a virtual user's second of presence. Open model: an iteration that falls
 * due in this second. `due` is what the plan wanted; `delivered` was present, or ended with an answer or a failure, whenever
 * that was; `dropped` was not begun for want of a virtual user.
 *
 * Open model: a second is told when it is over, and again whenever some of what was `inFlight` then has ended; a later
 * record of the same second and incarnation replaces the earlier one. `requests` and `iterations…` are of those that ended
 * in this second, in either model. An engine that began in mid-second tells of what fell due from then on.
 */
export const LedgerRecord = z.strictObject({
  kind: z.literal('ledger'),
  /** Start of the second. */
  at,
  shard: z.int().nonnegative(),
  incarnation: z.int().positive(),
  due: z.int().nonnegative(),
  delivered: z.int().nonnegative(),
  dropped: z.int().nonnegative(),
  abandoned: z.int().nonnegative(),
  inFlight: z.int().nonnegative(),
  requests: z.int().nonnegative(),
  iterationsOk: z.int().nonnegative(),
  iterationsFailed: z.int().nonnegative(),
  iterationsAbandoned: z.int().nonnegative(),
});

/** One operation of one shard over about ten seconds. Histograms travel, percentiles do not. */
export const OperationRecord = z.strictObject({
  kind: z.literal('operation'),
  at,
  until: z.number(),
  shard: z.int().nonnegative(),
  incarnation: z.int().positive(),
  operation: z.string(),
  ok: z.int().nonnegative(),
  /** Failures by cause: `http-503`, `timeout`, `connection-ECONNREFUSED`, `check-shape`, `check-scope`, … */
  failed: counts,
  /** Cut off by the stop: neither ok nor failed. */
  abandoned: z.int().nonnegative(),
  /** Answers that said themselves to be partial because a mocked upstream failed as scripted. */
  partial: z.int().nonnegative(),
  bytesIn: z.int().nonnegative(),
  /** Of whole requests; `bytesIn` is of answers' bodies. Absent, as the two below, in what earlier versions wrote. */
  bytesOut: z.int().nonnegative().optional(),
  /** Connections that had to be opened again. No request is ever sent twice. */
  reconnects: z.int().nonnegative().optional(),
  /** Answers by `2xx`, `4xx`, … */
  statuses: counts.optional(),
  /** hdr-histogram-js V2 encoding, base64; service time in microseconds, answered requests only. */
  histogram: z.string(),
  /**
   * The same answers by latency: the first operation of an iteration from the time that the iteration was meant to begin,
   * later ones from when they were sent. Open model and fixed pacing only.
   */
  latencyHistogram: z.string().optional(),
});

/** How late the generator itself began iterations whose time was fixed, of one shard over about ten seconds; none of it is the target's. */
export const ScheduleRecord = z.strictObject({
  kind: z.literal('schedule'),
  at,
  until: z.number(),
  shard: z.int().nonnegative(),
  incarnation: z.int().positive(),
  begun: z.int().positive(),
  /** As in `OperationRecord`: from the time that was meant to the actual one, in microseconds. */
  histogram: z.string(),
});

/** Something that a verdict must name: a scope leak, an unasked death, a saturated generator. At most 1,000 a run and source. */
export const FindingRecord = z.strictObject({
  kind: z.literal('finding'),
  at,
  source: z.string(),
  finding: z.enum([
    'scope-leak',
    'unplanned-death',
    'restarted',
    'late-heal',
    'lost-write',
    'resurrected',
    'wrong-answer',
    'task-error',
    'threshold',
  ]),
  detail: z.string().max(400),
});

/** Durability oracle (R7.4): the last acknowledged state of an object that load wrote. Later records of one object win. */
export const WriteRecord = z.strictObject({
  kind: z.literal('write'),
  at,
  objectId: z.int(),
  /** `indeterminate`: the answer never came, so either state is accepted and counted. */
  state: z.enum(['present', 'deleted', 'indeterminate']),
  ownerId: z.int(),
  description: z.string().max(200),
});

/** A read-back (R7.4): objects that load wrote, by what the write journals say of them, and how many were held against the target. */
export const ReadBackRecord = z.strictObject({
  kind: z.literal('read-back'),
  at,
  /** `verify` at the end, else the fault that it followed. */
  source: z.string(),
  present: z.int().nonnegative(),
  deleted: z.int().nonnegative(),
  indeterminate: z.int().nonnegative(),
  checked: z.int().nonnegative(),
  /** Objects beyond the bound on those that can be followed. */
  untracked: z.int().nonnegative(),
});

/** What a statement of the target's database says, by the id that its samples bear: without the values that it was run with. */
export const StatementRecord = z.strictObject({
  kind: z.literal('statement'),
  at,
  role: z.string(),
  statement: z.string().max(40),
  text: z.string().max(400),
});

export const faultEvents = [
  'set-up',
  'injected',
  'bit',
  'recovering',
  'healed',
  'cleaned-up',
  'healed-by-watchdog',
  'failed',
] as const;

export const FaultRecord = z.strictObject({
  kind: z.literal('fault'),
  at,
  fault: z.string(),
  event: z.enum(faultEvents),
  detail: z.string().max(400),
  /** Role of the process that is harmed. */
  victim: z.string().optional(),
  /** Nobody asked for it: a part of the target that died or was stopped from outside (R7.1). It begins with `bit`. */
  unplanned: z.literal(true).optional(),
});
export type FaultRecord = z.infer<typeof FaultRecord>;

export const EvidenceRecord = z.discriminatedUnion('kind', [
  SampleRecord,
  GapRecord,
  IncarnationRecord,
  LedgerRecord,
  OperationRecord,
  ScheduleRecord,
  FindingRecord,
  WriteRecord,
  FaultRecord,
  ReadBackRecord,
  StatementRecord,
]);
export type EvidenceRecord = z.infer<typeof EvidenceRecord>;
export type SampleRecord = z.infer<typeof SampleRecord>;
export type GapRecord = z.infer<typeof GapRecord>;
export type LedgerRecord = z.infer<typeof LedgerRecord>;
export type OperationRecord = z.infer<typeof OperationRecord>;
export type ScheduleRecord = z.infer<typeof ScheduleRecord>;
export type FindingRecord = z.infer<typeof FindingRecord>;
export type ReadBackRecord = z.infer<typeof ReadBackRecord>;
export type StatementRecord = z.infer<typeof StatementRecord>;
export type WriteRecord = z.infer<typeof WriteRecord>;
export type IncarnationRecord = z.infer<typeof IncarnationRecord>;

/** What every producer is handed. `append` never blocks and never throws: a full or broken spool is a recorded gap. */
export interface EvidenceSink {
  append(record: EvidenceRecord): void;
  /** Writes and fsyncs what is pending; called before exit. */
  close(): Promise<void>;
}

/** Everything that a verdict needs can be read back through this, whatever the store. Records come in spool order per producer. */
export interface EvidenceReader {
  records(runKey: string): AsyncIterable<EvidenceRecord>;
}
