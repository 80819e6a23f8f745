import { describe, expect, it, vi } from 'vitest';
import { createEnvironment, inActivity } from '../test/activity-environment.ts';
import { createSeedActivities, type Seeder } from './seed.ts';

const run = { runKey: 'r', workflowId: 'w', planHash: 'h' };
const createSeeder = (change: Partial<Seeder>): Seeder => ({
  prepare: () => Promise.resolve({ shards: 0, alreadyComplete: true }),
  pull: () => Promise.resolve({ shards: 0, rows: 0 }),
  finish: () => Promise.resolve([]),
  ...change,
});

describe('seedShards', () => {
  it('tells with its heartbeats how many rows of each entity have landed', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const environment = createEnvironment();
      const heard: unknown[] = [];
      environment.on('heartbeat', (details: unknown) => heard.push(structuredClone(details)));
      const activities = createSeedActivities(
        createSeeder({
          pull(_, { onProgress }) {
            onProgress('users', 400);
            onProgress('teams', 50);
            onProgress('users', 600);
            vi.advanceTimersByTime(1_500);
            return Promise.resolve({ shards: 3, rows: 1_050 });
          },
        }),
      );
      expect(await inActivity(() => activities.seedShards(run), environment)).toEqual({ shards: 3, rows: 1_050 });
      expect(heard.at(-1)).toEqual({ rows: { users: 1_000, teams: 50 } });
    } finally {
      vi.useRealTimers();
    }
  });

  it('hands the cancellation on, so that shards in flight roll back', async () => {
    const environment = createEnvironment();
    const activities = createSeedActivities(
      createSeeder({
        pull: (_, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reject(new Error('rolled back'));
            });
          }),
      }),
    );
    const pulling = inActivity(() => activities.seedShards(run), environment);
    environment.cancel('CANCELLED');
    await expect(pulling).rejects.toThrow('rolled back');
  });
});

describe('finishSeed', () => {
  it('sums the rows of all entities', async () => {
    const entities = [
      { entity: 'users' as const, rows: 1_000, checksum: 'a', seconds: 1 },
      { entity: 'teams' as const, rows: 5_000, checksum: 'b', seconds: 2 },
    ];
    const activities = createSeedActivities(createSeeder({ finish: () => Promise.resolve(entities) }));
    expect(await inActivity(() => activities.finishSeed(run))).toEqual({ entities, rows: 6_000 });
  });
});
