import type { Seeder } from '#activities/seed.ts';
import { dataFolderOf } from '#compose/postgres.ts';
import { serverUser } from '#compose/system-user.ts';
import type { RunRef } from '#model/activities.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import { type Context, readSecret } from './context.ts';
import { watchingDisk } from './disk-watch.ts';
import { runSeedTask } from './seed-threads.ts';

export function createSeeder(context: Context): Seeder {
  const options = async (run: RunRef) => ({
    databaseUrl: context.stackAddress().databaseUrl,
    plan: (await context.readPlan(run)).population,
    isOwned: true,
  });
  // Where a stack on this host has its database; workers elsewhere watch nothing.
  const folder = dataFolderOf({ folder: context.places.stack, runAs: serverUser() });
  return {
    async prepare(run, signal) {
      return runSeedTask({ task: 'prepare', ...(await options(run)) }, { signal });
    },
    async pull(run, { onProgress, signal }) {
      const task = { task: 'pull', ...(await options(run)) } as const;
      return watchingDisk({ folder, signal }, (watched) => runSeedTask(task, { onProgress, signal: watched }));
    },
    async finish(run, signal) {
      const task = { task: 'finish', ...(await options(run)) } as const;
      const { entities } = await watchingDisk({ folder, signal }, (watched) => runSeedTask(task, { signal: watched }));
      signal.throwIfAborted();
      // What the instances cached before the rows were there is not true any more.
      const address = context.stackAddress();
      await referenceTarget.forget(address, readSecret(address));
      return entities;
    },
  };
}
