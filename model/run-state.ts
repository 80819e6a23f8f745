import * as z from 'zod';
import { PlanSummary } from './plan.ts';
import { SeededEntity } from './population-plan.ts';
import { StepRecord } from './progress.ts';

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
  /** Host of each shard, by shard number. */
  shardHosts: z.array(z.string()),
  faults: z.array(z.strictObject({ fault: z.string(), state: z.string() })),
});
export type CarriedRun = z.infer<typeof CarriedRun>;

/** The argument of a continued execution; a person's input never has this key. */
export const CarriedInput = z.strictObject({ carried: CarriedRun });
