import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { HttpResponse } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import { allowedOrigin } from './allowed-hosts.ts';
import { askUntilAnswered, type Inquiry, inquiryTimeoutMs, ownersOf } from './inquiry.ts';
import { compareStored, differenceFrom, type StoredObject, type StoredObjects, tellValue } from './stored-objects.ts';
import { walk } from './walk.ts';
import {
  type ObjectValue,
  type PossibleObject,
  possibleValues,
  type WrittenObject,
  type WrittenObjects,
} from './written-objects.ts';

export interface ReadBackOptions extends Inquiry {
  /** Reads the journals anew at each call: load may be going on. */
  readonly journals: () => Promise<WrittenObjects>;
  readonly stored: StoredObjects;
  readonly identities: readonly Identity[];
  /** Start of the name of everything that this run has created. */
  readonly namePrefix: string;
  /** So long an answer may be behind an acknowledged write; stated by the target. */
  readonly cacheBoundMs: number;
  /** Of the objects that are alive, at most so many are asked for through the API, spread evenly; all are compared in the database. */
  readonly askedMax?: number;
}

export interface ReadBack {
  /** Written objects whose acknowledged state was held against the target, those that were deleted included. */
  readonly checked: number;
  /** Acknowledged as present, and not there or different; one sentence each, at most 1,000. */
  readonly lost: readonly string[];
  /** Acknowledged as deleted, or refused, and there; one sentence each, at most 1,000. */
  readonly resurrected: readonly string[];
  /** Objects with a write that was never answered: either state is accepted. */
  readonly indeterminate: number;
  /** What is in the database of everything that this run created and may be there. */
  readonly remaining: readonly StoredObject[];
  readonly written: WrittenObjects;
}

const namedMax = 1_000;
const pauseMs = 500;

/**
 * The durability oracle (R7.4): holds everything that load wrote against the target, through its API as the owner and in its
 * database. It may be called while load goes on: what was written meanwhile is left to the next call. An answer counts
 * as wrong when it is still wrong after the cache bound. Throws when something cannot be read at all.
 */
export async function readBackWrites(options: ReadBackOptions): Promise<ReadBack> {
  const before = await options.journals();
  const stored = await compareStored(before, options.stored, options.namePrefix);
  const wrong = await askSettled(options, before);
  const after = await options.journals();
  const unchanged = (objectId: number): boolean => isSame(before.objects.get(objectId), after.objects.get(objectId));
  const different = await stillDifferent(
    options,
    before,
    new Map([...stored.different].filter(([objectId]) => unchanged(objectId))),
  );
  const back = await stillUnexplained(options, after, stored.unexplained);
  options.signal.throwIfAborted();
  const indeterminate = countIndeterminate(before);
  const told = await tellDifferences(options, { before, different, wrong, back });
  return {
    checked: before.objects.size + before.creations.size + before.counts().deleted - indeterminate,
    ...told,
    indeterminate,
    remaining: stored.there,
    written: before,
  };
}

/** Objects in more states than one, and creations of which nobody knows. */
function countIndeterminate({ objects, creations }: WrittenObjects): number {
  let count = creations.size;
  for (const { values, change } of objects.values()) if (change !== undefined || values.length > 1) count += 1;
  return count;
}

interface Asked extends PossibleObject {
  readonly objectId: number;
  readonly ownerId: number;
}

/** What the API says wrongly of objects that nobody wrote meanwhile, by id, when the cache bound has passed. */
async function askSettled(options: ReadBackOptions, before: WrittenObjects): Promise<Map<number, string>> {
  const deadline = Date.now() + options.cacheBoundMs;
  const objects = [...before.objects].map(([objectId, object]) => ({ objectId, ...object }));
  const deleted = before.recentlyDeleted.map((departed) => ({ ...departed, values: [undefined] }));
  let wrong = await ask(options, spread([...objects, ...deleted], options.askedMax ?? Infinity));
  for (let isLast = false; wrong.size > 0;) {
    const now = await options.journals();
    for (const { objectId } of wrong.keys()) {
      if (!isSame(before.objects.get(objectId), now.objects.get(objectId))) wrong = without(wrong, objectId);
    }
    if (isLast) break;
    await sleep(Math.min(pauseMs, Math.max(1, deadline - Date.now())), undefined, { signal: options.signal });
    isLast = Date.now() >= deadline;
    wrong = await ask(options, [...wrong.keys()]);
  }
  return new Map([...wrong].map(([{ objectId }, answer]) => [objectId, answer]));
}

const without = (wrong: ReadonlyMap<Asked, string>, objectId: number): Map<Asked, string> =>
  new Map([...wrong].filter(([asked]) => asked.objectId !== objectId));

/** The answers that do not agree with what was acknowledged. */
async function ask(options: ReadBackOptions, items: readonly Asked[]): Promise<Map<Asked, string>> {
  const owners = ownersOf(options.identities);
  const origin = allowedOrigin(options.baseUrl, options.allowedHosts);
  const wrong = new Map<Asked, string>();
  await walk({ ...options, items, origin, requestTimeoutMs: inquiryTimeoutMs }, async (connection, asked) => {
    const operation = { kind: 'read-tool', toolId: asked.objectId } as const;
    const response = await askUntilAnswered(connection, options, [operation, owners(asked.ownerId)]);
    const difference = judgeAnswer(asked, response);
    if (difference !== undefined) wrong.set(asked, difference);
  });
  options.signal.throwIfAborted();
  return wrong;
}

const ToolAnswer = z.looseObject({ description: z.string(), teamId: z.int().nullable().optional() });

function judgeAnswer(asked: Asked, { status, body }: HttpResponse): string | undefined {
  if (status === 404) return differenceFrom(asked, undefined) === undefined ? undefined : 'status 404';
  if (status >= 300) return `status ${status}`;
  const tool = toolIn(body);
  if (tool === undefined) return 'no tool';
  const { description, teamId } = tool;
  return differenceFrom(asked, { description, ...(teamId === undefined ? {} : { teamId }) });
}

function toolIn(body: string): z.infer<typeof ToolAnswer> | undefined {
  try {
    return ToolAnswer.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** A row that was seen may be of a creation that `after` knows, or may have been deleted by now; what is left was deleted before. */
async function stillUnexplained(
  { stored, signal }: ReadBackOptions,
  after: WrittenObjects,
  rows: readonly StoredObject[],
): Promise<readonly StoredObject[]> {
  const unknown = rows.filter(({ objectId, name }) => !after.objects.has(objectId) && !after.creations.has(name));
  signal.throwIfAborted();
  return unknown.length === 0 ? [] : stored.among(unknown.map(({ objectId }) => objectId));
}

const looks = 3;
/** More than a moment's reading can have caught between two writes. */
const lookedAtMax = 1_000;

/**
 * A row that was read between two writes, of which the second put back what the first had changed, looks wrong though its
 * object is as it was before and after. What is wrong stays wrong: it is looked at again, between two readings of the journals.
 */
async function stillDifferent(
  { stored, journals, signal }: ReadBackOptions,
  before: WrittenObjects,
  different: ReadonlyMap<number, string>,
): Promise<ReadonlyMap<number, string>> {
  if (different.size > lookedAtMax) return different;
  let left = different;
  for (let look = 0; look < looks && left.size > 0; look += 1) {
    await sleep(pauseMs, undefined, { signal });
    const rows = new Map((await stored.among([...left.keys()])).map((row) => [row.objectId, row]));
    const now = await journals();
    const isStill = (objectId: number): string | undefined => {
      const object = now.objects.get(objectId);
      if (object === undefined || !isSame(before.objects.get(objectId), object)) return undefined;
      return differenceFrom(object, rows.get(objectId));
    };
    left = new Map(
      [...left.keys()].flatMap((objectId) => {
        const difference = isStill(objectId);
        return difference === undefined ? [] : [[objectId, difference] as const];
      }),
    );
  }
  return left;
}

const isSame = (one: WrittenObject | undefined, other: WrittenObject | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** At most `max` of the items, evenly from the first to the last. */
function spread<T>(items: readonly T[], max: number): T[] {
  if (items.length <= max) return [...items];
  return Array.from({ length: max }, (_, index) => items[Math.floor((index * items.length) / max)]).filter(
    (item) => item !== undefined,
  );
}

interface Differences {
  readonly before: WrittenObjects;
  readonly different: ReadonlyMap<number, string>;
  readonly wrong: ReadonlyMap<number, string>;
  readonly back: readonly StoredObject[];
}

/** One sentence an object: what was acknowledged, what the API says, what the database holds. */
async function tellDifferences(
  options: ReadBackOptions,
  { before, different, wrong, back }: Differences,
): Promise<Pick<ReadBack, 'lost' | 'resurrected'>> {
  const departed = new Map(before.recentlyDeleted.map(({ objectId, ownerId }) => [objectId, ownerId]));
  const rows = new Map(back.map((row) => [row.objectId, row]));
  const ids = [...new Set([...different.keys(), ...wrong.keys(), ...rows.keys()])].slice(0, namedMax);
  const named = ids.map((objectId) => {
    const object = before.objects.get(objectId);
    const ownerId = object?.ownerId ?? rows.get(objectId)?.ownerId ?? departed.get(objectId) ?? 0;
    return { objectId, ownerId, object };
  });
  // No value agrees with none: the answer is told whatever it is.
  const answers = await ask(
    options,
    named.map(({ objectId, ownerId }) => ({ objectId, ownerId, values: [] })),
  );
  const said = new Map([...answers].map(([{ objectId }, answer]) => [objectId, answer]));
  const lost: string[] = [];
  const resurrected: string[] = [];
  for (const { objectId, ownerId, object } of named) {
    const row = rows.get(objectId);
    const held = row === undefined ? (different.get(objectId) ?? 'it as acknowledged') : tellValue(row);
    const told = `the API answers ${wrong.get(objectId) ?? said.get(objectId) ?? 'nothing'}, the database holds ${held}`;
    const name = `object ${objectId} of user ${ownerId}`;
    if (object === undefined) resurrected.push(`${name} is there, and was deleted or refused: ${told}`);
    else lost.push(`${name} was acknowledged as ${possibleValues(object).map(tellExpected).join(' or ')}: ${told}`);
  }
  return { lost, resurrected };
}

const tellExpected = (value: ObjectValue): string => (value === undefined ? 'deleted' : tellValue(value));
