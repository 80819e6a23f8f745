import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

const entryMs = 300_000;
/** Longer than any entry, so that a generation never ends before what was stored under it. */
const generationMs = 2 * entryMs;
const separator = 0x0a;

interface SharedRead {
  readonly value: Buffer | undefined;
  /** The tags' generations before anything was loaded; undefined when Redis did not answer and nothing may be stored. */
  readonly generations: string | undefined;
}

/**
 * L2 in Redis, shared by all instances. Every tag has a generation, a value that is never used twice; an entry carries the
 * generations it was loaded under and is current while they all still hold. A generation that was evicted or has ended is
 * replaced by a new one, so losing it loses entries and never revives one. Redis being away is a miss, not an error.
 */
export interface SharedCache {
  read(key: string, tags: readonly string[]): Promise<SharedRead>;
  write(key: string, generations: string, value: Buffer): void;
  /** Throws when Redis did not take it. */
  invalidate(tags: readonly string[]): Promise<void>;
}

export function createSharedCache(redis: Redis): SharedCache {
  const prefix = randomUUID();
  let made = 0;
  const newGeneration = (): string => `${prefix}.${(made += 1)}`;

  const generationsOf = async (names: readonly string[]): Promise<string | undefined> => {
    const pipeline = redis.pipeline();
    for (const name of names) pipeline.set(name, newGeneration(), 'PX', generationMs, 'NX');
    pipeline.mget(...names);
    const replies = await pipeline.exec();
    const values = replies?.at(-1)?.[1];
    return Array.isArray(values) && values.every((value) => typeof value === 'string') ? values.join(',') : undefined;
  };

  return {
    async read(key, tags) {
      const names = tags.map(generationName);
      try {
        const [entry, ...found] = await redis.mgetBuffer(entryName(key), ...names);
        if (found.some((generation) => !generation))
          return { value: undefined, generations: await generationsOf(names) };
        const generations = found.map(String).join(',');
        return { value: entry ? valueUnder(entry, generations) : undefined, generations };
      } catch {
        return { value: undefined, generations: undefined };
      }
    },
    write(key, generations, value) {
      const entry = Buffer.concat([Buffer.from(`${generations}\n`), value]);
      // Nobody waits for it: an entry that was not stored is a later miss.
      redis.set(entryName(key), entry, 'PX', entryMs).catch(() => undefined);
    },
    async invalidate(tags) {
      const pipeline = redis.pipeline();
      for (const tag of tags) pipeline.set(generationName(tag), newGeneration(), 'PX', generationMs);
      const replies = await pipeline.exec();
      const failed = replies?.find(([error]) => error)?.[0];
      if (failed) throw new Error('Redis did not take an invalidation', { cause: failed });
    },
  };
}

const entryName = (key: string): string => `gateway:entry:${key}`;
const generationName = (tag: string): string => `gateway:generation:${tag}`;

/** A copy of its own: aligned for typed views, and not holding on to the chunk that came off the socket. */
function valueUnder(entry: Buffer, generations: string): Buffer | undefined {
  const end = entry.indexOf(separator);
  if (entry.toString('latin1', 0, end) !== generations) return undefined;
  const value = Buffer.allocUnsafeSlow(entry.byteLength - end - 1);
  entry.copy(value, 0, end + 1);
  return value;
}
