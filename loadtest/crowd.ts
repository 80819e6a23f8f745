import { connectionsOfShard, type EngineOrders, type LoadPlan } from '#model/load-plan.ts';
import type { TargetSpeech } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import { hash32, shuffled } from '#model/random.ts';
import type { Behaviour, Task } from './behaviours/behaviour.ts';
import { behavioursOf } from './behaviours/mix.ts';
import type { Connection } from './connection.ts';
import { createConnections } from './connections.ts';
import { type Books, createConversation } from './conversation.ts';
import { allotUsers, createDeck, spreadEvenly } from './deck.ts';
import type { IterationOutcome } from './presence-ledger.ts';
import { createAsking } from './scenarios/asking.ts';
import { createVirtualUser, type RunningUser } from './virtual-user.ts';
import type { WriteJournal } from './write-journal.ts';
import { createWriteLog } from './write-log.ts';

/** The virtual users of one engine. */
export interface Crowd {
  /** Spawns and removes so that `planned` are there; not faster than the spawn rate, and never in mid-iteration. */
  follow(planned: number, now: number): void;
  /** New orders for users that are still to come. */
  revise(orders: EngineOrders): void;
  /** Users that are there and stay. */
  present(): number;
  /** Users that are there, those included that are about to leave. */
  size(): number;
  /** Cuts off everybody who is still there. */
  abandon(): void;
  close(): Promise<void>;
}

export interface CrowdOptions {
  readonly orders: EngineOrders;
  readonly identities: readonly Identity[];
  readonly speech: TargetSpeech;
  readonly incarnation: number;
  readonly seededTools: number;
  /** Absent: those of the plan's mix. */
  readonly behaviours?: readonly Behaviour[];
  /** Passed by `allowedOrigin`. */
  readonly origin: string;
  readonly books: CrowdBooks;
  /** Closed as soon as nothing may be written any more. */
  readonly journal: WriteJournal;
  /** Start of every mark of this run. */
  readonly runTag: string;
  readonly now: () => number;
  /** As `now`, in fractions of a millisecond. */
  readonly clock: () => number;
  /** Called when a behaviour breaks: a defect, not a failed iteration. */
  readonly onFailure: (error: Error) => void;
}

export interface CrowdBooks extends Books {
  readonly iterationEnded: (outcome: IterationOutcome) => void;
  /** An iteration whose time was fixed began so late. */
  readonly iterationBegan: (lateMs: number) => void;
}

export interface Member {
  readonly user: RunningUser;
  readonly connection: Connection;
}

const spawnBurstMs = 250;

export function createCrowd(options: CrowdOptions): Crowd {
  let { orders } = options;
  const members = new Map<number, Member>();
  const departures = new Set<Promise<unknown>>();
  const { spawn } = createSpawner(options);
  // The first user comes at once; later ones as the rate allows.
  let allowance = 1;
  let followedAt = options.now();

  function admit(slot: number): void {
    const member = spawn(slot, orders);
    members.set(slot, member);
    const departure = member.user
      .run()
      .catch((error: unknown) => {
        options.onFailure(new Error('a behaviour broke', { cause: error }));
      })
      .finally(() => {
        members.delete(slot);
        return member.connection.close();
      })
      .finally(() => departures.delete(departure));
    departures.add(departure);
  }

  function abandon(): void {
    // Whoever waits for the disk shall not wait for ever.
    void options.journal.close();
    for (const { user, connection } of members.values()) {
      connection.abandon();
      user.abandon();
    }
  }

  return {
    follow(planned, now) {
      const ratePerMs = orders.plan.spawnRatePerSecond / 1_000;
      const gained = Math.max(0, now - followedAt) * ratePerMs;
      allowance = Math.min(allowance + gained, Math.max(1, ratePerMs * spawnBurstMs));
      followedAt = now;
      for (const [slot, { user }] of members) if (slot >= planned) user.leave();
      for (let slot = 0; slot < planned; slot += 1) {
        const member = members.get(slot);
        if (member !== undefined) member.user.stay();
        // Sums of tenths fall short of whole numbers.
        else if (allowance >= 1 - 1e-6) {
          allowance -= 1;
          admit(slot);
        }
      }
    },
    revise(next) {
      orders = next;
    },
    present: () => [...members.values()].filter(({ user }) => !user.isLeaving).length,
    size: () => members.size,
    abandon,
    async close() {
      abandon();
      await Promise.all(departures);
    },
  };
}

interface Spawner {
  readonly spawn: (slot: number, orders: EngineOrders) => Member;
  /** Of all behaviours, each as often as its share says: what the next iteration of an open load is. */
  readonly nextTask: () => Task;
}

/** Makes the users of one engine, of either model. */
export function createSpawner({ identities, speech, books, ...options }: CrowdOptions): Spawner {
  const { plan, shard } = options.orders;
  if (identities.length === 0) throw new Error('an engine needs an identity for its virtual users');
  const behaviours = options.behaviours ?? behavioursOf(plan);
  const decks = behaviours.map(({ tasks }, index) => {
    const weights = Object.fromEntries(Object.entries(tasks).map(([name, { weight }]) => [name, weight]));
    return createDeck(weights, hash32(plan.seed, shard.shard, index));
  });
  const teamIds = new Set(identities.flatMap(({ privateTeamId, teamIds }) => [privateTeamId, ...teamIds]));
  const connections = createConnections(options.origin, connectionsOfShard(plan, shard.shard));
  const allTeamIds = shuffled([...teamIds], plan.seed);
  let spawned = 0;
  let dealt = { of: plan, behaviours: dealBehaviours(behaviours, plan) };

  const named = new Map(behaviours.map(({ name }, index) => [name, index]));
  const behaviourDeck = createDeck(
    Object.fromEntries(behaviours.map(({ name, weight }) => [name, weight])),
    hash32(plan.seed, shard.shard, behaviours.length),
  );
  const nextTask = (): Task => {
    const index = named.get(behaviourDeck.deal()) ?? 0;
    const task = at(behaviours, index).tasks[at(decks, index).deal()];
    if (task === undefined) throw new Error('a deck dealt a task that its behaviour does not have');
    return task;
  };

  const spawn: Spawner['spawn'] = (ownSlot, orders) => {
    const slot = orders.shard.firstSlot + ownSlot;
    const identity = at(identities, ownSlot);
    if (dealt.of !== orders.plan) dealt = { of: orders.plan, behaviours: dealBehaviours(behaviours, orders.plan) };
    const index = at(dealt.behaviours, plannedSlot(orders.plan, shard.shard) + ownSlot);
    const connection = connections.open(orders.plan.requestTimeoutMs);
    const writeLog = createWriteLog({ ownerId: identity.userId, journal: options.journal });
    spawned += 1;
    const user = createVirtualUser({
      ...{ slot, plan: orders.plan, identity, allTeamIds, seededTools: options.seededTools },
      behaviour: at(behaviours, index),
      deck: at(decks, index),
      mark: `${options.runTag}-${shard.shard}-${options.incarnation}-${slot}-${spawned}`,
      converse: createConversation({ connection, speech, identity, writeLog, books }),
      ask: createAsking({ connection, speech, identity, books }),
      taskFailed: books.taskFailed,
      ...{ iterationEnded: books.iterationEnded, iterationBegan: books.iterationBegan, clock: options.clock },
    });
    return { user, connection };
  };
  return { spawn, nextTask };
}

/** Which behaviour each slot of the whole plan has: exact shares, spread so that every range of slots has about its own. */
const dealBehaviours = (behaviours: readonly Behaviour[], { seed, virtualUsers }: LoadPlan): number[] =>
  spreadEvenly(
    allotUsers(
      behaviours.map(({ weight }) => weight),
      virtualUsers,
    ),
    seed,
  );

/** The shard's first slot, were there no slots but those of the planned users: so that these have their exact shares. */
function plannedSlot({ virtualUsers, shards }: LoadPlan, shard: number): number {
  return Math.floor(virtualUsers / shards.length) * shard + Math.min(shard, virtualUsers % shards.length);
}

/** Lists are dealt again from their start. */
function at<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('an empty list cannot be dealt');
  return item;
}
