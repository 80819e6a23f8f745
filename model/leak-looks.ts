import { countCheckpoints } from './checkpoint.ts';
import { falseAlarmsMax, leakHoursMin } from './leak-limits.ts';
import { totalLoadMs } from './load-plan.ts';
import type { Plan } from './plan.ts';

/** What of the run's false alarms its checkpoints may use up together; the rest is the verdict's. */
const looksShare = 0.5;

const hourMs = 3_600_000;

type Looked = Pick<Plan, 'load' | 'windowsPerCheckpoint' | 'leakWatch'>;

/**
 * Checkpoints of a plan that come too early: a load that ended there would not be asked whether it leaks. Of a load that is to be
 * judged on a clock of its own, the first half.
 */
function countEarly({ load, windowsPerCheckpoint = 1, leakWatch }: Looked): number {
  const earlyMs = leakWatch === undefined ? leakHoursMin * hourMs : totalLoadMs(load) / 2;
  return Math.ceil(earlyMs / (windowsPerCheckpoint * load.windowMs)) - 1;
}

/** How many of a plan's checkpoints look whether a leak is certain. */
export function countLeakLooks(plan: Looked): number {
  if (plan.windowsPerCheckpoint === undefined) return 0;
  const windows = Math.ceil(totalLoadMs(plan.load) / plan.load.windowMs);
  return Math.max(0, countCheckpoints(windows, plan.windowsPerCheckpoint) - countEarly(plan));
}

/** Whether this checkpoint may end the run; one that an operator's longer load has added may not, because nothing is left for it. */
export function isLeakLook(plan: Plan, checkpoint: number): boolean {
  const early = countEarly(plan);
  return checkpoint > early && checkpoint <= early + (plan.leakLooks ?? 0);
}

/**
 * How often a run that does not leak may be called one that does, by this look alone. Every look spends its own part, so that
 * all of them together stay within the run's, however alike they are (Bonferroni; alpha spending as Lan and DeMets 1983 have it,
 * in equal parts).
 */
export function falseAlarmsOfLook({ leakLooks = 0 }: Pick<Plan, 'leakLooks'>, checkpoint?: number): number {
  if (leakLooks === 0) return falseAlarmsMax;
  return checkpoint === undefined ? falseAlarmsMax * (1 - looksShare) : (falseAlarmsMax * looksShare) / leakLooks;
}
