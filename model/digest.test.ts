import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addChecksums, createChecksum, digestIds, digestPrime } from './digest.ts';

const factor = fc.integer({ min: 0, max: digestPrime - 1 });

describe('createChecksum', () => {
  it('sums products exactly modulo 2^64', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(factor, factor)), (products) => {
        const checksum = createChecksum();
        for (const [a, b] of products) checksum.add(a, b);
        const exact = products.reduce((sum, [a, b]) => sum + BigInt(a) * BigInt(b), 0n);
        expect(BigInt(`0x${checksum.hex()}`)).toBe(exact % 2n ** 64n);
      }),
    );
  });

  it('of a union is the sum of its parts', () => {
    expect(addChecksums(['ffffffffffffffff', '0000000000000002'])).toBe('0000000000000001');
    expect(addChecksums([])).toBe('0000000000000000');
  });
});

describe('digestIds', () => {
  it('does not depend on order', () => {
    expect(digestIds([3, 1, 2])).toBe(digestIds([1, 2, 3]));
  });

  it('tells sets of equal size and sum apart', () => {
    // Equal also in the sum of squares.
    expect(digestIds([1, 5, 6])).not.toBe(digestIds([2, 3, 7]));
  });
});
