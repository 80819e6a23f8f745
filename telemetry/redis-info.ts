import { metrics } from '#model/metrics.ts';
import type { Values } from './source.ts';

/** Our own connection is taken off. A database without keys has no line in INFO, so their number is zero. A `maxmemory` of zero is none. */
export function parseInfo(text: string): Values {
  const fields = new Map(text.split('\r\n').map((line): [string, string] => [keyOf(line), line.slice(keyOf(line).length + 1)])); // prettier-ignore
  const field = (name: string): number => {
    const value = fields.get(name);
    if (value === undefined || value === '' || !Number.isFinite(Number(value))) throw new Error(`INFO has no ${name}`);
    return Number(value);
  };
  let keys = 0;
  for (const [, count = '0'] of text.matchAll(/^db\d+:keys=(\d+)/gm)) keys += Number(count);
  return {
    [metrics.redisMemoryBytes]: field('used_memory'),
    [metrics.redisMemoryMaxBytes]: field('maxmemory'),
    [metrics.redisHits]: field('keyspace_hits'),
    [metrics.redisMisses]: field('keyspace_misses'),
    [metrics.redisEvictions]: field('evicted_keys'),
    [metrics.redisExpired]: field('expired_keys'),
    [metrics.redisCommands]: field('total_commands_processed'),
    [metrics.redisClients]: Math.max(0, field('connected_clients') - 1),
    [metrics.redisKeys]: keys,
  };
}

const keyOf = (line: string): string => line.slice(0, Math.max(0, line.indexOf(':')));
