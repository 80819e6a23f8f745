import type { RunRef, SeedActivities } from '#model/activities.ts';
import type { Entity, SeededEntity } from '#model/population-plan.ts';
import { beating } from './heartbeat.ts';

export interface Seeder {
  prepare(run: RunRef, signal: AbortSignal): Promise<{ shards: number; alreadyComplete: boolean }>;
  pull(
    run: RunRef,
    options: { onProgress: (entity: Entity, rows: number) => void; signal: AbortSignal },
  ): Promise<{ shards: number; rows: number }>;
  finish(run: RunRef, signal: AbortSignal): Promise<SeededEntity[]>;
}

/** On worker death the shards in flight roll back and are pulled again; a second delivery finds none left. */
export function createSeedActivities(seeder: Seeder): SeedActivities {
  return {
    async prepareSeed(run) {
      return beating(async ({ signal }) => {
        const { shards, alreadyComplete } = await seeder.prepare(run, signal);
        return { shards, alreadyComplete };
      });
    },
    async seedShards(run) {
      return beating((beat) => {
        const rows: Partial<Record<Entity, number>> = {};
        return seeder.pull(run, {
          signal: beat.signal,
          onProgress(entity, count) {
            rows[entity] = (rows[entity] ?? 0) + count;
            beat.progress({ rows });
          },
        });
      });
    },
    async finishSeed(run) {
      return beating(async ({ signal }) => {
        const entities = await seeder.finish(run, signal);
        return { entities, rows: entities.reduce((sum, { rows }) => sum + rows, 0) };
      });
    },
  };
}
