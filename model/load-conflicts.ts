import type { SoakWaveInput } from './run-input.ts';
import { type StagesInput, stagesMs } from './stages-input.ts';
import { poolFor, rateMaxOf, usersAtLeast, virtualUsersMax } from './user-pool.ts';
import { type WaveName, waves } from './wave.ts';

type LoadInput = Partial<Omit<SoakWaveInput, 'wave'>>;
type NameKey = (key: string) => string;

/** Iterations begin at a rate in some part of the load. */
export const isOpenInput = ({ arrivalRate, stages }: LoadInput): boolean =>
  arrivalRate !== undefined || stages?.some(({ rate }) => rate !== undefined) === true;

/** The highest rate of an open load. */
export const peakRateOf = ({ arrivalRate = 0, stages = [] }: LoadInput): number =>
  Math.max(arrivalRate, ...stages.map(({ rate = 0 }) => rate));

/** The most users of a closed load that the input states; undefined when that is the wave's own. */
const peakUsersOf = ({ users, stages }: LoadInput): number | undefined =>
  stages?.some((stage) => stage.users !== undefined) === true
    ? Math.max(...stages.map((stage) => stage.users ?? 0))
    : users;

/** How long the load is, when the input states it. */
export const statedLoadMs = ({ duration, stages }: LoadInput): number | undefined =>
  stages === undefined ? duration : stagesMs(stages);

/** Virtual users of the pool that takes a rate when nobody says how many: as many as there are seeded users to be, at most. */
const defaultPool = (ratePerSecond: number, seededUsers: number): number =>
  Math.min(poolFor(ratePerSecond), seededUsers, virtualUsersMax);

/** What the keys of one model say and those of the other cannot (R3.3). */
export function listModelConflicts(input: LoadInput, nameKey: NameKey): string[] {
  const { arrivalRate, pacing, stages, spawnRate, duration, users } = input;
  const isOpen = isOpenInput(input);
  const given = arrivalRate === undefined ? nameKey('stages') : nameKey('arrivalRate');
  const problems: string[] = [];
  if (isOpen && pacing !== undefined) {
    problems.push(
      `${nameKey('pacing')}: it paces each user of the closed model, and with ${given} iterations begin at a rate of all users together; use one of the two`,
    );
  }
  if (isOpen && spawnRate !== undefined) {
    problems.push(
      `${nameKey('spawnRate')}: users of the closed model come at it, and with ${given} all of them are there from the start; leave it out`,
    );
  }
  if (stages === undefined) return problems;
  if (duration !== undefined) {
    problems.push(
      `${nameKey('duration')}: the stages say how long the load is, ${stagesMs(stages) / 1_000} s in all; leave it out`,
    );
  }
  const inUsers = stages.some((stage) => stage.users !== undefined);
  if (inUsers && arrivalRate !== undefined) {
    problems.push(
      `${nameKey('stages')}: these say how many users there are, and ${nameKey('arrivalRate')} says that iterations begin at a rate; use stages with rates`,
    );
  } else if (inUsers && users !== undefined) {
    problems.push(`${nameKey('users')}: the stages say how many users there are; leave it out`);
  }
  if (inUsers && spawnRate !== undefined) problems.push(...listTooSteep(input, spawnRate, nameKey));
  return problems;
}

/** Stages that want users faster than they may come. */
function listTooSteep({ stages = [] }: LoadInput, spawnRate: number, nameKey: NameKey): string[] {
  const slopes = spawnSlopes(stages);
  const steepest = Math.max(...slopes);
  if (steepest <= spawnRate) return [];
  return [
    `${nameKey('spawnRate')}: stage ${slopes.indexOf(steepest) + 1} adds ${steepest} users a second, and ${spawnRate} may come; use a larger ${nameKey('spawnRate')}, or leave it out`,
  ];
}

/** Users a second that each stage adds. */
export function spawnSlopes(stages: StagesInput): number[] {
  let from = 0;
  return stages.map(({ duration, users = 0 }) => {
    const perSecond = ((users - from) * 1_000) / duration;
    from = users;
    return perSecond;
  });
}

/** An arrival rate that no number of users allows, or not the number that was asked for. */
export function listRateConflicts(
  input: LoadInput,
  wave: { readonly name: WaveName; readonly seededUsers: number },
  nameKey: NameKey,
): string[] {
  if (!isOpenInput(input)) return [];
  const rate = peakRateOf(input);
  const given = input.arrivalRate === rate ? nameKey('arrivalRate') : nameKey('stages');
  const most = Math.min(wave.seededUsers, virtualUsersMax);
  const users = input.users ?? most;
  if (rate <= rateMaxOf(users)) return [];
  const least = usersAtLeast(rate);
  const told = `${given}: ${rate} iterations a second need at least ${least} virtual users, were each over in a millisecond`;
  if (least > most) {
    return [
      `${told}, and wave ${wave.name} can have ${most}: an arrival rate that no number of users allows; use at most ${rateMaxOf(most)}`,
    ];
  }
  return [`${told}, and ${users} are given; use a lower rate, or about ${Math.min(most, poolFor(rate))} users`];
}

/** Virtual users that the load of a wave begins with. */
export function virtualUsersOf(input: LoadInput, wave: WaveName, seededUsers: number): number {
  if (isOpenInput(input)) return input.users ?? defaultPool(peakRateOf(input), seededUsers);
  return peakUsersOf(input) ?? waves[wave].virtualUsers;
}
