import type { EvidenceRecord } from '#model/evidence.ts';
import { metrics } from '#model/metrics.ts';
import { machineRole } from '#model/roles.ts';
import { loadStartsAt } from './synthetic-run.ts';

const secondsOfLoad = 60;

/** What happens in one second; what is not said is nothing out of the way. */
export interface MachineSecond {
  readonly steal?: number;
  readonly throttled?: number;
  readonly busy?: number;
  readonly clockJump?: number;
  readonly diskFree?: number;
}

/** What a machine of two cores tells each second of a minute of load, and in the second before it. */
export function machineSays(at: (second: number) => MachineSecond): EvidenceRecord[] {
  const sums = { cpu: 0, busy: 0, steal: 0, periods: 0, throttled: 0, jump: 0 };
  return Array.from({ length: secondsOfLoad + 1 }, (_, index) => {
    const { steal = 0, throttled = 0, busy = 0.5, clockJump = 0, diskFree = 40e9 } = at(index - 1);
    sums.cpu += 2;
    sums.busy += 2 * busy;
    sums.steal += 2 * steal;
    sums.periods += 10;
    sums.throttled += 10 * throttled;
    sums.jump += clockJump;
    return {
      ...{ kind: 'sample', at: loadStartsAt + (index - 1) * 1_000 + 1, role: machineRole, incarnation: 1 },
      values: {
        [metrics.machineCpuSeconds]: sums.cpu,
        [metrics.machineBusySeconds]: sums.busy,
        [metrics.machineStealSeconds]: sums.steal,
        [metrics.cgroupPeriods]: sums.periods,
        [metrics.cgroupThrottledPeriods]: sums.throttled,
        [metrics.machineClockJumpSeconds]: sums.jump,
        [metrics.machineDiskFreeBytes]: diskFree,
        [metrics.machineOomKills]: 0,
      },
    };
  });
}
