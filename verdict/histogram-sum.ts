import { inflateSync } from 'node:zlib';
import { build, type Histogram } from 'hdr-histogram-js';

/** Encoded histograms of three digits, added up by their counts. */
export interface HistogramSum {
  /** False, and nothing is added, when the text is torn or of another resolution. */
  add(encoded: string): boolean;
  /** All that was added, as the library has it. */
  histogram(): Histogram;
}

/** HdrHistogram's V2 encoding: cookies, and a header before the counts (`HistogramEncoding` of HdrHistogram 2.1). */
const compressedCookie = 0x1c849304;
const plainCookie = 0x1c849303;
const wordSizeBits = 0xf0;
const headerBytes = 40;
const digits = 3;
const subBuckets = 2_048;
/** Counts of values up to 2^53; the text of one histogram is a few kilobytes. */
const countsMax = (subBuckets / 2) * 44;
const plainBytesMax = 9 * countsMax;
/** Answers within a second. */
const countsMin = 12 * 1_024;

/**
 * Decoding a histogram into the library's own object allocates and walks all of its 18,000 counts, of which a second's answers
 * fill some hundred; adding it walks them again. Here the counts that are there are added to where they belong: a tenth of the
 * time, which is most of what folding a long run takes.
 */
export function createHistogramSum(): HistogramSum {
  let counts = new Float64Array(countsMin);
  let used = 0;

  /** Room for an index; powers of two, so that it is made a few times at most. */
  function makeRoom(index: number): void {
    if (index < counts.length) return;
    const larger = new Float64Array(2 ** Math.ceil(Math.log2(index + 1)));
    larger.set(counts);
    counts = larger;
  }

  return {
    add(encoded) {
      const read = readCounts(encoded);
      if (read === undefined) return false;
      for (let index = 0; index < read.length; index += 2) {
        const at = read[index] ?? 0;
        makeRoom(at);
        counts[at] = (counts[at] ?? 0) + (read[index + 1] ?? 0);
        used = Math.max(used, at + 1);
      }
      return true;
    },
    histogram() {
      const sum = emptyHistogram(digits);
      // The greatest first, so that the library makes room once.
      for (let index = used - 1; index >= 0; index -= 1) {
        const count = counts[index] ?? 0;
        if (count > 0) sum.recordValueWithCount(valueAt(index), count);
      }
      return sum;
    },
  };
}

export const emptyHistogram = (significantDigits: 2 | 3): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2,
    numberOfSignificantValueDigits: significantDigits,
    autoResize: true,
  });

/** Pairs of index and count; undefined for what is no histogram of this resolution. */
function readCounts(encoded: string): number[] | undefined {
  const packed = Buffer.from(encoded, 'base64');
  if (packed.length < 8 || (packed.readInt32BE(0) & ~wordSizeBits) !== compressedCookie) return undefined;
  let plain: Buffer;
  try {
    plain = inflateSync(packed.subarray(8, 8 + packed.readUInt32BE(4)), { maxOutputLength: plainBytesMax });
  } catch {
    return undefined;
  }
  if (plain.length < headerBytes || (plain.readInt32BE(0) & ~wordSizeBits) !== plainCookie) return undefined;
  const end = headerBytes + plain.readUInt32BE(4);
  const isOurs = plain.readInt32BE(12) === digits && plain.readBigInt64BE(16) === 1n;
  return isOurs && end <= plain.length ? readPairs(plain, end) : undefined;
}

function readPairs(plain: Buffer, end: number): number[] | undefined {
  const pairs: number[] = [];
  let index = 0;
  let position = headerBytes;
  while (position < end) {
    // A ZigZag LEB128 number: a count, or, negative, so many counts of zero.
    let [byte, word, scale] = [0x80, 0, 1];
    while (byte >= 0x80) {
      if (position >= end) return undefined;
      byte = plain[position] ?? 0;
      position += 1;
      word += (byte & 0x7f) * scale;
      scale *= 128;
    }
    if (word % 2 === 1) {
      index += (word + 1) / 2;
    } else {
      if (word > 0) pairs.push(index, word / 2);
      index += 1;
    }
    if (index > countsMax) return undefined;
  }
  return pairs;
}

/** The lowest value that is counted at an index: half of each power of two's sub-buckets is new. */
function valueAt(index: number): number {
  const half = subBuckets / 2;
  const bucket = Math.floor(index / half) - 1;
  return bucket < 0 ? index : ((index % half) + half) * 2 ** bucket;
}
