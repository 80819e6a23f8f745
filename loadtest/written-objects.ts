/** What an object looks like: `undefined` where it is not there. */
export type ObjectValue = { readonly description: string; readonly teamId: number | null } | undefined;

/** What a write asks of an object that is there. */
export type ObjectChange =
  | { readonly kind: 'describe'; readonly description: string }
  | { readonly kind: 'share'; readonly teamId: number }
  | { readonly kind: 'delete' };

/**
 * One line of a write journal. A write is an intent, on disk before its request is sent, and an outcome when the target
 * has answered; `unknown` is an answer that never came or does not say. A creation goes by its mark until it has an id.
 */
export type JournalEntry =
  | { readonly entry: 'create'; readonly mark: string; readonly ownerId: number; readonly description: string }
  | { readonly entry: 'created'; readonly mark: string; readonly objectId: number }
  | { readonly entry: 'not-created'; readonly mark: string }
  | { readonly entry: 'change'; readonly objectId: number; readonly change: ObjectChange }
  | { readonly entry: 'changed'; readonly objectId: number; readonly effect: 'done' | 'refused' | 'unknown' }
  | ({ readonly entry: 'object'; readonly objectId: number } & WrittenObject)
  | ({ readonly entry: 'counts'; readonly recentlyDeleted: readonly Departed[] } & WriteCounts);

/** One object as the journals know it; `values` are all that it may look like: one, unless an answer never came. */
export interface WrittenObject {
  readonly ownerId: number;
  readonly values: readonly ObjectValue[];
  /** A write whose outcome is not known yet, or never will be: its generator died. */
  readonly change?: ObjectChange | undefined;
}

export type PossibleObject = Pick<WrittenObject, 'values' | 'change'>;

interface LostCreation {
  readonly ownerId: number;
  readonly description: string;
}

export interface Departed {
  readonly objectId: number;
  readonly ownerId: number;
}

export interface WriteCounts {
  /** Writes that the target acknowledged. */
  readonly acknowledged: number;
  readonly refused: number;
  /** Objects whose deletion was acknowledged: they are known by nothing but their absence. */
  readonly deleted: number;
  /** Objects beyond the bound on those that can be followed. */
  readonly untracked: number;
}

/**
 * Everything that load has written and may still be there (R7.4), folded from journal entries in order. What was created and
 * deleted leaves nothing but a count, so memory is bounded by the objects that are alive.
 */
export interface WrittenObjects {
  apply(entry: JournalEntry): void;
  readonly objects: ReadonlyMap<number, WrittenObject>;
  /** Creations without an outcome, by mark: whether there is such an object is not known. */
  readonly creations: ReadonlyMap<string, LostCreation>;
  /** The latest deletions, so that a cache that still answers for one is found. */
  readonly recentlyDeleted: readonly Departed[];
  readonly counts: () => WriteCounts;
}

/** About 550 MB at the bound; the stationary behaviours of R1.7 keep a hundredth of it. */
const objectsMaxDefault = 2_000_000;
const recentMax = 1_000;
/** More answers than this never came for one object: nobody writes it again after the first. */
const valuesMax = 8;

export function createWrittenObjects(objectsMax = objectsMaxDefault): WrittenObjects {
  const objects = new Map<number, WrittenObject>();
  const creations = new Map<string, LostCreation>();
  const sums = { acknowledged: 0, refused: 0, deleted: 0, untracked: 0 };
  const recent = createRecent();

  function hold(objectId: number, { ownerId, values, change }: WrittenObject): void {
    if (change === undefined && values.every((value) => value === undefined)) {
      if (objects.delete(objectId)) sums.deleted += 1;
      recent.add([{ objectId, ownerId }]);
    } else if (objects.has(objectId) || objects.size < objectsMax) {
      objects.set(objectId, change === undefined ? { ownerId, values } : { ownerId, values, change });
    } else sums.untracked += 1;
  }

  function changed(objectId: number, effect: 'done' | 'refused' | 'unknown'): void {
    const object = objects.get(objectId);
    if (object?.change === undefined) return;
    const { ownerId, values, change } = object;
    if (effect === 'done') sums.acknowledged += 1;
    if (effect === 'refused') sums.refused += 1;
    if (effect === 'done') hold(objectId, { ownerId, values: distinct(values.flatMap(valuesAfter(change))) });
    else hold(objectId, { ownerId, values: effect === 'refused' ? values : possibleValues(object) });
  }

  function created(mark: string, objectId: number): void {
    const creation = creations.get(mark);
    if (creation === undefined) return;
    creations.delete(mark);
    sums.acknowledged += 1;
    hold(objectId, { ownerId: creation.ownerId, values: [{ description: creation.description, teamId: null }] });
  }

  function change(objectId: number, asked: ObjectChange): void {
    const object = objects.get(objectId);
    // An unresolved change before this one may have been done or not.
    if (object !== undefined)
      hold(objectId, { ownerId: object.ownerId, values: possibleValues(object), change: asked });
  }

  function apply(entry: JournalEntry): void {
    switch (entry.entry) {
      case 'create':
        creations.set(entry.mark, { ownerId: entry.ownerId, description: entry.description });
        return;
      case 'created':
        created(entry.mark, entry.objectId);
        return;
      case 'not-created':
        if (creations.delete(entry.mark)) sums.refused += 1;
        return;
      case 'change':
        change(entry.objectId, entry.change);
        return;
      case 'changed':
        changed(entry.objectId, entry.effect);
        return;
      case 'object':
        hold(entry.objectId, entry);
        return;
      case 'counts':
        for (const key of ['acknowledged', 'refused', 'deleted', 'untracked'] as const) sums[key] += entry[key];
        recent.add(entry.recentlyDeleted);
    }
  }

  return {
    apply,
    objects,
    creations,
    get recentlyDeleted() {
      return recent.list();
    },
    counts: () => ({ ...sums }),
  };
}

function createRecent() {
  let recent: Departed[] = [];
  return {
    add(departed: readonly Departed[]): void {
      recent.push(...departed);
      if (recent.length > 2 * recentMax) recent = recent.slice(-recentMax);
    },
    list: (): readonly Departed[] => recent.slice(-recentMax),
  };
}

/** The entries that make an equal state, to begin a journal anew with; taken while nothing is applied. */
export function* entriesOf(written: WrittenObjects): Generator<JournalEntry> {
  yield { entry: 'counts', ...written.counts(), recentlyDeleted: written.recentlyDeleted };
  for (const [objectId, object] of written.objects) yield { entry: 'object', objectId, ...object };
  for (const [mark, creation] of written.creations) yield { entry: 'create', mark, ...creation };
}

/** All that an object may look like now; a change without an outcome may have been done or not. */
export function possibleValues({ values, change }: PossibleObject): readonly ObjectValue[] {
  if (change === undefined) return values;
  return distinct([...values, ...values.flatMap(valuesAfter(change))]);
}

/** An acknowledged update proves that the object was there. */
const valuesAfter =
  (change: ObjectChange) =>
  (value: ObjectValue): ObjectValue[] => {
    if (change.kind === 'delete') return [undefined];
    if (value === undefined) return [];
    if (change.kind === 'share') return [{ ...value, teamId: change.teamId }];
    return [{ ...value, description: change.description }];
  };

function distinct(values: readonly ObjectValue[]): readonly ObjectValue[] {
  if (values.length <= 1) return values;
  const kept = new Map(values.map((value) => [value === undefined ? '' : JSON.stringify(value), value]));
  return [...kept.values()].slice(0, valuesMax);
}
