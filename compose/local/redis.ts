import { type ProcessSpec, type StackPlan } from '#model/stack.ts';

export interface RedisPlace {
  readonly redis: string;
  readonly folder: string;
  readonly port: number;
}

/** L2: a cache and nothing but a cache, so it keeps nothing on disk and evicts what was used longest ago. */
export function planRedis(plan: Pick<StackPlan, 'redisBytesMax'>, { redis, folder, port }: RedisPlace): ProcessSpec {
  const settings: readonly (readonly [string, string])[] = [
    ['bind', '127.0.0.1'],
    ['port', `${port}`],
    ['daemonize', 'no'],
    ['dir', folder],
    ['save', ''],
    ['appendonly', 'no'],
    ['maxmemory', `${plan.redisBytesMax}`],
    ['maxmemory-policy', 'allkeys-lru'],
    ['loglevel', 'notice'],
  ];
  return {
    role: 'redis',
    command: redis,
    args: settings.flatMap(([name, value]) => [`--${name}`, value]),
    env: {},
    cwd: folder,
    ready: { kind: 'tcp', port },
    readyWithinMs: 15_000,
    stopSignal: 'SIGTERM',
    stopWithinMs: 10_000,
  };
}
