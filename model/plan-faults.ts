import type { FaultPlan } from './fault-plan.ts';

const loadMsMin = 15_000;

/**
 * One gateway instance is killed at two fifths of the load and started again after 5 s, or 10 s in loads over two minutes.
 * No fault is planned, and why, when nobody could take over or the load is too short to show the recovery.
 */
export function planFaults(options: { wanted: 'planned' | 'none'; gatewayInstances: number; loadMs: number }): {
  faults: FaultPlan[];
  absentBecause?: string;
} {
  const { gatewayInstances, loadMs } = options;
  if (options.wanted === 'none') return { faults: [], absentBecause: 'no fault is injected, as asked' };
  if (gatewayInstances < 2) {
    return { faults: [], absentBecause: 'no fault is planned: with one gateway instance nobody could take over' };
  }
  if (loadMs < loadMsMin) {
    return {
      faults: [],
      absentBecause: `no fault is planned: a load of ${loadMs / 1_000} s is too short to bite and heal in, ${loadMsMin / 1_000} s are needed`,
    };
  }
  const victim = 'gateway-2';
  return {
    faults: [
      {
        fault: `kill-${victim}`,
        kind: 'kill-gateway',
        victim,
        offsetMs: Math.round((loadMs * 0.4) / 1_000) * 1_000,
        holdMs: loadMs <= 120_000 ? Math.min(5_000, Math.round(loadMs / 5)) : 10_000,
        // In a short load the watchdog's healing, if it comes to that, shall be within the load.
        deadlineMs: loadMs <= 120_000 ? 15_000 : 30_000,
      },
    ],
  };
}
