import * as fc from 'fast-check';
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { createTally, type OperationEnd } from '#loadtest/tally.ts';
import { OperationRecord } from '#model/evidence.ts';
import type { OperationKind } from '#model/operation.ts';
import { createLatencyFold } from '#verdict/latency-fold.ts';

const startsAt = 1_700_000_000_000;
const intervalMs = 10_000;
const intervals = 6;
const operations: readonly OperationKind[] = ['list-team-tools', 'search-tools', 'create-tool'];

interface Ended {
  readonly operation: OperationKind;
  readonly end: OperationEnd;
  /** Which engine had it, and in which interval it ended. */
  readonly engine: number;
  readonly interval: number;
}

/** From a tenth of a millisecond to the longest that an engine records. */
const durationUs = fc.oneof(fc.integer({ min: 100, max: 5_000 }), fc.integer({ min: 1, max: 2 ** 26 }));
const ends: fc.Arbitrary<OperationEnd> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ outcome: fc.constant('ok' as const), durationUs, bytesIn: fc.nat(9_999), partial: fc.boolean() }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ outcome: fc.constant('failed' as const), cause: fc.constantFrom('http-503', 'timeout'), durationUs, bytesIn: fc.nat(99) }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.constant({ outcome: 'abandoned' as const }) },
);
const recorded: fc.Arbitrary<Ended[]> = fc.array(
  fc.record({
    operation: fc.constantFrom(...operations),
    end: ends,
    engine: fc.nat(63),
    interval: fc.nat(intervals - 1),
  }),
  { minLength: 1, maxLength: 300 },
);

/** What `engines` engines write down of all this, each its part, as it comes to the store: through JSON, engine by engine. */
function recordsOf(all: readonly Ended[], engines: number): OperationRecord[] {
  return Array.from({ length: engines }, (_, engine) => {
    const tally = createTally(engine, 1);
    return Array.from({ length: intervals }, (_unused, interval) => {
      for (const each of all) {
        if (each.interval === interval && each.engine % engines === engine) tally.note(each.operation, each.end);
      }
      const at = startsAt + interval * intervalMs;
      return tally.flush(at, at + intervalMs);
    }).flat();
  })
    .flat()
    .map((record) => OperationRecord.parse(JSON.parse(JSON.stringify(record))));
}

function judged(records: readonly OperationRecord[]) {
  const fold = createLatencyFold({ startsAt, endsAt: startsAt + intervals * intervalMs });
  for (const record of records) fold.add(record);
  return fold.summary();
}

describe('histograms of several engines', () => {
  it('merge into those of one that did it all: counts, percentiles and points over time', () => {
    fc.assert(
      fc.property(recorded, fc.integer({ min: 2, max: 8 }), fc.boolean(), (all, engines, isReversed) => {
        const several = recordsOf(all, engines);
        expect(judged(isReversed ? several.reverse() : several)).toEqual(judged(recordsOf(all, 1)));
      }),
      { numRuns: 60 },
    );
  });

  it('merge bucket by bucket: nothing is rounded on the way', () => {
    fc.assert(
      fc.property(
        fc.array(durationUs, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 2, max: 8 }),
        (us, engines) => {
          const all = us.map((each, index): Ended => ({
            ...{ operation: 'search-tools', engine: index, interval: index % intervals },
            end: { outcome: 'ok', durationUs: each, bytesIn: 1, partial: false },
          }));
          expect(sumOf(recordsOf(all, engines))).toBe(sumOf(recordsOf(all, 1)));
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** All histograms in one, as text: every bucket's count is in it. */
function sumOf(records: readonly OperationRecord[]): string {
  const sum: Histogram = build({ bitBucketSize: 32, highestTrackableValue: 2 ** 26, numberOfSignificantValueDigits: 3, autoResize: true }); // prettier-ignore
  for (const { histogram } of records) sum.add(decodeFromCompressedBase64(histogram));
  return encodeIntoCompressedBase64(sum);
}
