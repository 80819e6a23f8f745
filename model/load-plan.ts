import * as z from 'zod';
import { LoadDriver } from './load-driver.ts';
import { Identity } from './population-plan.ts';

export const MixName = z.enum(['enterprise', 'federation', 'multi-tenant', 'cache-stress', 'write-heavy']);
export type MixName = z.infer<typeof MixName>;

/**
 * A stretch of load with one shape. Closed model: virtual users move linearly from `usersFrom` to `usersTo`; a fraction of
 * a user comes of cutting a stage in two, and is not there yet.
 */
export const Stage = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  durationMs: z.int().positive(),
  usersFrom: z.number().nonnegative(),
  usersTo: z.number().nonnegative(),
  /** Not in the plan, and what follows is later by it: an operator's pause, and the way back to as many users as before. */
  inserted: z.enum(['pause', 'return']).optional(),
});
export type Stage = z.infer<typeof Stage>;

export const stagesMax = 100;

/** Slots are virtual users 0…n−1; a shard owns a contiguous range and one engine drives it. */
export const Shard = z.strictObject({
  shard: z.int().nonnegative(),
  firstSlot: z.int().nonnegative(),
  slots: z.int().positive(),
});
export type Shard = z.infer<typeof Shard>;

export const LoadPlan = z.strictObject({
  model: z.literal('closed'),
  mix: MixName,
  seed: z.int().nonnegative(),
  virtualUsers: z.int().positive(),
  /** As many can be asked for while the load runs: slots and identities are dealt for them. */
  usersMax: z.int().positive(),
  spawnRatePerSecond: z.number().positive(),
  thinkTimeMsMin: z.int().nonnegative(),
  thinkTimeMsMax: z.int().nonnegative(),
  stages: z.array(Stage).min(1).max(stagesMax),
  shards: z.array(Shard).min(1).max(64),
  /** One window is one activity: it holds load and folds what it saw. */
  windowMs: z.int().positive(),
  /** After the end, in-flight iterations may finish for this long; then they are abandoned. */
  drainMs: z.int().positive(),
  requestTimeoutMs: z.int().positive(),
  /** R1.7: each virtual user keeps at most this many live objects of its own. */
  liveObjectsMax: z.int().positive(),
  /** R1.7: `growth: true` turns stationarity off. */
  growth: z.boolean(),
  /** Somebody's own file drives in place of the mix (R3.6). */
  driver: LoadDriver.optional(),
});
export type LoadPlan = z.infer<typeof LoadPlan>;

/** The `payload` of an engine's desired.json: the whole remaining schedule with absolute times. */
export const EngineOrders = z.strictObject({
  plan: LoadPlan,
  shard: Shard,
  /** Wall clock, milliseconds since the epoch, at which stage 0 begins. */
  startsAt: z.number(),
  endsAt: z.number(),
  /** Counts the changes to the schedule; orders with a lower one never replace those with a higher one. Absent: 0. */
  revision: z.int().nonnegative().optional(),
  baseUrl: z.url(),
  allowedHosts: z.array(z.string()),
  /** Identities of the shard's slots, in slot order; a file, because it may be large. */
  identitiesFile: z.string(),
  secretFile: z.string(),
  spoolFolder: z.string(),
});
export type EngineOrders = z.infer<typeof EngineOrders>;

export const Identities = z.array(Identity);

/** Virtual users that should be present in a whole plan at `offsetMs` after the start; 0 outside the stages. */
export function plannedUsers(plan: Pick<LoadPlan, 'stages'>, offsetMs: number): number {
  let begun = 0;
  for (const stage of plan.stages) {
    if (offsetMs < begun) return 0;
    if (offsetMs < begun + stage.durationMs) {
      // A stage that was cut in two must say what it said whole: sums of fractions fall short of whole numbers.
      return Math.floor(usersWithin(stage, offsetMs - begun) + 1e-6);
    }
    begun += stage.durationMs;
  }
  return 0;
}

/** Virtual users, fractions included, at `elapsedMs` after the stage began. */
export const usersWithin = ({ durationMs, usersFrom, usersTo }: Stage, elapsedMs: number): number =>
  usersFrom + (usersTo - usersFrom) * (elapsedMs / durationMs);

/** Of `users` present in the whole plan, those in this shard: slots are dealt round robin, so that shards ramp together. */
export function usersOfShard(plan: Pick<LoadPlan, 'shards'>, shard: number, users: number): number {
  const shards = plan.shards.length;
  const dealt = Math.floor(users / shards) + (shard < users % shards ? 1 : 0);
  return Math.min(dealt, plan.shards[shard]?.slots ?? 0);
}

export const totalLoadMs = (plan: Pick<LoadPlan, 'stages'>): number =>
  plan.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
