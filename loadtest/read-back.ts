import * as z from 'zod';
import type { WriteRecord } from '#model/evidence.ts';
import type { HttpResponse, Operation, TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import { allowedOrigin } from './allowed-hosts.ts';
import type { Connection } from './connection.ts';
import { walk } from './walk.ts';

/** Who is asked and how; the same for reading back, deleting and auditing. */
export interface Inquiry {
  readonly baseUrl: string;
  readonly allowedHosts: readonly string[];
  readonly speech: TargetSpeech;
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/** An object that load created and that is still there. */
interface Leftover {
  readonly objectId: number;
  readonly ownerId: number;
}

export interface ReadBack {
  /** Objects whose last acknowledged state was held against the target. */
  readonly checked: number;
  /** Acknowledged as present, and not there or different; one sentence each, at most 1,000. */
  readonly lost: readonly string[];
  /** Acknowledged as deleted, and still there; one sentence each, at most 1,000. */
  readonly resurrected: readonly string[];
  /** Objects with a last write that was never answered: either state is accepted. */
  readonly indeterminate: number;
  readonly remaining: readonly Leftover[];
}

const requestTimeoutMs = 10_000;
const attemptsMax = 5;
const attemptPauseMs = 500;
const namedMax = 1_000;

/**
 * The durability oracle's last step (R7.4): reads every object that load wrote as its owner, once the target's stated
 * cache bound has passed. Throws when an object cannot be read at all: what was not read back was not kept.
 */
export async function readBackWrites(
  options: Inquiry & {
    readonly writes: Iterable<WriteRecord> | AsyncIterable<WriteRecord>;
    readonly identities: readonly Identity[];
  },
): Promise<ReadBack> {
  const last = await lastStates(options.writes);
  const owners = ownersOf(options.identities);
  const found = { checked: 0, lost: [] as string[], resurrected: [] as string[], remaining: [] as Leftover[] };
  const origin = allowedOrigin(options.baseUrl, options.allowedHosts);
  // A creation whose answer never came has no id to ask for.
  const known = [...last.values()].filter(({ objectId }) => objectId > 0);
  await walk({ ...options, items: known, origin, requestTimeoutMs }, async (connection, write) => {
    const owner = owners(write.ownerId);
    const operation: Operation = { kind: 'read-tool', toolId: write.objectId };
    const response = await askUntilAnswered(connection, options, [operation, owner]);
    judge(write, response, found);
  });
  options.signal.throwIfAborted();
  const indeterminate = [...last.values()].filter(({ state }) => state === 'indeterminate').length;
  return { ...found, indeterminate };
}

export interface CleanUp extends Inquiry {
  readonly remaining: readonly Leftover[];
  readonly identities: readonly Identity[];
  /** Told of each deletion before and after, as load's own writes are: reading back again must not miss what is gone. */
  readonly record: (write: WriteRecord) => void;
}

/** Deletes what is still there, as its owner. Throws when something cannot be deleted. */
export async function deleteLeftovers(options: CleanUp): Promise<{ deleted: number }> {
  const owners = ownersOf(options.identities);
  const origin = allowedOrigin(options.baseUrl, options.allowedHosts);
  let deleted = 0;
  await walk({ ...options, items: options.remaining, origin, requestTimeoutMs }, async (connection, leftover) => {
    const { objectId } = leftover;
    const record = (state: WriteRecord['state']): void => {
      options.record({ kind: 'write', at: Date.now(), ...leftover, state, description: '' });
    };
    record('indeterminate');
    const operation: Operation = { kind: 'delete-tool', toolId: objectId };
    const { status } = await askUntilAnswered(connection, options, [operation, owners(leftover.ownerId)]);
    if (status >= 300 && status !== 404) throw new Error(`deleting object ${objectId} was answered ${status}`);
    record('deleted');
    deleted += 1;
  });
  options.signal.throwIfAborted();
  return { deleted };
}

/** One question as one identity, asked again while the target does not answer or is in trouble; throws at the end. */
export async function askUntilAnswered(
  connection: Connection,
  { speech, signal }: Inquiry,
  [operation, identity]: readonly [Operation, Identity],
): Promise<HttpResponse> {
  let trouble = '';
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const exchange = await connection.send(speech.request(operation, identity));
    signal.throwIfAborted();
    if (exchange.outcome === 'answered' && exchange.response.status < 500) return exchange.response;
    trouble = exchange.outcome === 'answered' ? `status ${exchange.response.status}` : exchange.outcome;
    await new Promise((resolve) => setTimeout(resolve, attemptPauseMs));
  }
  throw new Error(`${operation.kind} as user ${identity.userId} got no answer in ${attemptsMax} attempts: ${trouble}`);
}

/** One writer an object, so the order within its producer is the order of its writes. */
async function lastStates(
  writes: Iterable<WriteRecord> | AsyncIterable<WriteRecord>,
): Promise<ReadonlyMap<number, WriteRecord>> {
  const last = new Map<number, WriteRecord>();
  for await (const write of writes) {
    const known = last.get(write.objectId);
    if (known === undefined || write.at >= known.at) last.set(write.objectId, write);
  }
  return last;
}

function ownersOf(identities: readonly Identity[]): (userId: number) => Identity {
  const byUser = new Map(identities.map((identity) => [identity.userId, identity]));
  return (userId) => {
    const identity = byUser.get(userId);
    if (identity === undefined) throw new Error(`user ${userId} wrote, and is not among the identities`);
    return identity;
  };
}

const ToolAnswer = z.looseObject({ description: z.string() });

function judge(
  { objectId, ownerId, state, description }: WriteRecord,
  { status, body }: HttpResponse,
  found: { checked: number; lost: string[]; resurrected: string[]; remaining: Leftover[] },
): void {
  const isThere = status < 300;
  if (isThere) found.remaining.push({ objectId, ownerId });
  if (state === 'indeterminate') return;
  found.checked += 1;
  const name = `object ${objectId} of user ${ownerId}`;
  if (state === 'deleted') {
    if (isThere) say(found.resurrected, `${name} was deleted and is there`);
    return;
  }
  if (!isThere) say(found.lost, `${name} was acknowledged and is not there (status ${status})`);
  else if (describedIn(body) !== description)
    say(found.lost, `${name} does not hold its last acknowledged description`);
}

function say(list: string[], sentence: string): void {
  if (list.length < namedMax) list.push(sentence);
}

function describedIn(body: string): string | undefined {
  try {
    return ToolAnswer.safeParse(JSON.parse(body)).data?.description;
  } catch {
    return undefined;
  }
}
