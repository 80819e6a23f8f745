import * as z from 'zod';
import { BehaviourWeights, MixName } from './behaviour-class.ts';
import { LoadDriver } from './load-driver.ts';
import { Identity } from './population-plan.ts';

/**
 * A stretch of load with one shape. Closed model: virtual users move linearly from `usersFrom` to `usersTo`; a fraction of
 * a user comes of cutting a stage in two, and is not there yet. Open model: the two are the size of the pool of virtual
 * users, which does not change within a stage, and the rate moves.
 */
export const Stage = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  durationMs: z.int().positive(),
  usersFrom: z.number().nonnegative(),
  usersTo: z.number().nonnegative(),
  /** Open model, and there always: iterations begun per second over the whole plan, linear within the stage. */
  ratePerSecondFrom: z.number().nonnegative().optional(),
  ratePerSecondTo: z.number().nonnegative().optional(),
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
  /** R3.3. Closed: users come and stay, and iterate as fast as they are answered. Open: iterations begin at a rate, whatever the system does. */
  model: z.enum(['closed', 'open']),
  /** `custom`: the classes and shares are those of `weights`. */
  mix: z.enum([...MixName.options, 'custom']),
  weights: BehaviourWeights.optional(),
  seed: z.int().nonnegative(),
  /** Open model: the pool that iterations that fall due take their users from. */
  virtualUsers: z.int().positive(),
  /** As many can be asked for while the load runs: slots and identities are dealt for them. */
  usersMax: z.int().positive(),
  spawnRatePerSecond: z.number().positive(),
  thinkTimeMsMin: z.int().nonnegative(),
  thinkTimeMsMax: z.int().nonnegative(),
  /** Closed model: an iteration of a user begins every so many milliseconds, in place of thinking. Absent: users think. */
  pacingMs: z.int().positive().optional(),
  stages: z.array(Stage).min(1).max(stagesMax),
  shards: z.array(Shard).min(1).max(64),
  /** One window is one activity: it holds load and folds what it saw. */
  windowMs: z.int().positive(),
  /** Connections that the virtual users of all engines share. Absent: one for each user. */
  connections: z.int().positive().optional(),
  /** After the end, in-flight iterations may finish for this long; then they are abandoned. */
  drainMs: z.int().positive(),
  /** So long a stretch is what one histogram of an operation holds; absent: ten seconds. */
  histogramMs: z.int().positive().optional(),
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

/** Of the connections that are shared, those of one shard, one at least; undefined where each user has its own. */
export function connectionsOfShard({ connections, shards }: Pick<LoadPlan, 'connections' | 'shards'>, shard: number) {
  if (connections === undefined) return undefined;
  const dealt = Math.floor(connections / shards.length) + (shard < connections % shards.length ? 1 : 0);
  return Math.max(1, dealt);
}

/** Of `users` present in the whole plan, those in this shard: slots are dealt round robin, so that shards ramp together. */
export function usersOfShard(plan: Pick<LoadPlan, 'shards'>, shard: number, users: number): number {
  const shards = plan.shards.length;
  const dealt = Math.floor(users / shards) + (shard < users % shards ? 1 : 0);
  return Math.min(dealt, plan.shards[shard]?.slots ?? 0);
}

export const totalLoadMs = (plan: Pick<LoadPlan, 'stages'>): number =>
  plan.stages.reduce((sum, stage) => sum + stage.durationMs, 0);

type Arrivals = Pick<LoadPlan, 'stages'>;

/** A slot of the open model that falls on the end of a second belongs to that second, whatever sums of fractions fall short by. */
const roundingSlots = 1e-4;

/** Open model: iterations begun per second in a whole plan at `offsetMs` after the start; 0 outside the stages and in pauses. */
export function plannedRate({ stages }: Arrivals, offsetMs: number): number {
  let begun = 0;
  for (const stage of stages) {
    if (offsetMs < begun) return 0;
    if (offsetMs < begun + stage.durationMs) return rateWithin(stage, offsetMs - begun);
    begun += stage.durationMs;
  }
  return 0;
}

/** Iterations have a time at which they are meant to begin, so that latency can be told from it (R3.3); else only service time can. */
export const hasIntendedStarts = ({ model, pacingMs }: Pick<LoadPlan, 'model' | 'pacingMs'>): boolean =>
  model === 'open' || pacingMs !== undefined;

/** Stages of the open model have rates, all of them. */
export const isOpenStage = ({ ratePerSecondTo }: Stage): boolean => ratePerSecondTo !== undefined;

/** Iterations begun per second at `elapsedMs` after the stage began; 0 in the closed model. */
export const rateWithin = (stage: Stage, elapsedMs: number): number => {
  const { ratePerSecondFrom: from = 0, ratePerSecondTo: to = 0 } = stage;
  return from + (to - from) * (elapsedMs / stage.durationMs);
};

/**
 * Open model: how many iterations of a whole plan fall due in [fromMs, toMs) after the start. A difference of two counts from
 * the start, so that however time is cut, the parts sum up to the whole.
 */
export const dueIterations = (plan: Arrivals, fromMs: number, toMs: number): number =>
  Math.max(0, iterationsBefore(plan, toMs) - iterationsBefore(plan, fromMs));

/** Of those, the ones of one shard: iterations are dealt round robin, so that the shards sum up to the plan. */
export const dueIterationsOfShard = (
  plan: Pick<LoadPlan, 'stages' | 'shards'>,
  shard: number,
  span: { readonly fromMs: number; readonly toMs: number },
): number =>
  Math.max(0, iterationsOfShardBefore(plan, shard, span.toMs) - iterationsOfShardBefore(plan, shard, span.fromMs));

/** How many of a shard's iterations fall due before `offsetMs`; its next one is this many-th, counted from 0. */
export const iterationsOfShardBefore = (
  plan: Pick<LoadPlan, 'stages' | 'shards'>,
  shard: number,
  offsetMs: number,
): number => Math.max(0, Math.ceil((iterationsBefore(plan, offsetMs) - shard) / plan.shards.length));

/**
 * How many iterations fall due before `offsetMs`: the integral of the rate, exact in each stage, rounded. The k-th iteration
 * is due when the integral reaches k + ½, so that a whole number a second is due in the midst of its seconds.
 */
function iterationsBefore({ stages }: Arrivals, offsetMs: number): number {
  let begun = 0;
  let integral = 0;
  for (const stage of stages) {
    if (offsetMs <= begun) break;
    integral += iterationsWithin(stage, Math.min(stage.durationMs, offsetMs - begun));
    begun += stage.durationMs;
  }
  return Math.floor(integral + 0.5 + roundingSlots);
}

/** When the iteration with this number over the whole plan, counted from 0, falls due; undefined when it never does. */
export function dueOffsetMs({ stages }: Arrivals, iteration: number): number | undefined {
  let begun = 0;
  let left = iteration + 0.5 - roundingSlots;
  for (const stage of stages) {
    const inStage = iterationsWithin(stage, stage.durationMs);
    if (left <= inStage && inStage > 0) return begun + elapsedMsOf(stage, left);
    left -= inStage;
    begun += stage.durationMs;
  }
  return undefined;
}

/** Fractions of an iteration included. */
function iterationsWithin(stage: Stage, elapsedMs: number): number {
  const { ratePerSecondFrom: from = 0, ratePerSecondTo: to = 0, durationMs } = stage;
  return ((from + ((to - from) * elapsedMs) / durationMs / 2) * elapsedMs) / 1_000;
}

/** The inverse of `iterationsWithin`, in the form that keeps its digits on flat and on falling stages. */
function elapsedMsOf(
  { ratePerSecondFrom: from = 0, ratePerSecondTo: to = 0, durationMs }: Stage,
  iterations: number,
): number {
  const slopePerMs = (to - from) / durationMs;
  const root = Math.sqrt(Math.max(0, from * from + 2 * slopePerMs * iterations * 1_000));
  return Math.min(durationMs, (2 * iterations * 1_000) / (from + root));
}
