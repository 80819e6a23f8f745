import { ApplicationFailure } from '@temporalio/activity';
import type { ProvisionActivities, RunRef } from '#model/activities.ts';
import { beating } from './heartbeat.ts';

export interface Provisioner {
  readonly host: string;
  /** Every problem that would stop the run, each with what to do. */
  problems(run: RunRef): Promise<string[]>;
  /** Takes the stack for this run; otherwise names who has it. */
  claim(run: RunRef, signal: AbortSignal): Promise<{ taken: true; note: string } | { taken: false; owner: string }>;
  provision(run: RunRef, signal: AbortSignal): Promise<{ note: string; processes: number }>;
  release(run: RunRef, keep: 'stack' | 'nothing'): Promise<{ note: string }>;
}

export function createProvisionActivities(provisioner: Provisioner): ProvisionActivities {
  return {
    async locateHost() {
      return Promise.resolve({ host: provisioner.host });
    },
    async preflight(run) {
      return beating(async ({ signal }) => {
        const claimed = await provisioner.claim(run, signal);
        if (!claimed.taken) {
          throw ApplicationFailure.create({
            type: 'StackBusy',
            message: `the stack of ${provisioner.host} is held by ${claimed.owner}; wait for it, or start with "ifBusy":"wait"`,
            nonRetryable: true,
          });
        }
        const problems = await provisioner.problems(run);
        if (problems.length === 0) return { note: claimed.note };
        await provisioner.release(run, 'stack'); // only the claim: nothing was started
        throw ApplicationFailure.create({
          type: 'PreflightFailed',
          message: problems.join('\n'),
          nonRetryable: true,
        });
      });
    },
    async provision(run) {
      return beating(({ signal }) => provisioner.provision(run, signal));
    },
    async release({ keep, ...run }) {
      return beating(() => provisioner.release(run, keep));
    },
  };
}
