import type { WorkflowName } from './plan.ts';
import { virtualUsersMax } from './user-pool.ts';
import { rateMaxDefault } from './plan-capacity.ts';
import type { SoakWaveInput } from './run-input.ts';
import type { WaveName } from './wave.ts';

/** Keys that the inputs of all workflows share; their waves are told beside. */
type SearchInput = Partial<Omit<SoakWaveInput, 'wave'>>;
type NameKey = (key: string) => string;

/** The highest rate that the search of this input may offer: its pool of users is made for that. Undefined without a search. */
export function searchedRateOf(
  { capacity, users }: SearchInput,
  wave: WaveName,
  seededUsers: number,
): number | undefined {
  if (capacity === undefined) return undefined;
  return rateMaxDefault({ options: capacity, wave, usersMax: users ?? Math.min(seededUsers, virtualUsersMax) });
}

/** What says how much load there shall be, where the search is to find it out. */
const ratesOfTheirOwn = ['arrivalRate', 'stages', 'pacing', 'spawnRate'] as const;
/** The least that a search is: two probes and a hold. */
const durationMsMin = 30_000;

/** What a capacity search does by itself and other keys say too, and what there is no time for. */
export function listCapacityConflicts(workflow: WorkflowName, input: SearchInput, nameKey: NameKey): string[] {
  const { capacity, duration } = input;
  if (capacity === undefined) return [];
  const key = nameKey('capacity');
  const problems = ratesOfTheirOwn
    .filter((other) => input[other] !== undefined)
    .map((other) => `${nameKey(other)}: a capacity search sets the rate of the load itself; leave it out, or ${key}`);
  if (workflow === 'StabilityRun') {
    problems.push(`${key}: a stability run keeps its load as it is; search in a SoakWave`);
  }
  const { startRate, maxRate, probe, hold } = capacity;
  if (startRate !== undefined && maxRate !== undefined && startRate > maxRate) {
    problems.push(
      `${key}: it starts at ${startRate} iterations a second, and ${maxRate} are the most; use a lower startRate`,
    );
  }
  if (duration === undefined) return problems;
  if (duration < durationMsMin) {
    problems.push(
      `${nameKey('duration')}: a capacity search has no room in ${duration / 1_000} s; ${durationMsMin / 1_000} s are the least, and 10m find a capacity`,
    );
  } else if (2 * (probe ?? 0) + (hold ?? probe ?? 0) > duration) {
    problems.push(
      `${key}: two probes and a hold take longer than the load of ${duration / 1_000} s; make them shorter`,
    );
  }
  return problems;
}
