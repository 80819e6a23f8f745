import { parentPort, workerData } from 'node:worker_threads';
import type { Entity } from '#model/population-plan.ts';
import { finishSeed } from '#seeding/finish.ts';
import { prepareSeed } from '#seeding/prepare.ts';
import { explainSeedError } from '#seeding/problems.ts';
import { reconcileSeed } from '#seeding/reconcile.ts';
import { seedShards } from '#seeding/seed.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import type { FromSeedThread, SeedTask } from './wiring/seed-threads.ts';

/**
 * One task of seeding in a thread of its own, so that generating rows never blocks a worker's heartbeats (design §2). Its
 * connection is its own; told to end, it rolls back what is in flight.
 */
const progressEveryMs = 200;
const told = new AbortController();
parentPort?.on('message', () => {
  told.abort(new Error('seeding was told to end'));
});
const tell = (message: FromSeedThread): void => parentPort?.postMessage(message);

const task = workerData as SeedTask;
try {
  tell({ value: await run() });
} catch (error) {
  const { name, message } = asError(explainSeedError(error, task.databaseUrl));
  tell({ error: { name, message } });
} finally {
  parentPort?.close();
}

async function run(): Promise<unknown> {
  const options = { ...task, schema: referenceTarget.schema };
  switch (task.task) {
    case 'prepare':
      return prepareSeed({ ...options, reset: task.reset ?? false });
    case 'finish':
      return finishSeed({ ...options, parallel: task.parallel ?? 2 });
    case 'reconcile':
      return reconcileSeed({ ...options, parallel: task.parallel ?? 2 });
    case 'pull': {
      const progress = createProgress();
      return seedShards({ ...options, onProgress: progress.add, signal: told.signal }).finally(progress.tell);
    }
  }
}

/** A few messages a second, whatever the speed. */
function createProgress(): { readonly add: (entity: Entity, rows: number) => void; readonly tell: () => void } {
  let rows: Partial<Record<Entity, number>> = {};
  let toldAt = 0;
  const tellRows = (): void => {
    tell({ rows });
    rows = {};
    toldAt = performance.now();
  };
  return {
    add: (entity, count) => {
      rows[entity] = (rows[entity] ?? 0) + count;
      if (performance.now() - toldAt >= progressEveryMs) tellRows();
    },
    tell: tellRows,
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
