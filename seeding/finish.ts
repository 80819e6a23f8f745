import type { Client } from 'pg';
import type { SeededEntity } from '#model/population-plan.ts';
import { createPopulation } from '#model/population.ts';
import { inParallel, inTransaction, withClient } from './database.ts';
import { writeIdentities } from './identities.ts';
import { fingerprint, locks, readLedgerState, readShards, sumShards } from './ledger.ts';
import type { SeedOptions } from './prepare.ts';
import { reconcileSeed } from './reconcile.ts';

/** Makes sorts of index builds fit in memory; each of `parallel` connections may use it. */
const maintenanceMemory = '256MB';

/**
 * Indexes, constraints, statistics, identities, then reconciliation (R2.8, R2.6). Safe to run twice and at any time:
 * nothing is done on a complete data set. Throws `SeedFailed` with every difference when the data set is not the plan's.
 */
export async function finishSeed(options: SeedOptions & { readonly parallel: number }): Promise<SeededEntity[]> {
  return withClient(options.databaseUrl, async (client) => {
    await waitForOthers(client);
    const state = await readLedgerState(client);
    if (state?.planFingerprint !== fingerprint(options.plan, options.schema)) {
      throw seedFailed(['this plan was never prepared in this database']);
    }
    if (state.shardsLeft > 0) throw seedFailed([`${state.shardsLeft} of ${state.shards} shards have not landed`]);
    if (!state.finished) {
      await finishTables(options);
      await inTransaction(client, () => writeIdentities(client, createPopulation(options.plan), options.schema));
      const { differences } = await reconcileSeed(options);
      if (differences.length > 0) throw seedFailed(differences);
      await client.query('UPDATE soakwave.seeding SET finished_at = now()');
    }
    const shards = await readShards(client);
    return options.schema.tables.map(({ entity }) => sumShards(shards, entity));
  });
}

/**
 * One finisher at a time; both locks end with their connection. A killed finisher's statements run on without it, each
 * holding the second lock: an index must not be made twice at once.
 */
async function waitForOthers(client: Client): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [locks.owner]);
  await client.query('SELECT pg_advisory_lock($1)', [locks.statements]);
  await client.query('SELECT pg_advisory_unlock($1)', [locks.statements]);
}

async function finishTables({ databaseUrl, schema, parallel }: SeedOptions & { parallel: number }): Promise<void> {
  const run = (statement: string): Promise<unknown> =>
    withClient(databaseUrl, async (client) => {
      await client.query('SELECT pg_advisory_lock_shared($1)', [locks.statements]);
      await client.query(`SET maintenance_work_mem = '${maintenanceMemory}'`);
      await client.query(statement);
    });
  for (const stage of schema.finish) await inParallel(stage, parallel, run);
  const tidy = schema.tables.map(({ table, partitionByMonth }) =>
    partitionByMonth === undefined ? `VACUUM (FREEZE, ANALYZE) ${table}` : `ANALYZE ${table}`,
  );
  await inParallel(tidy, parallel, run);
}

function seedFailed(differences: readonly string[]): Error {
  const error = new Error(`seeding did not reconcile: ${differences.join('; ')}`);
  error.name = 'SeedFailed';
  return error;
}
