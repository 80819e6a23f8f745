import type { RunResult } from '#model/progress.ts';
import { carryRun } from './carry-run.ts';

/**
 * Seeds and warms once, then soaks for 48 h in windows (R1.4). Continues as new between windows, with the load, the
 * samplers and every connection living on. Between windows of its plan it says what is known so far, provisionally; a leak that
 * is certain ends the load early.
 */
export async function StabilityRun(input: unknown): Promise<RunResult> {
  return carryRun('StabilityRun', input);
}
