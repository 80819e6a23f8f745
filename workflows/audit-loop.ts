import { CancellationScope, condition, log } from '@temporalio/workflow';
import type { RunRef } from '#model/activities.ts';
import type { CarriedRun } from '#model/run-state.ts';
import { audit } from './activity-proxies.ts';
import { describeFailure } from './run.ts';

/** When the run ends, what is not yet written down is waited for at most so long. */
const lastWait = '45 minutes';

/**
 * Writes what operators told the run into the evidence store (R7.2), one after the other, beside everything else: an action
 * never waits for its audit. What is not written yet is carried over continue-as-new; written twice is once.
 */
export function keepAuditing({ runKey }: RunRef, state: CarriedRun): void {
  const loop = CancellationScope.nonCancellable(async () => {
    for (;;) {
      await condition(() => state.unaudited.length > 0);
      const [entry] = state.unaudited;
      if (entry === undefined) continue;
      try {
        await audit({ runKey, ...entry });
      } catch (error) {
        log.warn('what an operator did was not written down', { ...entry, reason: describeFailure(error) });
      }
      state.unaudited.shift();
    }
  });
  loop.catch(() => undefined); // ends with the execution
}

export const isAudited = ({ unaudited }: CarriedRun): boolean => unaudited.length === 0;

export async function untilAudited(state: CarriedRun): Promise<void> {
  if (!isAudited(state)) await condition(() => isAudited(state), lastWait);
}
