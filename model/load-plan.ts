import * as z from 'zod';
import { Identity } from './population-plan.ts';

export const MixName = z.enum(['enterprise', 'federation', 'multi-tenant', 'cache-stress', 'write-heavy']);
export type MixName = z.infer<typeof MixName>;

/** A stretch of load with one shape. Closed model: virtual users move linearly from `usersFrom` to `usersTo`. */
export const Stage = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  durationMs: z.int().positive(),
  usersFrom: z.int().nonnegative(),
  usersTo: z.int().nonnegative(),
});
export type Stage = z.infer<typeof Stage>;

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
  spawnRatePerSecond: z.number().positive(),
  thinkTimeMsMin: z.int().nonnegative(),
  thinkTimeMsMax: z.int().nonnegative(),
  stages: z.array(Stage).min(1).max(100),
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
});
export type LoadPlan = z.infer<typeof LoadPlan>;

/** The `payload` of an engine's desired.json: the whole remaining schedule with absolute times. */
export const EngineOrders = z.strictObject({
  plan: LoadPlan,
  shard: Shard,
  /** Wall clock, milliseconds since the epoch, at which stage 0 begins. */
  startsAt: z.number(),
  endsAt: z.number(),
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
      const share = (offsetMs - begun) / stage.durationMs;
      return Math.floor(stage.usersFrom + (stage.usersTo - stage.usersFrom) * share);
    }
    begun += stage.durationMs;
  }
  return 0;
}

/** Of `users` present in the whole plan, those in this shard: slots are dealt round robin, so that shards ramp together. */
export function usersOfShard(plan: Pick<LoadPlan, 'shards'>, shard: number, users: number): number {
  const shards = plan.shards.length;
  const dealt = Math.floor(users / shards) + (shard < users % shards ? 1 : 0);
  return Math.min(dealt, plan.shards[shard]?.slots ?? 0);
}

export const totalLoadMs = (plan: Pick<LoadPlan, 'stages'>): number =>
  plan.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
