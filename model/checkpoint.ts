import * as z from 'zod';
import { Outcome } from './verdict.ts';

export const checkpointReasonsMax = 10;
export const checkpointCharactersMax = 250;

/**
 * What a run would be told if its load had ended at `upTo` (R1.4). Provisional, but for `certain`: a leak that this look is so
 * sure of that all looks together err within what the run may (`model/leak-looks.ts`). Under 4 KB, because workflows carry it.
 */
export const Checkpoint = z.strictObject({
  /** From 1; the windows held before it are `number` × the plan's `windowsPerCheckpoint`. */
  number: z.int().positive(),
  /** Wall clock in ms: evidence up to here was judged. */
  upTo: z.number(),
  outcome: Outcome,
  headline: z.string().max(checkpointCharactersMax),
  /** What did not pass, by question. */
  reasons: z.array(z.string().max(checkpointCharactersMax)).max(checkpointReasonsMax),
  /** Why the load need not go on; absent: it should. */
  certain: z.string().max(checkpointCharactersMax).optional(),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

/** A load that was ended before its planned end, because there was nothing more to find out. */
export const EndedEarly = z.strictObject({ at: z.number(), why: z.string().max(2 * checkpointCharactersMax) });
export type EndedEarly = z.infer<typeof EndedEarly>;

/** The newest checkpoint, as the run shows and carries it: which one of how many. */
export const NewestCheckpoint = Checkpoint.extend({ of: z.int().nonnegative() });
export type NewestCheckpoint = z.infer<typeof NewestCheckpoint>;

/** How many checkpoints a load of `windows` windows has: none after the last window, where the verdict itself follows. */
export const countCheckpoints = (windows: number, windowsPerCheckpoint: number): number =>
  Math.max(0, Math.ceil(windows / windowsPerCheckpoint) - 1);

const checkpointsMax = 48;
const spacingMs = 60_000;

/**
 * Windows from one checkpoint to the next: hourly in 48 h of windows of 5 minutes, never more than 48 of them, a minute
 * apart at least, and one at half time in loads that are shorter than that.
 */
export function planCheckpoints(loadMs: number, windowMs: number): number {
  const windows = Math.ceil(loadMs / windowMs);
  const apart = Math.min(Math.ceil(spacingMs / windowMs), Math.floor(windows / 2));
  return Math.max(1, Math.ceil(windows / checkpointsMax), apart);
}
