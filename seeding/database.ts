import { Client } from 'pg';

/** A connection of its own, closed whatever happens; a lost connection is an error of the statement that it served. */
export async function withClient<T>(databaseUrl: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: databaseUrl,
    application_name: 'soakwave-seeding',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // Without a listener, a connection lost between two statements would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** All or nothing. */
export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Runs every task, at most `parallel` at once, each on a connection of its own; the first failure is thrown at the end. */
export async function inParallel<Task, Result>(
  tasks: readonly Task[],
  parallel: number,
  run: (task: Task) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(tasks.length);
  const waiting = tasks.entries();
  const pull = async (): Promise<void> => {
    for (const [index, task] of waiting) results[index] = await run(task);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.max(1, parallel) }, pull));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results;
}
