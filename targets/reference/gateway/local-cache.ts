import { LRUCache } from 'lru-cache';

/** How long an entry may be served at most, also when an invalidation never came: the cache bound of R7.4. */
export const localCacheMsMax = 30_000;
const tagsMax = 65_536;
/** What an entry costs beside its value: key, tags, list links. */
const entryOverheadBytes = 256;

interface Entry {
  readonly value: Buffer;
  readonly tags: readonly string[];
  /** Position in the order of invalidations when loading began. */
  readonly asOf: number;
}

/**
 * L1: bytes by key in this process, bounded in bytes. An entry is current while none of its tags was invalidated after
 * its loading began; so a slow load that overlaps a write can never bring the old value back.
 */
export interface LocalCache {
  get(key: string): Buffer | undefined;
  set(key: string, entry: Entry): void;
  /** The present position in the order of invalidations. */
  position(): number;
  isCurrent(tags: readonly string[], asOf: number): boolean;
  invalidate(tags: readonly string[]): void;
  clear(): void;
  readonly bytes: number;
}

export function createLocalCache(bytesMax: number): LocalCache {
  const entries = new LRUCache<string, Entry>({
    maxSize: bytesMax,
    ttl: localCacheMsMax,
    sizeCalculation: (entry, key) => entry.value.byteLength + 2 * key.length + entryOverheadBytes,
  });
  // Tag → position of its last invalidation, oldest first. What falls out of it raises the floor, so that forgetting errs towards loading again.
  const invalidated = new Map<string, number>();
  let position = 0;
  let floor = 0;

  const isCurrent = (tags: readonly string[], asOf: number): boolean =>
    asOf >= floor && tags.every((tag) => (invalidated.get(tag) ?? 0) <= asOf);

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (isCurrent(entry.tags, entry.asOf)) return entry.value;
      entries.delete(key);
      return undefined;
    },
    set(key, entry) {
      if (isCurrent(entry.tags, entry.asOf)) entries.set(key, entry);
    },
    position: () => position,
    isCurrent,
    invalidate(tags) {
      position += 1;
      for (const tag of tags) {
        invalidated.delete(tag);
        invalidated.set(tag, position);
      }
      for (const [tag, at] of invalidated) {
        if (invalidated.size <= tagsMax) break;
        invalidated.delete(tag);
        floor = at;
      }
    },
    clear() {
      position += 1;
      floor = position;
      invalidated.clear();
      entries.clear();
    },
    get bytes() {
      return entries.calculatedSize;
    },
  };
}
