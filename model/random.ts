/**
 * Seeded randomness without state: every draw is a pure function of the run's seed and of what is being drawn, so that
 * order, batch size, number of workers and crashes cannot change it (R2.5).
 */

/** A 32-bit hash of a seed and of any integers; each key counts by its low 32 bits. */
export function hash32(seed: number, ...keys: readonly number[]): number {
  let hash = mix32(seed ^ 0x9e37_79b9);
  for (const key of keys) hash = mix32(Math.imul(hash, 0x01_00_01_93) ^ (key | 0));
  return hash;
}

/** `hash32` of these keys and one more, for inner loops: what does not change is hashed once. */
export function createHash(seed: number, ...keys: readonly number[]): (key: number) => number {
  const before = Math.imul(hash32(seed, ...keys), 0x01_00_01_93);
  return (key) => mix32(before ^ (key | 0));
}

/** One round of a 32-bit finaliser (murmur3): cheap enough for inner loops that chain it themselves. */
export function mix32(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A 32-bit hash as a number in [0, 1). */
export const fraction = (hash: number): number => (hash >>> 0) / 0x1_0000_0000;

/** A 32-bit hash as an integer in 0…n−1. */
export const integerBelow = (hash: number, n: number): number => Math.floor(fraction(hash) * n);

/** A stream of numbers in [0, 1) for one consumer that draws in a fixed order. */
export function createRandom(seed: number): () => number {
  let drawn = 0;
  return () => {
    drawn = (drawn + 1) | 0;
    return fraction(hash32(seed, drawn));
  };
}

/** A shuffled copy (Fisher–Yates). */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = integerBelow(hash32(seed, last), last + 1);
    [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
  }
  return copy;
}

/**
 * The remainder of whole numbers in 0…2^53−1 by `n`, many times as fast as `%` of doubles: the quotient of a product with 1/n is
 * one off at most.
 */
export function createModulo(n: number): (value: number) => number {
  const inverse = 1 / n;
  return (value) => {
    const rest = value - Math.floor(value * inverse) * n;
    if (rest < 0) return rest + n;
    return rest >= n ? rest - n : rest;
  };
}

/** A permutation of 0…n−1 that is computed in O(1) both ways and never stored. */
export interface Permutation {
  readonly n: number;
  forward(index: number): number;
  inverse(value: number): number;
}

/** Products must stay exact in a double: n × n < 2^53. */
const permutationMax = 94_906_265;

/** An affine permutation i → (i × a + b) mod n; neighbours land about a golden section apart. */
export function createPermutation(n: number, seed: number): Permutation {
  if (!Number.isInteger(n) || n < 1 || n > permutationMax) {
    throw new Error(`a permutation is of 1 to ${permutationMax} things, not of ${n}`);
  }
  const factor = coprimeNear(n, Math.floor(n * (0.55 + 0.13 * fraction(hash32(seed, n, 1)))));
  const offset = integerBelow(hash32(seed, n, 2), n);
  const inverseFactor = inverseModulo(factor, n);
  const modulo = createModulo(n);
  return {
    n,
    forward: (index) => modulo(index * factor + offset),
    inverse: (value) => modulo((value < offset ? value - offset + n : value - offset) * inverseFactor),
  };
}

/** The first number at or after `start`, wrapping to 1, that shares no divisor with `n`; in 1…n−1 (0 when n is 1). */
export function coprimeNear(n: number, start: number): number {
  if (n === 1) return 0;
  let candidate = Math.max(1, start % n);
  while (greatestCommonDivisor(candidate, n) !== 1) candidate = candidate + 1 >= n ? 1 : candidate + 1;
  return candidate;
}

/** x with factor × x ≡ 1 (mod n); the two share no divisor. */
export function inverseModulo(factor: number, n: number): number {
  let [remainder, nextRemainder] = [n, factor % n];
  let [inverse, nextInverse] = [0, 1];
  while (nextRemainder !== 0) {
    const quotient = Math.floor(remainder / nextRemainder);
    [remainder, nextRemainder] = [nextRemainder, remainder - quotient * nextRemainder];
    [inverse, nextInverse] = [nextInverse, inverse - quotient * nextInverse];
  }
  return ((inverse % n) + n) % n;
}

function greatestCommonDivisor(a: number, b: number): number {
  let [larger, smaller] = [a, b];
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
