import { mix32 } from './random.ts';

/** The largest prime below 2^26: a product of two residues stays exact in a double. */
export const digestPrime = 67_108_859;

const half = 0x400_0000;

/** A sum of exact products modulo 2^64: the same whatever the order in which its parts are added (R2.5). */
export interface Checksum {
  /** Adds a × b; both are integers in 0…2^26−1. At most 2^26 products fit between two readings. */
  add(a: number, b: number): void;
  /** Adds products that an inner loop has summed itself: high × 2^26 + low, both of at most 2^26 of them. */
  addSums(high: number, low: number): void;
  /** Sixteen hexadecimal digits. */
  hex(): string;
}

export function createChecksum(): Checksum {
  let high = 0;
  let low = 0;
  let total = 0n;
  const read = (): bigint => {
    total = BigInt.asUintN(64, total + BigInt(high) * BigInt(half) + BigInt(low));
    high = 0;
    low = 0;
    return total;
  };
  return {
    add: (a, b) => {
      const product = a * b;
      const upper = Math.floor(product / half);
      high += upper;
      low += product - upper * half;
    },
    addSums: (upper, lower) => {
      total = BigInt.asUintN(64, total + BigInt(upper) * BigInt(half) + BigInt(lower));
    },
    hex: () => hex64(read()),
  };
}

/** 64 bits as sixteen hexadecimal digits; what exceeds them is cut off. */
export const hex64 = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, '0');

/** The checksum of a union of disjoint parts. */
export const addChecksums = (checksums: readonly string[]): string =>
  hex64(checksums.reduce((sum, checksum) => sum + BigInt(`0x${checksum}`), 0n));

/** The order-independent digest of a set of ids, e.g. of the tools that a user may see (`Identity.visibleDigest`). */
export function digestIds(ids: Iterable<number>): string {
  const checksum = createChecksum();
  for (const id of ids) checksum.add(mix32(id) >>> 6, mix32(id ^ 0x6a09_e667) >>> 6);
  return checksum.hex();
}
