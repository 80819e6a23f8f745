import type { RunResult } from '#model/progress.ts';
import { carryRun } from './carry-run.ts';

/**
 * One wave, from `{"wave":"small"}` to a verdict with a report (R1). Cancelling stops the load, heals what is broken,
 * judges what there is and then ends as cancelled. Continues as new between windows, with the load running on.
 */
export async function SoakWave(input: unknown): Promise<RunResult> {
  return carryRun('SoakWave', input);
}
