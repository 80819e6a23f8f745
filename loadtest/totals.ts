import * as z from 'zod';
import { LoadTotals } from '#model/progress.ts';

/** What one incarnation of one shard's engine did since it began; the worker writes it to a file each second. */
export const EngineTotals = z.strictObject({
  shard: z.int().nonnegative(),
  incarnation: z.int().positive(),
  at: z.number(),
  /** `due` counts seconds that are over, in the open model iterations up to now; `requests` those that ended; `failed` iterations. */
  load: LoadTotals,
  /** Slots of the second in progress; in the open model iterations. */
  inFlight: z.int().nonnegative(),
});
export type EngineTotals = z.infer<typeof EngineTotals>;
