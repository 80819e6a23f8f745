import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apportion, foldBuckets, locate } from './shares.ts';

describe('apportion', () => {
  it('sums to the whole, and no part is off by one or more', () => {
    const shares = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.nat({ max: 5_000_000 }), shares, (total, weights) => {
        const whole = weights.reduce((sum, weight) => sum + weight, 0);
        const parts = apportion(total, weights);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(total);
        parts.forEach((part, index) => {
          expect(Math.abs(part - (total * (weights[index] ?? 0)) / whole)).toBeLessThan(1);
        });
      }),
    );
  });
});

describe('foldBuckets', () => {
  const buckets = [
    { name: 'small', low: 1, high: 9, share: 0.7 },
    { name: 'middle', low: 10, high: 99, share: 0.2 },
    { name: 'large', low: 100, high: 999, share: 0.1 },
  ];

  it('gives the share of what does not fit to the largest that does, and says so', () => {
    const { kept, remarks } = foldBuckets(
      buckets,
      ({ low }) => low <= 50,
      ({ name }) => `no ${name}`,
    );
    expect(kept.map(({ name, share }) => [name, Number(share.toFixed(6))])).toEqual([
      ['small', 0.7],
      ['middle', 0.3],
    ]);
    expect(remarks).toEqual(['no large: its 10 % is folded into middle.']);
  });
});

describe('locate', () => {
  it('skips empty parts and refuses what is beyond the last', () => {
    expect(locate([2, 0, 3], 2)).toEqual({ part: 2, position: 0 });
    expect(() => locate([2, 0, 3], 5)).toThrow('beyond');
  });
});
