import { formatBytes } from './figures.ts';

/** What a plan is held against: the machine that the stack will run on. */
export interface Machine {
  readonly cores: number;
  readonly memoryBytes: number;
  /**
   * Free where the state folder lies, with what the stack's own data already takes counted as free: a run reuses or replaces it.
   * Without that, a machine that has just been seeded would be planned a smaller data set than the one it holds.
   */
  readonly diskFreeBytes: number;
}

/** Where the generator runs, seen from the target. A local stack is always co-located. */
export type Placement = 'co-located' | 'apart';

const coresOfTheBaselines = 16;
/** The source's machine has 128 GB (R5), of which firmware and kernel keep some. */
const memoryBytesOfTheBaselines = 120 * 1_024 ** 3;

/**
 * R6: the source's latency, memory, connection and cache objectives were stated for a large machine whose load came from
 * elsewhere. They are judged on a machine of that class — at least 16 cores and 128 GB, with the generator apart — and are
 * shown, not judged, everywhere else.
 */
export const objectivesBind = (machine: Pick<Machine, 'cores' | 'memoryBytes'>, placement: Placement): boolean =>
  whyNotOfTheClass(machine, placement) === undefined;

/** What a machine lacks of the class that the baselines were stated for; undefined when it is of that class. */
export function whyNotOfTheClass(
  { cores, memoryBytes }: Pick<Machine, 'cores' | 'memoryBytes'>,
  placement: Placement,
): string | undefined {
  if (cores < coresOfTheBaselines || placement !== 'apart') {
    return `shown, not judged: the baselines ${objectivesBindWhen}; here are ${cores}, ${placement}`;
  }
  if (memoryBytes >= memoryBytesOfTheBaselines) return undefined;
  return `shown, not judged: this machine is smaller than the one of the baselines, which has 128 GB; here are ${formatBytes(memoryBytes)}`;
}

const objectivesBindWhen = `bind on ${coresOfTheBaselines} cores or more with the generator on another machine`;

/** The class in a few words; the generator is on another machine. */
export const machineClass = `${coresOfTheBaselines} cores, 128 GB`;
