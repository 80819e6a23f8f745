import type { FaultActivities, FaultResult, RunRef } from '#model/activities.ts';
import type { FaultPlan } from '#model/fault-plan.ts';
import { type Beat, beating } from './heartbeat.ts';

export interface Nemesis {
  /** Carries the fault on from whatever state its lease is in; on cancellation it recovers at once. */
  inject(run: RunRef, fault: { fault: string; startsAt: number; plan?: FaultPlan }, beat: Beat): Promise<FaultResult>;
  healAll(run: RunRef): Promise<{ healed: string[] }>;
}

/** The lease is stored before the harm: whatever dies here, the watchdog heals at the deadline (R7.3). */
export function createFaultActivities(nemesis: Nemesis): FaultActivities {
  return {
    async injectFault({ fault, startsAt, plan, ...run }) {
      const asked = plan === undefined ? {} : { plan };
      return beating((beat) => nemesis.inject(run, { fault, startsAt, ...asked }, beat));
    },
    async healFaults(run) {
      return beating(() => nemesis.healAll(run));
    },
  };
}
