import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Entity, PopulationPlan } from '#model/population-plan.ts';
import type { FinishedSeed } from '#seeding/finish.ts';
import type { Prepared } from '#seeding/prepare.ts';
import type { Reconciliation } from '#seeding/reconcile.ts';

interface SeedTaskResults {
  readonly prepare: Prepared;
  readonly pull: { readonly shards: number; readonly rows: number };
  readonly finish: FinishedSeed;
  readonly reconcile: Reconciliation;
}
type TaskName = keyof SeedTaskResults;

/** What one thread is to do. */
export interface SeedTask<Name extends TaskName = TaskName> {
  readonly task: Name;
  readonly databaseUrl: string;
  readonly plan: PopulationPlan;
  readonly isOwned?: boolean;
  /** Of `prepare`: drop what was seeded of another plan. */
  readonly reset?: boolean;
  /** Of `pull`. */
  readonly batchRows?: number;
  /** Connections of `finish` and `reconcile`. */
  readonly parallel?: number;
}

/** What the thread says: rows that were sent, and at its end one of the others. */
export type FromSeedThread =
  | { readonly rows: Partial<Record<Entity, number>> }
  | { readonly value: unknown }
  | { readonly error: { readonly name: string; readonly message: string } };

interface SeedThreadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (entity: Entity, rows: number) => void;
}

/** To roll back what is in flight; then the thread is ended, and the server rolls back when it misses its client. */
const endsWithinMs = 5_000;

/** Runs one task of seeding off this event loop. Rejects with the error of the thread, which bears a name of `model/failures.ts`. */
export async function runSeedTask<Name extends TaskName>(
  task: SeedTask<Name>,
  { signal, onProgress }: SeedThreadOptions = {},
): Promise<SeedTaskResults[Name]> {
  signal?.throwIfAborted();
  const thread = new Worker(new URL('../seed-thread.ts', import.meta.url), { workerData: task });
  const end = (): void => {
    thread.postMessage('end');
    void sleep(endsWithinMs, undefined, { ref: false }).then(() => thread.terminate());
  };
  signal?.addEventListener('abort', end, { once: true });
  try {
    return (await answerOf(thread, onProgress)) as SeedTaskResults[Name];
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

/** Settles when the thread has ended, so that nothing of it goes on behind whoever asked. */
function answerOf(thread: Worker, onProgress: SeedThreadOptions['onProgress']): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let answer: Exclude<FromSeedThread, { rows: unknown }> | undefined;
    thread.on('message', (said: FromSeedThread) => {
      if (!('rows' in said)) answer = said;
      else for (const [entity, rows] of Object.entries(said.rows)) onProgress?.(entity as Entity, rows);
    });
    thread.on('error', reject);
    thread.on('exit', (code) => {
      if (answer === undefined) reject(new Error(`a thread of seeding ended without an answer (${code})`));
      else if ('value' in answer) resolve(answer.value);
      else reject(Object.assign(new Error(answer.error.message), { name: answer.error.name }));
    });
  });
}
