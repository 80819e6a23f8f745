import { type ObjectValue, type PossibleObject, possibleValues, type WrittenObjects } from './written-objects.ts';

/** A row of the target's database that no seeding put there. */
export interface StoredObject {
  readonly objectId: number;
  readonly ownerId: number;
  readonly name: string;
  readonly description: string;
  readonly teamId: number | null;
}

/** The target's database, asked directly and not through the target. */
export interface StoredObjects {
  /** Every row whose name begins so, in pages, in the order of ids. */
  pages(namePrefix: string): AsyncIterable<readonly StoredObject[]>;
  /** Those of these rows that are there now. */
  among(objectIds: readonly number[]): Promise<readonly StoredObject[]>;
}

export interface StoredDifferences {
  /** Objects that the database does not hold as they were acknowledged, with what it holds instead. */
  readonly different: Map<number, string>;
  /** Rows that nothing accounts for: deleted, or refused, and there. */
  readonly unexplained: StoredObject[];
  /** Rows of this run that may be there, for the end to delete. */
  readonly there: StoredObject[];
}

/** Further rows that nothing accounts for change nothing about the verdict. */
const unexplainedMax = 10_000;

/**
 * Holds all that the run has written against all rows that bear its mark. What was deleted has no entry any more, so each of
 * millions of deletions is checked by this: a row that is there and in no entry is back from the dead.
 */
export async function compareStored(
  written: WrittenObjects,
  stored: StoredObjects,
  namePrefix: string,
): Promise<StoredDifferences> {
  const different = new Map<number, string>();
  const unexplained: StoredObject[] = [];
  const there: StoredObject[] = [];
  const seen = new Set<number>();
  const compare = (row: StoredObject): void => {
    const object = written.objects.get(row.objectId);
    if (object === undefined && !written.creations.has(row.name)) {
      if (unexplained.length < unexplainedMax) unexplained.push(row);
      return;
    }
    seen.add(row.objectId);
    there.push(row);
    const difference = object && differenceFrom(object, row);
    if (difference !== undefined) different.set(row.objectId, difference);
  };
  for await (const page of stored.pages(namePrefix)) for (const row of page) compare(row);
  for (const [objectId, object] of written.objects) {
    if (seen.has(objectId)) continue;
    const difference = differenceFrom(object, undefined);
    if (difference !== undefined) different.set(objectId, difference);
  }
  return { different, unexplained, there };
}

/** What is there instead of any of the values that the object may have; undefined when it is one of them. */
export function differenceFrom(
  object: PossibleObject,
  found: { readonly description: string; readonly teamId?: number | null } | undefined,
): string | undefined {
  const isRight = possibleValues(object).some((value) => {
    if (value === undefined || found === undefined) return value === found;
    const isSameTeam = found.teamId === undefined || found.teamId === value.teamId;
    return isSameTeam && found.description === value.description;
  });
  return isRight ? undefined : tellValue(found);
}

export function tellValue(value: ObjectValue | { description: string; teamId?: number | null }): string {
  if (value === undefined) return 'nothing';
  const team = value.teamId === undefined || value.teamId === null ? '' : ` in team ${value.teamId}`;
  return `"${value.description.slice(0, 80)}"${team}`;
}
