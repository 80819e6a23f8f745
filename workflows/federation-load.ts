import type { RunResult } from '#model/progress.ts';
import { carryRun } from './carry-run.ts';

/** The federation scenario alone, against the mocked gateways (R1.5). Cancelling does what it does to `SoakWave`. */
export async function FederationLoad(input: unknown): Promise<RunResult> {
  return carryRun('FederationLoad', input);
}
