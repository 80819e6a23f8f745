import * as z from 'zod';
import { CapacitySearch } from './capacity-search.ts';
import { EndedEarly, NewestCheckpoint } from './checkpoint.ts';
import { FaultPlan } from './fault-plan.ts';
import { Stage, stagesMax } from './load-plan.ts';
import { OperatorRecord } from './operator.ts';
import { PlanSummary } from './plan.ts';
import { SeededEntity } from './population-plan.ts';
import { StepRecord } from './progress.ts';
import { loadHostsMax } from './shard-placement.ts';

/** What is kept of operators' words, and how many of their updates are known again when they come twice. */
export const operatorActionsMax = 100;
export const handledUpdatesMax = 500;
export const askedFaultsMax = 100;
/** More than this are not waited for: the evidence store has been away for too long. */
export const unauditedMax = 200;

/** What somebody told the run and the evidence store does not have yet. `entry` is the update's id. */
const Unaudited = z.strictObject({
  entry: z.string(),
  at: z.number(),
  who: z.string(),
  what: z.string(),
  why: z.string(),
});

/** A run's load over several hosts; begun when a second one is heard of, and kept to the end of the run. */
const Spread = z.strictObject({
  /** Hosts that drive load, as last heard. */
  hosts: z.array(z.string()).max(loadHostsMax),
  /** Every host that was ever given a shard: what engines wrote there is collected at the end. */
  everPlaced: z.array(z.string()),
  /** Hosts on which an engine could not be started: none is placed there again. */
  unfit: z.array(z.string()),
  /** By shard: how often it was placed. */
  placings: z.array(z.int().positive()),
  /** By shard: false while an engine may live that was given a lease of five minutes, before load was spread. */
  fenced: z.array(z.boolean()),
});
export type Spread = z.infer<typeof Spread>;

/** What a run carries over continue-as-new: plain JSON, parsed at the top of the next execution. */
export const CarriedRun = z.strictObject({
  schemaVersion: z.literal(1),
  plan: PlanSummary,
  host: z.string(),
  steps: z.array(StepRecord),
  seeded: z.array(SeededEntity),
  warmUp: z.strictObject({ requests: z.number(), hitRatio: z.number().optional(), settled: z.boolean() }).optional(),
  startsAt: z.number(),
  endsAt: z.number(),
  nextWindow: z.int().nonnegative(),
  checkpoint: NewestCheckpoint.optional(),
  endedEarly: EndedEarly.optional(),
  /** The schedule from `startsAt` on, as operators changed it: pauses included, the present one too. */
  stages: z.array(Stage).min(1).max(stagesMax),
  /** How far a capacity search is; absent in other loads. */
  capacity: CapacitySearch.optional(),
  /** Counts the changes to the schedule. */
  revision: z.int().nonnegative().default(0),
  /** The newest revision that every engine was told of. */
  steeredRevision: z.int().nonnegative().default(0),
  /** Windows were held up to here; 0 before the first. */
  heldUntil: z.number().default(0),
  askedFaults: z.array(FaultPlan).max(askedFaultsMax).default([]),
  operatorActions: z.array(OperatorRecord).max(operatorActionsMax).default([]),
  unaudited: z
    .array(Unaudited)
    .max(unauditedMax + 1)
    .default([]),
  /** Ids of updates that were carried out: Temporal knows them again within one execution only. */
  handledUpdates: z.array(z.string()).max(handledUpdatesMax).default([]),
  /** Host of each shard, by shard number. */
  shardHosts: z.array(z.string()),
  /** Absent while one host drives all load. */
  spread: Spread.optional(),
  faults: z.array(z.strictObject({ fault: z.string(), state: z.string() })),
});
export type CarriedRun = z.infer<typeof CarriedRun>;

/** The argument of a continued execution; a person's input never has this key. */
export const CarriedInput = z.strictObject({ carried: CarriedRun });
