import * as z from 'zod';
import { CapacityPlan } from './capacity-plan.ts';
import { FaultPlan } from './fault-plan.ts';
import { LeakWatch } from './leak-watch.ts';
import { DriverKind } from './load-driver.ts';
import { LoadPlan, Stage, stagesMax } from './load-plan.ts';
import { Objectives, OverriddenObjective } from './objective.ts';
import { PopulationPlan } from './population-plan.ts';
import { StackPlan } from './stack.ts';
import { NotCovered, Question } from './verdict.ts';
import { WaveName } from './wave.ts';

export const WorkflowName = z.enum(['SoakWave', 'AllWaves', 'StabilityRun', 'FederationLoad']);
export type WorkflowName = z.infer<typeof WorkflowName>;

/** What the run needs of its machine; preflight holds it against what there is. */
const Needs = z.strictObject({
  diskBytes: z.number().positive(),
  /** Of these, what the evidence store grows to over the load. */
  evidenceBytes: z.number().positive(),
  memoryBytes: z.number().positive(),
  /** Rows by entity, for the table that `soak plan` prints. */
  rows: z.record(z.string(), z.number()),
  secondsEstimated: z.number().positive(),
});

/** Everything that will be done, decided once and stored with a hash; nothing later applies a default. */
export const Plan = z.strictObject({
  schemaVersion: z.literal(1),
  workflow: WorkflowName,
  wave: WaveName,
  scale: z.number().positive(),
  seed: z.int().nonnegative(),
  population: PopulationPlan,
  /** Said in plan and report, e.g. which bucket of a distribution this wave is too small for. */
  remarks: z.array(z.string()),
  stack: StackPlan,
  warmUp: z.strictObject({ budgetMs: z.int().nonnegative(), hitRatioChangeMax: z.number().positive() }),
  load: LoadPlan,
  /** The load is a capacity search, which sets its rate as it goes; absent: it is not. */
  capacity: CapacityPlan.optional(),
  sampleIntervalMs: z.int().positive(),
  faults: z.array(FaultPlan),
  /** What leaks are judged against; absent: the usual limits, in runs that are long enough for them. */
  leakWatch: LeakWatch.optional(),
  objectives: Objectives,
  /** Those of `objectives` that the input states instead of the wave; absent: none. */
  overridden: z.array(OverriddenObjective).min(1).optional(),
  promises: z.array(Question),
  notCovered: z.array(NotCovered),
  /** Promises taken out by `--without`, shown in the headline. */
  without: z.array(Question),
  /** After so many windows the workflow continues as new. */
  windowsPerExecution: z.int().min(1).max(1_000),
  /** From one checkpoint with a provisional verdict to the next (R1.4); absent: there are none. */
  windowsPerCheckpoint: z.int().min(1).max(100_000).optional(),
  /** So many of the checkpoints end the load when a leak is certain (R1.4); absent: none does. */
  leakLooks: z.int().positive().optional(),
  keep: z.enum(['stack', 'nothing']),
  onBlocked: z.enum(['wait', 'abort']),
  ifBusy: z.enum(['fail', 'wait']),
  needs: Needs,
});
export type Plan = z.infer<typeof Plan>;

/** The few parts of the plan that the workflow steers by; under 4 KB, unless its load has more than a dozen stages. */
export const PlanSummary = z.strictObject({
  planHash: z.string(),
  wave: WaveName,
  target: z.string(),
  seedActivities: z.int().positive(),
  shards: z.int().positive(),
  loadMs: z.int().positive(),
  windowMs: z.int().positive(),
  drainMs: z.int().positive(),
  virtualUsers: z.int().positive(),
  usersMax: z.int().positive(),
  spawnRatePerSecond: z.number().positive(),
  stages: z.array(Stage).min(1).max(stagesMax),
  capacity: CapacityPlan.optional(),
  gatewayInstances: z.int().positive(),
  faults: z.array(z.strictObject({ fault: z.string(), victim: z.string(), offsetMs: z.int(), deadlineMs: z.int() })),
  windowsPerExecution: z.int().min(1).max(1_000),
  windowsPerCheckpoint: z.int().min(1).max(100_000).optional(),
  keep: z.enum(['stack', 'nothing']),
  onBlocked: z.enum(['wait', 'abort']),
  /** Absent: a mix of ours. */
  driver: DriverKind.optional(),
});
export type PlanSummary = z.infer<typeof PlanSummary>;
