import { createInvalidationBus } from './invalidation.ts';
import { createLocalCache, type LocalCache } from './local-cache.ts';
import { connectRedis } from './redis-connection.ts';
import { createSharedCache, type SharedCache } from './shared-cache.ts';

const retryInvalidationMs = 500;
/** Every entry carries it: invalidating it voids everything. */
const everything = 'everything';

interface CacheRead {
  readonly key: string;
  /** What the value depends on; at most a handful. */
  readonly tags: readonly string[];
  /** From the database; undefined means that there is nothing, which is not kept. */
  readonly load: () => Promise<Buffer | undefined>;
}

interface CacheCounts {
  l1Hits: number;
  l1Misses: number;
  l2Hits: number;
  l2Misses: number;
}

/**
 * L1 in this process in front of L2 in Redis in front of the database, with one load at a time for a key.
 * A read that begins after `invalidate` has returned, on whichever instance, sees what was written.
 */
export interface Cache {
  readonly read: (request: CacheRead) => Promise<Buffer | undefined>;
  /** Call after the write has committed and before it is answered. */
  invalidate(tags: readonly string[]): Promise<void>;
  /** Voids everything, everywhere. */
  forget(): Promise<void>;
  /** Throws when Redis does not answer. */
  ping(): Promise<void>;
  close(): void;
  readonly counts: Readonly<CacheCounts>;
  readonly bytes: number;
}

interface Flight {
  readonly asOf: number;
  readonly value: Promise<Buffer | undefined>;
}

export function createCache(options: { redisUrl: string; l1BytesMax: number }): Cache {
  const redis = connectRedis(options.redisUrl, true);
  const subscriber = connectRedis(options.redisUrl, false);
  const local = createLocalCache(options.l1BytesMax);
  const shared = createSharedCache(redis);
  const counts: CacheCounts = { l1Hits: 0, l1Misses: 0, l2Hits: 0, l2Misses: 0 };
  let isHearing = false;
  const setHearing = (hearing: boolean): void => {
    isHearing = hearing;
    local.clear();
  };
  const bus = createInvalidationBus(
    { redis, subscriber },
    {
      onInvalidated: (tags) => {
        local.invalidate(tags);
      },
      onDeaf: () => {
        setHearing(false);
      },
      onHearing: () => {
        setHearing(true);
      },
    },
  );
  // In this order on one connection, so that generations have changed before anybody hears of it.
  const spread = createSpread(async (tags) => {
    await Promise.all([shared.invalidate(tags), bus.publish(tags)]);
  });
  const read = createReader({ local, shared, counts, mayKeep: () => isHearing });

  return {
    read: (request) => read({ ...request, tags: [everything, ...request.tags] }),
    async invalidate(tags) {
      if (tags.length > 0) await spread.send(tags);
    },
    forget: () => spread.send([everything]),
    async ping() {
      await redis.ping();
    },
    close() {
      spread.close();
      redis.disconnect();
      subscriber.disconnect();
    },
    counts,
    get bytes() {
      return local.bytes;
    },
  };
}

function createReader(parts: {
  local: LocalCache;
  shared: SharedCache;
  counts: CacheCounts;
  /** False while invalidations cannot be heard. */
  readonly mayKeep: () => boolean;
}): Cache['read'] {
  const { local, shared, counts } = parts;
  const flights = new Map<string, Flight>();

  const fill = async ({ key, tags, load }: CacheRead, asOf: number): Promise<Buffer | undefined> => {
    const { value: found, generations } = await shared.read(key, tags);
    counts[found === undefined ? 'l2Misses' : 'l2Hits'] += 1;
    const value = found ?? (await load());
    if (value === undefined) return undefined;
    if (found === undefined && generations !== undefined) shared.write(key, generations, value);
    if (parts.mayKeep()) local.set(key, { value, tags, asOf });
    return value;
  };

  const fly = (request: CacheRead): Promise<Buffer | undefined> => {
    const asOf = local.position();
    const flight: Flight = {
      asOf,
      value: fill(request, asOf).finally(() => {
        if (flights.get(request.key) === flight) flights.delete(request.key);
      }),
    };
    flights.set(request.key, flight);
    return flight.value;
  };

  return async (request) => {
    const value = local.get(request.key);
    // Joining a load that is under way asks nobody, so it counts as a hit.
    const flight = value === undefined ? flights.get(request.key) : undefined;
    const isJoined = flight !== undefined && local.isCurrent(request.tags, flight.asOf);
    if (value === undefined && !isJoined) {
      counts.l1Misses += 1;
      return fly(request);
    }
    counts.l1Hits += 1;
    return value ?? flight?.value;
  };
}

/**
 * A write is in the database whether Redis takes its invalidation or not. One that was not taken is made up for by voiding
 * everything as soon as Redis answers again; until then other instances may be behind by the cache bound.
 */
function createSpread(publish: (tags: readonly string[]) => Promise<void>) {
  let retry: NodeJS.Timeout | undefined;
  const repeat = (): void => {
    retry ??= setTimeout(() => {
      retry = undefined;
      publish([everything]).catch(repeat);
    }, retryInvalidationMs).unref();
  };
  return {
    async send(tags: readonly string[]): Promise<void> {
      await publish(tags).catch(repeat);
    },
    close(): void {
      clearTimeout(retry);
    },
  };
}
