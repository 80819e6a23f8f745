import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { falseAlarmsMax } from './leak-limits.ts';
import { falseAlarmsOfLook, isLeakLook } from './leak-looks.ts';
import { planRun } from './plan-run.ts';

const machine = { cores: 2, memoryBytes: 8 * 2 ** 30, diskFreeBytes: 59e9 };
const hourMs = 3_600_000;
const stabilityRun = (input: Parameters<typeof planRun>[0]['input']) =>
  planRun({ workflow: 'StabilityRun', input: { wave: 'smoke', ...input }, machine });
const numbers = Array.from({ length: 200 }, (_, index) => index + 1);

describe('looks at a leak', () => {
  it('are those checkpoints of 48 hours that have a day behind them', () => {
    const plan = stabilityRun({});
    expect(plan.windowsPerCheckpoint).toBe(12);
    expect(numbers.filter((number) => isLeakLook(plan, number))).toEqual(numbers.slice(23, 47));
    expect(plan.leakLooks).toBe(24);
  });

  it('err, with the verdict and all together, as often as a run may', () => {
    fc.assert(
      fc.property(fc.integer({ min: 25, max: 72 }), fc.integer({ min: 1, max: 400 }), (hours, windowsPerCheckpoint) => {
        const plan = stabilityRun({ duration: hours * hourMs, windowsPerCheckpoint });
        const looks = numbers.filter((number) => isLeakLook(plan, number));
        expect(looks).toHaveLength(Math.min(plan.leakLooks ?? 0, looks.length));
        const spent = looks.reduce((sum, number) => sum + falseAlarmsOfLook(plan, number), falseAlarmsOfLook(plan));
        expect(spent).toBeLessThanOrEqual(falseAlarmsMax * 1.000_001);
        expect(falseAlarmsOfLook(plan)).toBeGreaterThanOrEqual(falseAlarmsMax / 2);
      }),
      { numRuns: 40 },
    );
  });

  it('begin at half time on the clock of a leak watch', () => {
    const plan = stabilityRun({
      duration: 180_000,
      window: 10_000,
      windowsPerCheckpoint: 1,
      leakWatch: { bytes: 1e9 },
    });
    expect(numbers.filter((number) => isLeakLook(plan, number))).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17]);
  });

  it.each([
    ['a run that is too short to be asked', { duration: 20 * hourMs }],
    ['a run that is to be held to its end', { toTheEnd: true }],
    ['a run in which the question is taken out', { without: ['memory-leak' as const] }],
    ['a run whose load piles up by intent', { growth: true }],
  ])('are none in %s, whose verdict has all of the budget', (_what, input) => {
    const plan = stabilityRun(input);
    expect(plan.leakLooks).toBeUndefined();
    expect(numbers.some((number) => isLeakLook(plan, number))).toBe(false);
    expect(falseAlarmsOfLook(plan)).toBe(falseAlarmsMax);
  });
});
