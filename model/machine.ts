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

/**
 * R6: the source's latency, memory, connection and cache objectives were stated for a large machine whose load came from
 * elsewhere. They are judged on at least 16 cores with the generator apart, and are shown, not judged, everywhere else.
 */
export const objectivesBind = (machine: Pick<Machine, 'cores'>, placement: Placement): boolean =>
  machine.cores >= coresOfTheBaselines && placement === 'apart';

export const objectivesBindWhen = `bind on ${coresOfTheBaselines} cores or more with the generator on another machine`;
