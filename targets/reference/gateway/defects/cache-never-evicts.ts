import type { Defect, DefectOptions } from './defect.ts';
import { createHoard } from './hoard.ts';

/** Keeps every value that was ever read into the cache, also when a newer one has replaced it, so many times over; up to the hoard's bound. */
export function cacheNeverEvicts({ amount }: DefectOptions): Defect {
  const hoard = createHoard();
  return {
    cache: (cache) => ({
      ...cache,
      read: (request) =>
        cache.read({
          ...request,
          async load() {
            const value = await request.load();
            if (value !== undefined) hoard.keep(value.byteLength * Math.max(1, Math.round(amount)), 'beside-heap');
            return value;
          },
        }),
      get bytes() {
        return cache.bytes + hoard.bytes;
      },
    }),
  };
}
