import { describe, expect, it } from 'vitest';
import { createRandom } from '#model/random.ts';
import { skewedPick, tiersOf } from './skewed-pick.ts';

describe('a skewed pick', () => {
  it('falls 80 % on the hot 5 %, 15 % on the warm 15 % and 5 % on the rest', () => {
    const draw = createRandom(1);
    const thousand = Array.from({ length: 1_000 }, (_, index) => index);
    const counts = { hot: 0, warm: 0, cold: 0 };
    for (let pick = 0; pick < 20_000; pick += 1) {
      const index = skewedPick(thousand, draw);
      counts[index < 50 ? 'hot' : index < 200 ? 'warm' : 'cold'] += 1;
    }
    expect(counts.hot / 20_000).toBeCloseTo(0.8, 1);
    expect(counts.warm / 20_000).toBeCloseTo(0.15, 1);
    expect(counts.cold / 20_000).toBeCloseTo(0.05, 1);
  });

  it('reaches every item of short lists, and no other', () => {
    const draw = createRandom(2);
    for (let count = 1; count <= 12; count += 1) {
      const items = Array.from({ length: count }, (_, index) => index);
      const picked = new Set(Array.from({ length: 5_000 }, () => skewedPick(items, draw)));
      expect(picked.size).toBe(count);
    }
    expect(() => skewedPick([], draw)).toThrow('nothing to pick from');
  });

  it('has the same buckets as ranges', () => {
    expect(tiersOf(1_000)).toEqual([
      { tier: 'hot', from: 0, to: 50 },
      { tier: 'warm', from: 50, to: 200 },
      { tier: 'cold', from: 200, to: 1_000 },
    ]);
    expect(tiersOf(2).map(({ tier }) => tier)).toEqual(['hot', 'warm']);
    expect(tiersOf(0)).toEqual([]);
  });
});
