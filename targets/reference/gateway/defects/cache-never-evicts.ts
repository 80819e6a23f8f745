import type { Defect, DefectOptions } from './defect.ts';
import { createHoard } from './hoard.ts';

const keysMax = 100_000;

/** Keeps every value that has replaced an earlier one of its key, so many times over, as a cache does that drops none of either; up to the hoard's bound. */
export function cacheNeverEvicts({ amount }: DefectOptions): Defect {
  const hoard = createHoard();
  const copies = Math.max(1, Math.round(amount));
  const known = new Set<string>();
  return {
    cache: (cache) => ({
      ...cache,
      read: (request) =>
        cache.read({
          ...request,
          async load() {
            const value = await request.load();
            if (value !== undefined && known.has(request.key)) hoard.keep(value.byteLength * copies, 'beside-heap');
            if (known.size < keysMax) known.add(request.key);
            return value;
          },
        }),
      get bytes() {
        return cache.bytes + hoard.bytes;
      },
    }),
  };
}
