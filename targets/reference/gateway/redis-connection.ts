import { Redis } from 'ioredis';

const commandTimeoutMs = 1_000;

/** A connection that fails fast and comes back by itself. */
export function connectRedis(redisUrl: string, enableAutoPipelining: boolean): Redis {
  const redis = new Redis(redisUrl, {
    // An instance without Redis reads from the database at once instead of queueing.
    enableOfflineQueue: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: commandTimeoutMs,
    enableAutoPipelining,
    retryStrategy: (attempt) => Math.min(attempt * 50, 1_000),
  });
  // Without a listener a lost connection would end the process; the effect is seen as misses and in /ready.
  redis.on('error', () => undefined);
  return redis;
}
