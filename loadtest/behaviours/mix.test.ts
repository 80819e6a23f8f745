import { describe, expect, it } from 'vitest';
import { MixName, operationsOf } from '#model/behaviour-class.ts';
import { type Operation, operationClasses, type OperationKind } from '#model/operation.ts';
import { createRandom, hash32 } from '#model/random.ts';
import { allotUsers, createDeck, spreadEvenly } from '../deck.ts';
import type { VirtualUser } from './behaviour.ts';
import { cacheStress } from './cache-stress.ts';
import { behavioursOf } from './mix.ts';

interface Simulation {
  readonly mix: MixName;
  readonly users: number;
  readonly loadMs: number;
  readonly seed: number;
  /** Milliseconds over which users arrive. */
  readonly rampMs: number;
}

const serviceMs = { 'local-read': 15, federation: 600, write: 25, analytics: 60 } as const;

describe('the enterprise mix', () => {
  it('asks every operation at least 20 times in a minute of 20 users', async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const { counts } = await simulate({ mix: 'enterprise', users: 20, loadMs: 60_000, seed, rampMs: 2_000 });
      expect(counts.size).toBe(12);
      expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(20);
    }
  });
});

describe.each(MixName.options)('the mix %s', (mix) => {
  it('is stationary: nobody keeps more live objects than allowed, storms apart', async () => {
    const { liveMost } = await simulate({ mix, users: 6, loadMs: 600_000, seed: 3, rampMs: 100 });
    expect(Math.max(...liveMost)).toBeLessThanOrEqual(20);
  });

  it('asks exactly the operations that it promises, each at least 20 times in ten minutes of six users', async () => {
    const { counts } = await simulate({ mix, users: 6, loadMs: 600_000, seed: 3, rampMs: 100 });
    expect([...counts.keys()].sort()).toEqual([...operationsOf({ mix })].sort());
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(20);
  });
});

describe('weights of an input', () => {
  it('are shares of the users, and a class without one has none', () => {
    const weights = { 'power-user': 1, writer: 3, 'tenant-user': 0 };
    const chosen = behavioursOf({ mix: 'custom', weights });
    expect(chosen.map(({ name, weight }) => [name, weight])).toEqual([
      ['power-user', 1],
      ['writer', 3],
    ]);
    expect(operationsOf({ mix: 'custom', weights })).not.toContain('search-tools');
    expect(allotUsers(chosen.map(({ weight }) => weight), 8)).toEqual([2, 6]); // prettier-ignore
  });
});

describe('a storm', () => {
  it('creates 50, updates all, deletes half, and first what the last one left', async () => {
    const counts = new Map<OperationKind, number>();
    const { user, begin } = createFakeUser(0, counts);
    begin(() => 0);
    const round = async () => {
      counts.clear();
      await cacheStress.tasks['invalidation-storm']?.run(user);
      return [counts.get('create-tool'), counts.get('update-tool'), counts.get('delete-tool')];
    };
    expect(await round()).toEqual([50, 50, 25]);
    expect(user.stormToolIds).toHaveLength(25);
    expect(await round()).toEqual([50, 50, 50]);
    expect(user.stormToolIds).toHaveLength(25);
  });

  it('ends at the first answer that is not good and leaves the rest to its next round', async () => {
    const counts = new Map<OperationKind, number>();
    const { user } = createFakeUser(0, counts);
    const failing: VirtualUser = {
      ...user,
      send: async (operation) =>
        operation.kind === 'update-tool' ? { outcome: 'failed', toolIds: [] } : user.send(operation),
    };
    await cacheStress.tasks['invalidation-storm']?.run(failing);
    expect(Object.fromEntries(counts)).toEqual({ 'create-tool': 50 });
    expect(failing.stormToolIds).toHaveLength(50);
  });
});

/** The real behaviours and decks under a clock of events: no server, no waiting. */
async function simulate({ mix, users, loadMs, seed, rampMs }: Simulation) {
  const behaviours = behavioursOf({ mix });
  const deal = spreadEvenly(allotUsers(behaviours.map(({ weight }) => weight), users), seed); // prettier-ignore
  const decks = behaviours.map(({ tasks }, index) =>
    createDeck(Object.fromEntries(Object.entries(tasks).map(([name, { weight }]) => [name, weight])), seed + index),
  );
  const counts = new Map<OperationKind, number>();
  const liveMost: number[] = [];
  const queue = Array.from({ length: users }, (_, slot) => ({ slot, at: (slot * rampMs) / users, iteration: 0 }));
  const people = queue.map(({ slot }) => createFakeUser(slot, counts));
  for (;;) {
    const next = queue.reduce((soonest, other) => (other.at < soonest.at ? other : soonest));
    const person = people[next.slot];
    if (next.at >= loadMs || person === undefined) break;
    person.begin(createRandom(hash32(seed, next.slot, next.iteration)));
    const behaviour = behaviours[deal[next.slot] ?? 0];
    await behaviour?.tasks[decks[deal[next.slot] ?? 0]?.deal() ?? '']?.run(person.user);
    liveMost[next.slot] = Math.max(liveMost[next.slot] ?? 0, person.user.liveToolIds.length);
    next.at += person.spentMs() + 500 + 1_000 * person.user.draw();
    next.iteration += 1;
  }
  return { counts, liveMost };
}

function createFakeUser(slot: number, counts: Map<OperationKind, number>) {
  let random = createRandom(slot);
  let spentMs = 0;
  let made = 0;
  const user: VirtualUser = {
    slot,
    ask: () => Promise.reject(new Error('no mix words its own requests')),
    cutOff: new AbortController().signal,
    taskEnded: () => undefined,
    identity: { userId: slot + 1, privateTeamId: slot + 1, teamIds: [101, 102], tokenSubject: '', visibleTools: 0, visibleDigest: '' }, // prettier-ignore
    teamIds: [slot + 1, 101, 102],
    allTeamIds: [1, 2, 3, 101, 102],
    seenToolIds: [1, 2, 3],
    liveToolIds: [],
    stormToolIds: [],
    liveToolsMax: 20,
    draw: () => random(),
    nextMark: () => `${slot}`,
    send(operation: Operation) {
      counts.set(operation.kind, (counts.get(operation.kind) ?? 0) + 1);
      spentMs += serviceMs[operationClasses[operation.kind]];
      made += 1;
      const toolIds = operation.kind === 'create-tool' ? [slot * 1e6 + made] : [];
      return Promise.resolve({ outcome: 'ok', toolIds });
    },
  };
  return {
    user,
    begin: (next: () => number) => {
      random = next;
      spentMs = 0;
    },
    spentMs: () => spentMs,
  };
}
