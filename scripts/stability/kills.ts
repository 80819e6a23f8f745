import { hash32, integerBelow, shuffled } from '#model/random.ts';

/** Every process of the harness whose death a run has to survive. */
export const victims = [
  'orchestrator',
  'load',
  'host',
  'engine-0',
  'sampler',
  'watchdog',
  'temporal',
  'evidence',
] as const;
export type Victim = (typeof victims)[number];

export interface PlannedKill {
  readonly victim: Victim;
  /** From the start of the load. */
  readonly offsetMs: number;
}

/** The ramp is left alone, and so is the end, so that what a late kill costs is seen. */
const firstMs = 30_000;
const lastMs = 45_000;
const everyMs = 3.5 * 60_000;
/** Two deaths this near to each other would share what they cost. */
const apartMs = 20_000;

/**
 * Who is killed when: all victims in turn, shuffled anew each round, at moments that the seed draws, one in each of as many
 * equal stretches of the load. Not while a planned fault holds, whose cost is its own.
 */
export function planKills(options: {
  seed: number;
  loadMs: number;
  faults: readonly { readonly offsetMs: number; readonly deadlineMs: number }[];
}): PlannedKill[] {
  const { seed, loadMs, faults } = options;
  const rounds = Math.max(1, Math.round(loadMs / everyMs / victims.length));
  const order = Array.from({ length: rounds }, (_, round) => shuffled(victims, hash32(seed, round))).flat();
  const stretchMs = (loadMs - firstMs - lastMs) / order.length;
  let after = firstMs;
  return order.map((victim, index) => {
    const room = Math.max(1, stretchMs - apartMs);
    const drawn = Math.max(after, firstMs + index * stretchMs + integerBelow(hash32(seed, 1_000 + index), room));
    const fault = faults.find(({ offsetMs, deadlineMs }) => drawn > offsetMs - 15_000 && drawn < offsetMs + deadlineMs);
    const offsetMs = Math.round(fault === undefined ? drawn : fault.offsetMs + fault.deadlineMs);
    after = offsetMs + apartMs;
    return { victim, offsetMs };
  });
}
