import * as z from 'zod';
import { CapacitySearch, Probe } from './capacity-search.ts';
import { NewestCheckpoint } from './checkpoint.ts';
import { OperatorRecord } from './operator.ts';
import { Outcome } from './verdict.ts';

const phases = [
  'plan',
  'preflight',
  'provision',
  'seed',
  'warm-cache',
  'load',
  'drain',
  'verify',
  'heal',
  'collect',
  'judge',
  'report',
  'release',
  'done',
] as const;
/** One step of a run, in order. A run that is parked for `resolveStep` stays in its phase with `blocked` set. */
export const Phase = z.enum(phases);
export type Phase = z.infer<typeof Phase>;

/** When a step ran and how it ended; the workflow keeps this list and hands it to `judge` and `report`. */
export const StepRecord = z.strictObject({
  phase: Phase,
  startedAt: z.number(),
  endedAt: z.number().optional(),
  outcome: z.enum(['running', 'done', 'failed', 'skipped', 'cancelled']),
  /** One sentence: what came of it. */
  note: z.string().max(300).optional(),
});
export type StepRecord = z.infer<typeof StepRecord>;

/** What the load did so far, folded from the engines' totals. */
export const LoadTotals = z.strictObject({
  due: z.number().nonnegative(),
  delivered: z.number().nonnegative(),
  dropped: z.number().nonnegative(),
  abandoned: z.number().nonnegative(),
  requests: z.number().nonnegative(),
  failed: z.number().nonnegative(),
  users: z.number().nonnegative(),
  /** Service time, or latency where a start is intended, over the last ten seconds; absent when nothing was answered. */
  latencyMsP95: z.number().optional(),
});
export type LoadTotals = z.infer<typeof LoadTotals>;

const countedTotals = ['due', 'delivered', 'dropped', 'abandoned', 'requests', 'failed', 'users'] as const;

/** What all shards did together: counts are added, and the slowest shard's p95 is kept, because percentiles do not add up. */
export function sumLoadTotals(shards: readonly LoadTotals[]): LoadTotals {
  const sum: LoadTotals = { due: 0, delivered: 0, dropped: 0, abandoned: 0, requests: 0, failed: 0, users: 0 };
  for (const totals of shards) for (const key of countedTotals) sum[key] += totals[key];
  const slowest = shards.flatMap(({ latencyMsP95 }) => latencyMsP95 ?? []);
  return slowest.length === 0 ? sum : { ...sum, latencyMsP95: Math.max(...slowest) };
}

/** Answer of the query `progress`, of `soak attach`, and the source of the details shown in the Temporal UI. */
export const Progress = z.strictObject({
  runKey: z.string(),
  workflowId: z.string(),
  wave: z.string(),
  target: z.string(),
  phase: Phase,
  blocked: z.string().optional(),
  /** What is being tried again, how often it was and why it failed last. */
  retrying: z.string().optional(),
  steps: z.array(StepRecord),
  loadStartsAt: z.number().optional(),
  /** While the load is paused: when it would end if it were resumed as soon as it was paused. */
  loadEndsAt: z.number().optional(),
  paused: z.boolean().optional(),
  /** Virtual users that the present stage goes to; none while paused. */
  users: z.number().optional(),
  /** Open model: iterations per second that the present stage goes to; `users` is then the pool. */
  rate: z.number().optional(),
  /** The newest few of what operators told the run. */
  operatorActions: z.array(OperatorRecord).optional(),
  window: z.strictObject({ index: z.int(), of: z.int() }).optional(),
  /** What is known so far: provisional. */
  checkpoint: NewestCheckpoint.optional(),
  /** How far a capacity search is: probes that were measured, and the one under way. */
  capacity: z
    .strictObject({
      probes: z.int().nonnegative(),
      look: Probe.shape.look.optional(),
      ratePerSecond: z.number().optional(),
      /** The highest rate that was met so far with nothing missed below it, and the lowest that was not met. */
      met: z.number().optional(),
      missed: z.number().optional(),
      endedBy: CapacitySearch.shape.endedBy,
    })
    .optional(),
  load: LoadTotals.optional(),
  /** Sum of the gateways' RSS, from the samplers. */
  gatewaysRssBytes: z.number().optional(),
  faults: z.array(z.strictObject({ fault: z.string(), state: z.string() })),
  outcome: Outcome.optional(),
});
export type Progress = z.infer<typeof Progress>;

/** What a run's workflow returns, and the last line of `soak run --json` (published schema). */
export const RunResult = z.strictObject({
  runId: z.string(),
  outcome: Outcome,
  reasons: z.array(z.string()),
  /** Path of the HTML report on the host that made it. */
  report: z.string(),
  /** Path of result.json. */
  result: z.string(),
});
export type RunResult = z.infer<typeof RunResult>;
