import * as z from 'zod';
import { Outcome } from '#model/verdict.ts';

const amount = z.number().nullable();

/** One series by one incarnation of a process; slopes in units of the series an hour. Null: nobody can say. */
export const JudgedSeries = z.strictObject({
  series: z.string(),
  incarnation: z.string(),
  outcome: Outcome,
  slopePerHour: amount,
  low: amount,
  high: amount,
  detectablePerHour: amount,
  needHours: amount,
  /** As the series has its times: milliseconds. */
  warmUpEnds: amount,
  reasons: z.array(z.string()),
});
export type JudgedSeries = z.infer<typeof JudgedSeries>;

/** An element of `soak judge FILE… --json`; published under docs/schema/. `outcome` is the worst of its series. */
export const JudgedFile = z.strictObject({ file: z.string(), outcome: Outcome, series: z.array(JudgedSeries) });
export type JudgedFile = z.infer<typeof JudgedFile>;

export interface JudgeOrder {
  readonly files: readonly string[];
  /** Units of a series an hour. */
  readonly allowedPerHour: { readonly bytes: number; readonly count: number };
  readonly settlesWithinHours: number;
}
