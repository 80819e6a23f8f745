import type { Seeder } from '#activities/seed.ts';
import type { RunRef } from '#model/activities.ts';
import { finishSeed } from '#seeding/finish.ts';
import { prepareSeed } from '#seeding/prepare.ts';
import { seedShards } from '#seeding/seed.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import { type Context, readSecret } from './context.ts';

export function createSeeder(context: Context): Seeder {
  const seedOptions = async (run: RunRef) => ({
    databaseUrl: context.stackAddress().databaseUrl,
    plan: (await context.readPlan(run)).population,
    schema: referenceTarget.schema,
  });
  return {
    async prepare(run) {
      return prepareSeed({ ...(await seedOptions(run)), reset: false });
    },
    async pull(run, { onProgress, signal }) {
      return seedShards({ ...(await seedOptions(run)), onProgress, signal });
    },
    async finish(run, signal) {
      const entities = await finishSeed({ ...(await seedOptions(run)), parallel: 2 });
      signal.throwIfAborted();
      // What the instances cached before the rows were there is not true any more.
      const address = context.stackAddress();
      await referenceTarget.forget(address, readSecret(address));
      return entities;
    },
  };
}
