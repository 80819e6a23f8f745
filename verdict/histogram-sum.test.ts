import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
  JsHistogram,
} from 'hdr-histogram-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countsOf, readCounts } from './histogram-counts.ts';
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
  it.each([2, 3] as const)('is what the library makes of them in %i digits', (digits) => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 8 }), fc.constantFrom(2, 2 ** 26), (all, highest) => {
        const [sum, theirs] = [createHistogramSum(digits), emptyHistogram(digits)];
        for (const each of all) {
          const text = encoded(each, highest);
          const counts = readCounts(text);
          expect(counts).toBeDefined();
          sum.add(counts ?? []);
          theirs.add(decodeFromCompressedBase64(text));
        }
        expect(told(sum.histogram())).toEqual(told(theirs));
      }),
      { numRuns: 60 },
    );
  });

  it('has the counts that the library has, each at the middle of what it stands for', () => {
    fc.assert(
      fc.property(values, (each) => {
        const text = encoded(each);
        const theirs = decodeFromCompressedBase64(text);
        if (!(theirs instanceof JsHistogram)) throw new Error('the library decodes into another class');
        const wanted = Array.from({ length: theirs.countsArrayIndex(theirs.maxValue) + 1 }, (_, index) => [
          ...[theirs.medianEquivalentValue(theirs.valueFromIndex(index)), theirs.getCountAtIndex(index)],
        ]).filter(([, count]) => count !== 0);
        expect([...countsOf(text)]).toEqual(wanted);
      }),
      { numRuns: 40 },
    );
  });

  it('has no counts of what is torn, foreign or of another resolution', () => {
    const text = encoded([1_000, 2_000, 3_000_000]);
    const torn = Array.from({ length: text.length - 1 }, (_, length) => text.slice(0, length));
    for (const each of [...torn, 'no histogram', '', encoded([5], 2, 2)]) {
      if (Buffer.from(each, 'base64').equals(Buffer.from(text, 'base64'))) continue; // only its padding is gone
      expect(readCounts(each)).toBeUndefined();
      expect([...countsOf(each)]).toEqual([]);
    }
  });
});
