import * as z from 'zod';

/**
 * Control of a detached process (engine, sampler, watchdog) is desired state in two local files (design §2).
 *
 *   desired.json  what should run; written by `place` and `steer` under a lock, never with a lower (epoch, revision)
 *   lease.json    until when; written by the holder only
 *
 *            place (epoch n)          steer (revision + 1)
 *   nothing ───────────────▶ running ────────────────────▶ running, following
 *                               │  higher epoch · other run key · stop · lease over
 *                               ▼
 *                             ended (finish or abandon, flush, exit)
 *
 * `stop` is final for its epoch. Adoption keeps the epoch; starting a process raises it.
 */
export const Desired = z.strictObject({
  runKey: z.string(),
  epoch: z.int().positive(),
  revision: z.int().nonnegative(),
  stop: z.boolean(),
  /** What the process is to do; each kind of process parses its own. */
  payload: z.unknown(),
});
export type Desired = z.infer<typeof Desired>;

export const Lease = z.strictObject({ epoch: z.int().positive(), leaseUntil: z.number() });
export type Lease = z.infer<typeof Lease>;

/** Both files are read this often. */
export const heldPollMs = 500;
/** On one host, so that 4 minutes of Temporal outage cost no load (design §2). */
export const leaseMs = 5 * 60_000;

/**
 * When load is spread over several hosts, a shard whose host is lost is started elsewhere, and never may two engines drive it.
 * So an engine's lease reaches `spreadLeaseMs` beyond the moment at which Temporal last acknowledged a heartbeat of whoever
 * holds it, and is extended for as long as that is at most `confirmedWithinMs` ago. When it lapses, the engine ends within
 * half a second and its grace of four: it is gone before `placedAnewAfterMs` are over.
 */
export const spreadLeaseMs = 20_000;
export const confirmedWithinMs = 3_000;
export const placedAnewAfterMs = 25_000;

/**
 * Each host counts epochs by itself, and an epoch is part of the name of all that an engine writes. So the epochs of a shard's
 * n-th placing over several hosts begin above n times this: a later placing has the higher ones, and no two hosts the same.
 */
export const epochsPerPlacing = 100_000;
