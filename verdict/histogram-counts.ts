import { decodeFromCompressedBase64, JsHistogram } from 'hdr-histogram-js';

/** Latencies in microseconds and how often each was seen; none of a histogram that cannot be read. */
export function* countsOf(encoded: string): Generator<readonly [latencyUs: number, count: number]> {
  const histogram = decode(encoded);
  if (histogram === undefined) return;
  const last = histogram.countsArrayIndex(histogram.maxValue);
  for (let index = 0; index <= last; index += 1) {
    const count = histogram.getCountAtIndex(index);
    if (count > 0) yield [histogram.medianEquivalentValue(histogram.valueFromIndex(index)), count];
  }
}

function decode(encoded: string): JsHistogram | undefined {
  try {
    const histogram = decodeFromCompressedBase64(encoded);
    return histogram instanceof JsHistogram ? histogram : undefined;
  } catch {
    return undefined;
  }
}
