import { Worker } from 'node:worker_threads';
import type { PopulationPlan } from '#model/population-plan.ts';
import { type BenchSlice, splitSlice } from '#seeding/bench-slice.ts';
import { withClient } from '#seeding/database.ts';
import type { TargetSchema } from '#model/target.ts';

/** What one connection is to do. */
export interface BenchTask {
  readonly databaseUrl: string;
  readonly plan: PopulationPlan;
  readonly slice: BenchSlice;
  /** The data are encoded before the clock starts: the bare COPY of the same rows. */
  readonly isMadeBefore: boolean;
  /** A table of its own is made in the transaction and filled with FREEZE; else the table is there. */
  readonly isFrozen: boolean;
  readonly into: string;
}

export interface CopyTrial {
  readonly slice: BenchSlice;
  readonly workers: number;
  readonly isMadeBefore: boolean;
  readonly isFrozen: boolean;
}

export interface CopyBench {
  readonly databaseUrl: string;
  readonly plan: PopulationPlan;
  readonly schema: TargetSchema;
}

/** Rows a second from the common start to the last commit; the tables are gone afterwards. */
export async function tryCopy(bench: CopyBench, trial: CopyTrial): Promise<{ rows: number; rowsPerSecond: number }> {
  const { databaseUrl, plan, schema } = bench;
  const table = schema.tables.find(({ entity }) => entity === trial.slice.entity)?.table ?? '';
  await withClient(databaseUrl, async (client) => {
    await client.query('DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench');
    if (!trial.isFrozen) await client.query(`CREATE TABLE bench.rows (LIKE ${table})`);
    // The same start for everybody: nothing of an earlier trial is left to be written.
    await client.query('CHECKPOINT');
  });
  const { isMadeBefore, isFrozen } = trial;
  const threads = splitSlice(trial.slice, trial.workers).map((slice, index) => {
    const into = isFrozen ? `bench.rows_${index}` : 'bench.rows';
    return startThread({ databaseUrl, plan, slice, isMadeBefore, isFrozen, into });
  });
  await Promise.all(threads.map(({ ready }) => ready));
  const startedAt = performance.now();
  const counts = await Promise.all(threads.map(({ go }) => go()));
  const seconds = (performance.now() - startedAt) / 1_000;
  await withClient(databaseUrl, (client) => client.query('DROP SCHEMA bench CASCADE'));
  const rows = counts.reduce((sum, count) => sum + count, 0);
  return { rows, rowsPerSecond: rows / seconds };
}

function startThread(task: BenchTask): { ready: Promise<void>; go: () => Promise<number> } {
  const thread = new Worker(new URL('../bench-thread.ts', import.meta.url), { workerData: task });
  let settleReady: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    settleReady = resolve;
    fail = reject;
  });
  const done = new Promise<number>((resolve, reject) => {
    thread.on('message', (said: 'ready' | { rows: number }) => {
      if (said === 'ready') settleReady();
      else resolve(said.rows);
    });
    thread.on('error', (error: Error) => {
      fail(error);
      reject(error);
    });
  });
  done.catch(() => undefined); // told by `ready` too, when it ended before its start
  return {
    ready,
    go: () => {
      thread.postMessage('go');
      return done;
    },
  };
}
