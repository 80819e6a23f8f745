import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  connectionsOfShard,
  dueIterations,
  dueIterationsOfShard,
  dueOffsetMs,
  plannedRate,
  type Shard,
  type Stage,
  totalLoadMs,
} from './load-plan.ts';

const stage = (seconds: number, from: number, to: number): Stage => ({
  ...{ name: 'ramp', durationMs: seconds * 1_000, usersFrom: 5, usersTo: 5 },
  ...{ ratePerSecondFrom: from, ratePerSecondTo: to },
});

const anyRate = fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.double({ min: 0, max: 200, noNaN: true }));
const anyStages = fc.array(
  fc
    .record({ seconds: fc.integer({ min: 1, max: 60 }), from: anyRate, to: anyRate })
    .map(({ seconds, from, to }) => stage(seconds, from, to)),
  { minLength: 1, maxLength: 5 },
);
const anySpan = fc.tuple(fc.nat(200_000), fc.nat(200_000));
const shardsOf = (count: number): Shard[] =>
  Array.from({ length: count }, (_, shard) => ({ shard, firstSlot: shard, slots: 1 }));

describe('iterations that fall due', () => {
  it('are the integral of the rate, to the nearest one', () => {
    expect(dueIterations({ stages: [stage(60, 0, 100)] }, 0, 60_000)).toBe(3_000);
    expect(dueIterations({ stages: [stage(30, 50, 50), stage(30, 50, 200)] }, 0, 60_000)).toBe(1_500 + 3_750);
    expect(dueIterations({ stages: [stage(10, 0.5, 0.5)] }, 0, 10_000)).toBe(5);
  });

  it('of a whole rate are as many in every second', () => {
    const stages = [stage(3_600, 2_000, 2_000)];
    for (let at = 0; at < 3_600_000; at += 1_000) expect(dueIterations({ stages }, at, at + 1_000)).toBe(2_000);
  });

  it('sum up to the same however time is cut', () => {
    const cuts = fc.array(fc.double({ min: 0, max: 400_000, noNaN: true }), { maxLength: 30 });
    fc.assert(
      fc.property(anyStages, cuts, (stages, places) => {
        const plan = { stages };
        const end = totalLoadMs(plan) + 1_000;
        const edges = [0, ...places.filter((at) => at < end).sort((a, b) => a - b), end];
        const parts = edges.slice(1).map((to, index) => dueIterations(plan, edges[index] ?? 0, to));
        expect(parts.every((part) => part >= 0)).toBe(true);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(dueIterations(plan, 0, end));
      }),
    );
  });

  it('of all shards are those of the plan', () => {
    fc.assert(
      fc.property(anyStages, fc.integer({ min: 1, max: 64 }), anySpan, (stages, count, [a, b]) => {
        const plan = { stages, shards: shardsOf(count) };
        const span = { fromMs: Math.min(a, b), toMs: Math.max(a, b) };
        const dealt = plan.shards.map(({ shard }) => dueIterationsOfShard(plan, shard, span));
        expect(dealt.reduce((sum, each) => sum + each, 0)).toBe(dueIterations(plan, span.fromMs, span.toMs));
        expect(Math.max(...dealt) - Math.min(...dealt)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('fall due one after the other, each at the time that it is counted from on', () => {
    fc.assert(
      fc.property(anyStages, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (stages, share) => {
        const plan = { stages };
        const total = dueIterations(plan, 0, totalLoadMs(plan));
        const iteration = Math.floor(share * total);
        const at = dueOffsetMs(plan, iteration);
        if (total === 0 || at === undefined) {
          expect(total).toBe(0);
          return;
        }
        expect(at).toBeLessThanOrEqual(totalLoadMs(plan));
        expect(dueIterations(plan, 0, at - 0.01)).toBeLessThanOrEqual(iteration);
        expect(dueIterations(plan, 0, at + 0.01)).toBeGreaterThan(iteration);
        expect(dueOffsetMs(plan, iteration + 1) ?? Infinity).toBeGreaterThanOrEqual(at);
        expect(dueOffsetMs(plan, total)).toBeUndefined();
      }),
      {
        examples: [
          [[stage(60, 0, 10)], 0],
          [[stage(10, 100, 0)], 0.999],
        ],
      },
    );
  });

  it('are none in a pause, outside the stages, and in the closed model', () => {
    const closed = { name: 'hold', durationMs: 10_000, usersFrom: 5, usersTo: 5 };
    expect(dueIterations({ stages: [stage(10, 0, 0)] }, 0, 10_000)).toBe(0);
    expect(dueIterations({ stages: [closed] }, 0, 10_000)).toBe(0);
    expect(dueIterations({ stages: [stage(10, 5, 5)] }, 10_000, 99_000)).toBe(0);
    expect(dueIterations({ stages: [stage(10, 5, 5)] }, -5_000, 0)).toBe(0);
    expect([-1, 0, 5_000, 10_000].map((at) => plannedRate({ stages: [stage(10, 0, 5)] }, at))).toEqual([0, 0, 2.5, 0]);
  });
});

describe('connections that are shared', () => {
  const shards = Array.from({ length: 3 }, (_, shard): Shard => ({ shard, firstSlot: shard * 2, slots: 2 }));
  it('are dealt to the shards, one at least to each; without any, every user has its own', () => {
    expect(shards.map(({ shard }) => connectionsOfShard({ connections: 8, shards }, shard))).toEqual([3, 3, 2]);
    expect(shards.map(({ shard }) => connectionsOfShard({ connections: 1, shards }, shard))).toEqual([1, 1, 1]);
    expect(connectionsOfShard({ shards }, 0)).toBeUndefined();
  });
});
