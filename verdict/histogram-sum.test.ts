import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHistogramSum, emptyHistogram } from './histogram-sum.ts';

const values = fc.array(fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 1, max: 2 ** 40 })), {
  maxLength: 200,
});

function encoded(each: readonly number[], highestTrackableValue = 2, significantDigits: 2 | 3 = 3): string {
  const histogram = build({
    autoResize: true,
    highestTrackableValue,
    numberOfSignificantValueDigits: significantDigits,
  });
  for (const value of each) histogram.recordValue(value);
  return encodeIntoCompressedBase64(histogram);
}

const told = (histogram: Histogram): number[] => [
  histogram.totalCount,
  ...[1, 25, 50, 90, 95, 99, 99.9, 100].map((percentile) => histogram.getValueAtPercentile(percentile)),
];

describe('a sum of histograms', () => {
  it('is what the library makes of them', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 8 }), fc.constantFrom(2, 2 ** 26), (all, highest) => {
        const [sum, theirs] = [createHistogramSum(), emptyHistogram(3)];
        for (const each of all) {
          const text = encoded(each, highest);
          expect(sum.add(text)).toBe(true);
          theirs.add(decodeFromCompressedBase64(text));
        }
        expect(told(sum.histogram())).toEqual(told(theirs));
      }),
      { numRuns: 60 },
    );
  });

  it('adds nothing of what is torn, foreign or of another resolution', () => {
    const text = encoded([1_000, 2_000, 3_000_000]);
    const sum = createHistogramSum();
    const torn = Array.from({ length: text.length - 1 }, (_, length) => text.slice(0, length));
    for (const each of [...torn, 'no histogram', '', encoded([5], 2, 2)]) {
      if (Buffer.from(each, 'base64').equals(Buffer.from(text, 'base64'))) continue; // only its padding is gone
      expect(sum.add(each)).toBe(false);
    }
    expect(sum.histogram().totalCount).toBe(0);
  });
});
