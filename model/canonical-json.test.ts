import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

describe('canonicalJson', () => {
  it('is JSON that says the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order of keys, and leaves undefined out', () => {
    expect(canonicalJson({ b: [1, { d: 2, c: 3 }], a: undefined, A: null })).toBe('{"A":null,"b":[1,{"c":3,"d":2}]}');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, () => 1, 1n, [undefined]])(
    'refuses %s, which JSON cannot hold',
    (value) => {
      expect(() => canonicalJson(value)).toThrow('JSON cannot hold');
    },
  );
});
