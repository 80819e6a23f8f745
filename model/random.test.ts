import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPermutation, createRandom, fraction, hash32, integerBelow, shuffled } from './random.ts';

const seeds = fc.integer({ min: 0, max: 0xffff_ffff });

const permutationMax = 94_906_265;

describe('hash32', () => {
  it('tells seeds, keys and their order apart', () => {
    const hashes = [hash32(1, 2, 3), hash32(1, 3, 2), hash32(2, 2, 3), hash32(1, 2), hash32(1, 2, 3, 0)];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('is spread evenly', () => {
    const counts = new Array<number>(10).fill(0);
    for (let key = 0; key < 10_000; key += 1) {
      const bin = integerBelow(hash32(7, key), 10);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(900);
    expect(Math.max(...counts)).toBeLessThan(1_100);
  });

  it('becomes a number in [0, 1)', () => {
    fc.assert(fc.property(seeds, (hash) => fraction(hash) >= 0 && fraction(hash) < 1));
  });
});

describe('createRandom', () => {
  it('gives the same stream to the same seed, another to another', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, createRandom(seed));
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });
});

describe('shuffled', () => {
  it('keeps what it shuffles', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), seeds, (items, seed) => {
        expect(shuffled(items, seed).sort((a, b) => a - b)).toEqual(items.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('createPermutation', () => {
  it('reaches every value once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), seeds, (n, seed) => {
        const permutation = createPermutation(n, seed);
        return new Set(Array.from({ length: n }, (_, index) => permutation.forward(index))).size === n;
      }),
    );
  });

  it('is undone by its inverse, also where products are largest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: permutationMax }), seeds, fc.nat(), (n, seed, number) => {
        const permutation = createPermutation(n, seed);
        const index = number % n;
        expect(permutation.inverse(permutation.forward(index))).toBe(index);
      }),
    );
  });

  it('refuses sizes whose products would not be exact', () => {
    expect(() => createPermutation(permutationMax + 1, 1)).toThrow('a permutation is of 1 to');
    expect(() => createPermutation(0, 1)).toThrow('not of 0');
  });
});
