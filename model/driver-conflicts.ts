import { isOpenInput } from './load-conflicts.ts';
import { allDriverKeys, type DriverKey, driverNames, kindOfDriver } from './load-driver.ts';
import type { SoakWaveInput } from './run-input.ts';

/** Keys that the inputs of all workflows share; the file of a driver is named by one of them. */
type DrivenInput = Partial<Omit<SoakWaveInput, 'wave'>>;
type NameKey = (key: string) => string;

/** What a file of somebody's own drives in place of, and what there is no way to hold a tool to (R3.6). */
export function listDriverConflicts(input: DrivenInput, nameKey: NameKey): string[] {
  const given = allDriverKeys.filter((key) => input[key] !== undefined);
  const [first] = given;
  if (first === undefined) return [];
  const named = given.map(nameKey).join(' and ');
  const problems: string[] = given.length > 1 ? [`${named}: one file drives the load; give one of them`] : [];
  for (const key of ['mix', 'weights'] as const) {
    if (input[key] !== undefined)
      problems.push(`${nameKey(key)}: with ${nameKey(first)} there is no mix; give one of them`);
  }
  if (input.capacity !== undefined) {
    problems.push(
      `${nameKey('capacity')}: a search holds each rate to the local reads of a mix, which the file of ${nameKey(first)} need not send; give one of them`,
    );
  }
  return [...problems, ...given.flatMap((key) => listToolConflicts(key, input, nameKey))];
}

/** A tool drives by itself: who there shall be is all that it is told. */
function listToolConflicts(key: DriverKey, input: DrivenInput, nameKey: NameKey): string[] {
  const kind = kindOfDriver(key);
  if (kind === 'scenario') return [];
  const tool = driverNames[kind];
  const problems: string[] = [];
  if ((input.shards ?? 1) > 1) problems.push(`${nameKey('shards')}: ${tool} drives from one process; leave it out`);
  if (isOpenInput(input)) {
    const rate = input.arrivalRate === undefined ? 'stages' : 'arrivalRate';
    const instead = rate === 'stages' ? 'give stages in users' : 'leave it out';
    problems.push(`${nameKey(rate)}: ${tool} is told of users and not of iterations a second; ${instead}`);
  }
  if (input.pacing !== undefined) {
    problems.push(`${nameKey('pacing')}: users of ${tool} pause as their own file says; leave it out`);
  }
  if (input.connections !== undefined) {
    problems.push(`${nameKey('connections')}: ${tool} opens its own; leave it out`);
  }
  return problems;
}
