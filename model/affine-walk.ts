import { coprimeNear, createHash, createModulo, fraction, hash32, integerBelow, inverseModulo } from './random.ts';

const strides = 64;

/**
 * Blocks of distinct values out of 0…n−1, computed and never stored: block `key` is base, base + stride, … modulo n.
 * Whether a value is in a block is one modular multiplication.
 */
export interface AffineWalk {
  readonly n: number;
  at(key: number, step: number): number;
  /** The step at which block `key` reaches `value`; the block holds it if that is below the block's size. */
  stepOf(key: number, value: number): number;
  /** Writes `count` values of block `key` from `step` on into `into` from index `from`, each plus `add`: many at once cost an addition each. */
  fill(
    block: { key: number; step: number; count: number },
    into: Float64Array,
    place: { from: number; add: number },
  ): void;
}

/** Bases of consecutive keys are spread evenly, so that blocks of one size cover all values equally. n × n and n × keys stay below 2^53. */
export function createAffineWalk(n: number, seed: number): AffineWalk {
  const spread = coprimeNear(n, Math.floor(n * 0.618));
  const offset = integerBelow(hash32(seed, n, 3), n);
  const stride = Array.from({ length: strides }, (_, index) =>
    coprimeNear(n, 1 + Math.floor(n * fraction(hash32(seed, n, 4, index)))),
  );
  const inverse = stride.map((factor) => inverseModulo(factor, n));
  const modulo = createModulo(n);
  const baseOf = (key: number): number => modulo(key * spread + offset);
  const hash = createHash(seed);
  const pick = (key: number): number => hash(key) % strides;
  return {
    n,
    at: (key, step) => modulo(baseOf(key) + step * (stride[pick(key)] ?? 0)),
    stepOf: (key, value) => {
      const base = baseOf(key);
      return modulo((value < base ? value - base + n : value - base) * (inverse[pick(key)] ?? 0));
    },
    fill: ({ key, step, count }, into, { from, add }) => {
      const by = stride[pick(key)] ?? 0;
      let value = modulo(baseOf(key) + step * by);
      for (let index = from; index < from + count; index += 1) {
        into[index] = value + add;
        value += by;
        if (value >= n) value -= n;
      }
    },
  };
}
