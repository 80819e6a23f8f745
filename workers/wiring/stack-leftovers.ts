import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readIfPresent } from '#compose/atomic-file.ts';
import { readClaim, type StackClaim } from '#compose/claim.ts';
import { dataFolderOf } from '#compose/postgres.ts';
import { serverUser } from '#compose/system-user.ts';
import type { Context } from './context.ts';

/** A claim that cannot be read is nobody's to guess: it stands, and a person is told. */
export function readClaimOrTell(stackFolder: string): { claim: StackClaim | undefined; unreadable: string[] } {
  try {
    return { claim: readClaim(stackFolder), unreadable: [] };
  } catch (error) {
    return {
      claim: undefined,
      unreadable: [`${error instanceof Error ? error.message : String(error)}; the stack was left alone`],
    };
  }
}

/** What a stack that nobody has was left as, by whoever died while making or clearing it. */
export function healHalfMade(context: Context): string[] {
  const { stack } = context.places;
  const data = dataFolderOf({ folder: stack, runAs: serverUser() });
  const lines: string[] = [];
  const fresh = `${data}.new`;
  if (existsSync(fresh)) {
    // It becomes the data directory by one rename when it is whole; until then it is nothing but scrap.
    rmSync(fresh, { recursive: true, force: true });
    lines.push(`initdb died half-way in ${fresh}: removed`);
  }
  const population = readPopulation(stack);
  if (population === 'unreadable') lines.push(`${populationFile(stack)} cannot be read: ${whatToDoWithPopulation}`);
  const isMade = existsSync(data) && readdirSync(data).length > 0;
  if (population === 'absent' && isMade) {
    lines.push(
      `${data} is of no known data set, as of a stack that was being cleared away: the next run makes a new one`,
    );
  }
  return lines;
}

export const populationFile = (stackFolder: string): string => join(stackFolder, 'population.json');

export const whatToDoWithPopulation =
  'nobody knows which data set the stack holds; delete the file to have the stack made anew, or write the right one';

/** The canonical text of what the stack's data were made for. */
export function readPopulation(stackFolder: string): 'absent' | 'unreadable' | { readonly text: string } {
  const text = readIfPresent(populationFile(stackFolder));
  if (text === undefined) return 'absent';
  try {
    JSON.parse(text);
    return { text };
  } catch {
    return 'unreadable';
  }
}
