import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findKnee, type LoadLatency } from './knee.ts';

/** A single server with random arrivals: its time in the system is 1 ÷ (capacity − rate). */
const oneServer = (rates: readonly number[], capacity: number): LoadLatency[] =>
  rates.map((throughput) => ({ throughput, latencyMs: 1_000 / (capacity - throughput) }));

describe('the knee', () => {
  it('of a single server is at half its capacity, as its theory says', () => {
    const rates = Array.from({ length: 19 }, (_, index) => (index + 1) * 5);
    expect(findKnee(oneServer(rates, 100))?.throughput).toBeCloseTo(50, 0);
    // Coarse rates, as a search has them, find it at one of them or between two.
    const coarse = findKnee(oneServer([5, 10, 20, 40, 80, 90], 100));
    expect(coarse?.throughput).toBeGreaterThanOrEqual(40);
    expect(coarse?.throughput).toBeLessThan(60);
  });

  it('of a cliff is at its edge', () => {
    const flat = [10, 20, 40, 80, 100].map((throughput) => ({ throughput, latencyMs: 20 }));
    const knee = findKnee([...flat, { throughput: 104, latencyMs: 400 }]);
    expect(knee?.throughput).toBeGreaterThanOrEqual(100);
    expect(knee?.throughput).toBeLessThan(104);
  });

  it('does not depend on how far beyond it anybody looked', () => {
    const rates = [10, 20, 30, 40, 50, 60, 70];
    const near = findKnee(oneServer(rates, 100));
    const far = findKnee(oneServer([...rates, 90, 97, 99], 100));
    expect(far).toEqual(near);
  });

  it('was not seen where latency does not grow, where it only grows, and in fewer than four points', () => {
    expect(findKnee([10, 20, 40, 80].map((throughput) => ({ throughput, latencyMs: 20 })))).toBeUndefined();
    expect(
      findKnee([80, 85, 90, 95].map((rate) => ({ throughput: rate, latencyMs: (rate / 80) ** 9 }))),
    ).toBeUndefined();
    expect(findKnee(oneServer([20, 50, 80], 100))).toBeUndefined();
    expect(findKnee([])).toBeUndefined();
  });

  it('lies within what was offered, whatever was measured, and does not depend on the order', () => {
    const point = fc.record({
      throughput: fc.double({ min: 0.1, max: 1e4, noNaN: true }),
      latencyMs: fc.double({ min: 0.1, max: 1e4, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 12 }), (points) => {
        const knee = findKnee(points);
        if (knee === undefined) return;
        const rates = points.map(({ throughput }) => throughput);
        expect(knee.throughput).toBeGreaterThanOrEqual(Math.min(...rates));
        expect(knee.throughput).toBeLessThanOrEqual(Math.max(...rates));
      }),
    );
  });
});
