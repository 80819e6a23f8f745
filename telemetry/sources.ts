import { createMachineSource } from './machine.ts';
import { createNginxSource } from './nginx.ts';
import type { SamplerOrders } from './orders.ts';
import { createPostgresSource } from './postgres.ts';
import { createPostgresStatementsSource } from './postgres-statements.ts';
import { createPostgresTablesSource } from './postgres-tables.ts';
import { createProbe } from './prometheus-scrape.ts';
import { createRedisSource } from './redis.ts';
import type { Source } from './source.ts';

/** No source takes longer than this share of a tick, so that the samples of a tick are written before the next. */
const limitShare = 0.8;

export const limitMsOf = (orders: Pick<SamplerOrders, 'intervalMs'>): number =>
  Math.floor(orders.intervalMs * limitShare);

/** Everything that is asked beside /proc. Nothing is connected before the first reading. */
export function createSources(orders: SamplerOrders): Source[] {
  const limitMs = limitMsOf(orders);
  const { probes, postgres, redis, nginx } = orders;
  return [
    ...probes.map((probe) => createProbe(probe, limitMs)),
    ...(postgres === undefined
      ? []
      : [createPostgresSource, createPostgresTablesSource, createPostgresStatementsSource].map((create) =>
          create(postgres, limitMs),
        )),
    ...(redis === undefined ? [] : [createRedisSource(redis, limitMs)]),
    ...(nginx === undefined ? [] : [createNginxSource(nginx, limitMs)]),
    ...(orders.machine === undefined ? [] : [createMachineSource({ folder: orders.spoolFolder })]),
  ];
}
