import { Redis } from 'ioredis';
import { metrics } from '#model/metrics.ts';
import { parseInfo } from './redis-info.ts';
import type { Source } from './source.ts';

/** Redis' INFO. */
export function createRedisSource({ role, url }: { role: string; url: string }, timeoutMs: number): Source {
  let client: Redis | undefined;

  async function connect(): Promise<Redis> {
    const made = new Redis(url, {
      lazyConnect: true,
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      // The next tick connects again: one way of reconnecting is enough.
      retryStrategy: () => null,
    });
    // Every failure is seen by the command that it fails; without a listener it would be printed as well.
    made.on('error', () => undefined);
    client = made;
    await made.connect();
    return made;
  }

  function drop(): void {
    client?.disconnect();
    client = undefined;
  }

  return {
    name: 'redis',
    role,
    metrics: [
      metrics.redisMemoryBytes,
      metrics.redisMemoryMaxBytes,
      metrics.redisHits,
      metrics.redisMisses,
      metrics.redisEvictions,
      metrics.redisExpired,
      metrics.redisCommands,
      metrics.redisClients,
      metrics.redisKeys,
    ],
    async read() {
      try {
        return parseInfo(await (client ?? (await connect())).info());
      } catch (error) {
        drop();
        throw error;
      }
    },
    close() {
      drop();
      return Promise.resolve();
    },
  };
}
