import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueIterations, type EngineOrders, type Stage, totalLoadMs } from '#model/load-plan.ts';
import { pauseLoad, resumeLoad } from '#model/schedule.ts';
import { openOrders } from '../test/open-orders.ts';
import { createArrivals } from './arrivals.ts';

const startsAt = 1_000_000;
const stage = (seconds: number, from: number, to: number): Stage => ({
  ...{ name: 'ramp', durationMs: seconds * 1_000, usersFrom: 10, usersTo: 10 },
  ...{ ratePerSecondFrom: from, ratePerSecondTo: to },
});
const ordersOf = (stages: Stage[], shards = 1, shard = 0): EngineOrders =>
  openOrders({ stages, startsAt, shards, shard });
const anyStages = fc.array(
  fc
    .record({ seconds: fc.integer({ min: 1, max: 20 }), from: fc.nat(60), to: fc.nat(60) })
    .map(({ seconds, from, to }) => stage(seconds, from, to)),
  { minLength: 1, maxLength: 4 },
);
const anyTicks = fc.array(fc.double({ min: 0.1, max: 4_000, noNaN: true }), { maxLength: 40 });

/** Asks at each tick, then once after the end. */
function takeAll(orders: EngineOrders, ticks: readonly number[], beginsAt = startsAt) {
  const arrivals = createArrivals(orders, beginsAt);
  const seconds: { at: number; dueAt: number; takenAt: number }[] = [];
  let now = beginsAt;
  for (const tick of [...ticks, totalLoadMs(orders.plan) + 10_000]) {
    now += tick;
    for (const { at, count, dueAt } of arrivals.take(now)) {
      for (let index = 0; index < count; index += 1) seconds.push({ at, dueAt: dueAt(index), takenAt: now });
    }
  }
  return seconds;
}

describe('arrivals', () => {
  it('are all that is due, in order and in their seconds, however late anybody asks', () => {
    fc.assert(
      fc.property(anyStages, anyTicks, (stages, ticks) => {
        const orders = ordersOf(stages);
        const taken = takeAll(orders, ticks);
        expect(taken).toHaveLength(dueIterations(orders.plan, 0, totalLoadMs(orders.plan)));
        const misplaced = taken.filter(({ at, dueAt, takenAt }, index) => {
          const isInOrder = dueAt >= (taken[index - 1]?.dueAt ?? 0) && dueAt <= takenAt + 1e-6;
          return !isInOrder || dueAt < at - 1e-3 || dueAt > at + 1_000;
        });
        expect(misplaced).toEqual([]);
      }),
    );
  });

  it('of all shards together are those of the plan, each once', () => {
    const stages = [stage(5, 0, 40), stage(5, 40, 40)];
    const times = [0, 1, 2].flatMap((shard) =>
      takeAll(ordersOf(stages, 3, shard), [700, 1_300]).map(({ dueAt }) => dueAt),
    );
    const whole = takeAll(ordersOf(stages), [400]).map(({ dueAt }) => dueAt);
    expect(times.sort((a, b) => a - b)).toEqual(whole);
  });

  it('begin at the present moment for an engine that comes late', () => {
    const orders = ordersOf([stage(10, 10, 10)]);
    const [first, ...rest] = takeAll(orders, [], startsAt + 3_512);
    expect(first?.at).toBe(startsAt + 3_000);
    expect(first?.dueAt).toBeCloseTo(startsAt + 3_550, 0);
    expect(rest).toHaveLength(64);
  });

  it('say when the next one falls due, and what the second still holds', () => {
    const arrivals = createArrivals(ordersOf([stage(2, 10, 10)]), startsAt - 500);
    expect(arrivals.nextAt()).toBeCloseTo(startsAt + 50, 0);
    expect(arrivals.left()).toBe(0);
    arrivals.take(startsAt + 300);
    expect(arrivals.nextAt()).toBeCloseTo(startsAt + 350, 0);
    expect(arrivals.left()).toBe(7);
    arrivals.take(startsAt + 9_000);
    expect(arrivals.nextAt()).toBeUndefined();
    expect(arrivals.left()).toBe(0);
  });

  it('follow a pause and what comes after it without losing one or taking one twice', () => {
    fc.assert(
      fc.property(anyStages, fc.nat(), fc.integer({ min: 1, max: 20 }), (stages, place, seconds) => {
        const offsetMs = (place % (totalLoadMs({ stages }) / 1_000)) * 1_000;
        const change = { spawnRatePerSecond: 1 };
        const paused = pauseLoad({ ...change, stages, offsetMs });
        const resumed =
          'stages' in paused && resumeLoad({ ...change, stages: paused.stages, offsetMs: offsetMs + seconds * 1_000 });
        if ('problem' in paused || resumed === false || 'problem' in resumed) throw new Error('nothing is in the way');
        const arrivals = createArrivals(ordersOf(stages), startsAt);
        const countUpTo = (at: number): number => arrivals.take(at).reduce((sum, { count }) => sum + count, 0);
        let taken = countUpTo(startsAt + offsetMs - 200);
        arrivals.follow(ordersOf(paused.stages));
        taken += countUpTo(startsAt + offsetMs + 500);
        arrivals.follow(ordersOf(resumed.stages));
        taken += countUpTo(Infinity);
        expect(taken).toBe(dueIterations({ stages }, 0, totalLoadMs({ stages })));
      }),
    );
  });
});
