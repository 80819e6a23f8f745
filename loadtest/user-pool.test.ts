import { describe, expect, it } from 'vitest';
import { loopbackIdentities, seededTools, startLoopbackTarget } from '../test/loopback-target.ts';
import { createMemoryJournal } from '../test/memory-journal.ts';
import { openOrders } from '../test/open-orders.ts';
import { behavioursOf } from './behaviours/mix.ts';
import { createSpawner, type CrowdOptions } from './crowd.ts';
import type { IterationOutcome } from './presence-ledger.ts';
import { createUserPool } from './user-pool.ts';

const stage = { name: 'hold', durationMs: 60_000, usersFrom: 3, usersTo: 3, ratePerSecondFrom: 1, ratePerSecondTo: 1 };

async function optionsFor(baseUrl = 'http://127.0.0.1'): Promise<CrowdOptions> {
  const { journal } = createMemoryJournal();
  const target = await startLoopbackTarget();
  await target.close();
  const note = (): void => undefined;
  return {
    ...{ orders: openOrders({ stages: [stage], startsAt: 0, users: 6 }), identities: loopbackIdentities(6) },
    ...{ speech: target.speech, incarnation: 1, seededTools, origin: baseUrl, journal, runTag: 'r' },
    books: {
      ...{ operationEnded: note, scopeLeaked: note, iterationEnded: note, iterationBegan: note },
      ...{ answeredWrong: note, taskFailed: note },
    },
    ...{ now: Date.now, clock: Date.now },
    onFailure: (error) => {
      throw error;
    },
  };
}

describe('iterations of an open load', () => {
  it('are of each behaviour as often as its share says, and of each of its tasks', async () => {
    const { nextTask } = createSpawner(await optionsFor());
    const counts = new Map<unknown, number>();
    // 13 rounds of 55: 520 iterations of enterprise users are 8 rounds of their tasks.
    for (let index = 0; index < 13 * 55; index += 1) {
      const task = nextTask();
      counts.set(task, (counts.get(task) ?? 0) + 1);
    }
    const behaviours = behavioursOf({ mix: 'enterprise' });
    const [enterprise, power, storms] = behaviours.map(({ tasks }) =>
      Object.values(tasks).map((task) => counts.get(task) ?? 0),
    );
    const sum = (each: readonly number[] = []): number => each.reduce((total, count) => total + count, 0);
    expect([sum(enterprise), sum(power), sum(storms)]).toEqual([520, 130, 65]);
    const weights = Object.values(behaviours[0]?.tasks ?? {}).map(({ weight }) => weight);
    expect(enterprise).toEqual(weights.map((weight) => weight * 8));
  });
});

describe('a pool of users', () => {
  it('is as large as its stages want, busy as long as its iterations last, and grows and never shrinks', async () => {
    const target = await startLoopbackTarget();
    target.mischief = () => 'silence';
    const options = await optionsFor(target.baseUrl);
    const pool = createUserPool(options);
    const outcomes: IterationOutcome[] = [];
    const begin = (): void => {
      pool.begin({ dueAt: Date.now(), onEnd: (outcome) => void outcomes.push(outcome) });
    };
    expect([pool.free(), pool.size()]).toEqual([3, 0]);
    begin();
    begin();
    expect([pool.free(), pool.size()]).toEqual([1, 2]);
    const { orders } = options;
    pool.revise({ ...orders, plan: { ...orders.plan, stages: [{ ...stage, usersFrom: 5, usersTo: 5 }] } });
    expect([pool.free(), pool.size()]).toEqual([3, 2]);
    pool.revise(orders);
    expect(pool.free()).toBe(3);
    for (let index = 0; index < 3; index += 1) begin();
    expect(begin).toThrow('no virtual user is free');
    await pool.close();
    await target.close();
    expect(outcomes).toEqual(Array.from({ length: 5 }, () => 'abandoned'));
    expect([pool.free(), pool.size()]).toEqual([5, 0]);
  });
});
