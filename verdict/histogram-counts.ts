import { inflateSync } from 'node:zlib';

/** Pairs of an index and its count, in turn, where the count is not zero. */
export type EncodedCounts = readonly number[];

/** HdrHistogram's V2 encoding: cookies, and a header before the counts (`HistogramEncoding` of HdrHistogram 2.1). */
const compressedCookie = 0x1c849304;
const plainCookie = 0x1c849303;
const wordSizeBits = 0xf0;
const headerBytes = 40;
export const significantDigits = 3;
const subBuckets = 2_048;
/** Counts of values up to 2^53; the text of one histogram is a few kilobytes. */
const countsMax = (subBuckets / 2) * 44;
const plainBytesMax = 9 * countsMax;
/** Values and how often each was seen; none of a histogram that cannot be read. A value is told as the middle of those it stands for. */
export function* countsOf(encoded: string): Generator<readonly [value: number, count: number]> {
  const read = readCounts(encoded) ?? [];
  for (let each = 0; each < read.length; each += 2) {
    const index = read[each] ?? 0;
    const lowest = valueAt(index);
    yield [lowest + Math.floor((valueAt(index + 1) - lowest) / 2), read[each + 1] ?? 0];
  }
}

let newest: { readonly encoded: string; readonly counts: EncodedCounts | undefined } | undefined;

/** Undefined for what is torn, or no histogram of this resolution. Several folds ask for each, one after the other. */
export function readCounts(encoded: string): EncodedCounts | undefined {
  if (newest?.encoded !== encoded) newest = { encoded, counts: unpackCounts(encoded) };
  return newest.counts;
}

function unpackCounts(encoded: string): EncodedCounts | undefined {
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
  const isOurs =
    plain.readInt32BE(12) === significantDigits && plain.readInt32BE(16) === 0 && plain.readInt32BE(20) === 1;
  return isOurs && end <= plain.length ? readPairs(plain, end) : undefined;
}

function readPairs(plain: Buffer, end: number): number[] | undefined {
  const pairs: number[] = [];
  let index = 0;
  let position = headerBytes;
  while (position < end) {
    // A ZigZag LEB128 number: a count, or, negative, so many counts of zero.
    let byte = plain[position] ?? 0;
    let [word, scale] = [byte & 0x7f, 128];
    for (position += 1; byte >= 0x80; position += 1) {
      if (position >= end) return undefined;
      byte = plain[position] ?? 0;
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

/** Sub-buckets of a power of two, of which half are new in each, by significant digits. */
const halves = { 2: 128, 3: subBuckets / 2 } as const;

/** The lowest value that is counted at an index: half of each power of two's sub-buckets is new. */
export function valueAt(index: number, digits: 2 | 3 = significantDigits): number {
  const half = halves[digits];
  const bucket = Math.floor(index / half) - 1;
  return bucket < 0 ? index : ((index % half) + half) * 2 ** bucket;
}

/** Filled as it is asked: a logarithm for each count of each histogram is dear. */
const coarse = new Int32Array(countsMax + 1).fill(-1);

/** Where two digits count what three digits count at an index. */
export function coarseIndex(index: number): number {
  const known = coarse[index] ?? -1;
  if (known >= 0) return known;
  return (coarse[index] = reckonCoarseIndex(index));
}

function reckonCoarseIndex(index: number): number {
  const [fine, rough] = [halves[3], halves[2]];
  if (index < 2 * rough) return index;
  const bucket = Math.max(0, Math.floor(index / fine) - 1);
  const within = index - bucket * fine;
  // Below twice the finer half there is one bucket of three digits where there are several of two.
  const shift = Math.floor(Math.log2(within / rough));
  return (bucket + shift + 1) * rough + Math.floor(within / 2 ** shift) - rough;
}
