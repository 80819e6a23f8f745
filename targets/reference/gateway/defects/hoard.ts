/** No defect that keeps memory keeps more than this, so that a run with it is a run that ends. */
const hoardBytesMax = 192e6;

/** Memory that is never given back: what a leak is. */
export interface Hoard {
  /** Keeps so many bytes more, beside the heap or on it, written to so that they are resident; none beyond the bound. */
  keep(bytes: number, where: 'beside-heap' | 'on-heap'): void;
  readonly bytes: number;
}

export function createHoard(bytesMax = hoardBytesMax): Hoard {
  const kept: (Buffer | number[])[] = [];
  let held = 0;
  return {
    keep(bytes, where) {
      if (held + bytes > bytesMax) return;
      held += bytes;
      // Fractions are kept as 8 bytes each, in the array itself.
      kept.push(where === 'on-heap' ? Array.from({ length: Math.ceil(bytes / 8) }, () => 0.5) : Buffer.alloc(bytes, 1));
    },
    get bytes() {
      return held;
    },
  };
}
