import * as z from 'zod';

const count = z.int().nonnegative();

/** What a run cost outside its processes; a figure that could not be had is absent. */
export const RunFootprint = z.strictObject({
  /** Of all executions of the run's chain, up to its report. */
  temporal: z.strictObject({ executions: count, events: count, historyBytes: count }).optional(),
  evidence: z.strictObject({ batches: count, records: count, bytes: count }).optional(),
  /** On this host's disk: what the run spooled, and what all processes logged. */
  spoolBytes: count,
  logBytes: count,
  /** The embedded Temporal server's database, of all runs together; absent when the service is somebody else's. */
  temporalDatabaseBytes: count.optional(),
});
export type RunFootprint = z.infer<typeof RunFootprint>;
