import { type EngineOrders, type LoadPlan, totalLoadMs } from '#model/load-plan.ts';

/** Orders of one engine of an open load whose stages begin at `startsAt`. */
export function openOrders(given: {
  readonly stages: LoadPlan['stages'];
  readonly startsAt: number;
  readonly shards?: number;
  readonly shard?: number;
  readonly users?: number;
  readonly plan?: Partial<LoadPlan>;
  readonly baseUrl?: string;
}): EngineOrders {
  const { stages, startsAt, shards: count = 1, shard = 0, users = 10 } = given;
  const shards = Array.from({ length: count }, (_, index) => ({
    shard: index,
    firstSlot: index * users,
    slots: users,
  }));
  const own = shards[shard];
  if (own === undefined) throw new Error(`there is no shard ${shard}`);
  return {
    plan: {
      ...{ model: 'open', mix: 'enterprise', seed: 1, virtualUsers: users * count, usersMax: users * count },
      ...{ spawnRatePerSecond: 50, thinkTimeMsMin: 0, thinkTimeMsMax: 0, stages, shards, windowMs: 1_000 },
      ...{ drainMs: 10_000, requestTimeoutMs: 5_000, liveObjectsMax: 3, growth: false },
      ...given.plan,
    },
    ...{ shard: own, startsAt, endsAt: startsAt + totalLoadMs({ stages }) },
    ...{ baseUrl: given.baseUrl ?? 'http://127.0.0.1', allowedHosts: [] },
    ...{ identitiesFile: '', secretFile: '', spoolFolder: '' },
  };
}
