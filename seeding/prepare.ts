import type { Client } from 'pg';
import type { PopulationPlan } from '#model/population-plan.ts';
import type { TargetSchema } from '#model/target.ts';
import { inTransaction, withClient } from './database.ts';
import { fingerprint, ledgerTables, locks, readLedgerState, writeShards } from './ledger.ts';
import { planShards } from './shards.ts';

export interface SeedOptions {
  readonly databaseUrl: string;
  readonly plan: PopulationPlan;
  readonly schema: TargetSchema;
}

/**
 * Makes the target's tables and the ledger, all at once or not at all. Throws `ForeignData` when the database holds
 * another plan's rows, or rows that no ledger tells of, unless `reset` allows to drop them (R2.7).
 */
export async function prepareSeed(
  options: SeedOptions & { readonly reset: boolean },
): Promise<{ shards: number; alreadyComplete: boolean }> {
  return withClient(options.databaseUrl, (client) =>
    inTransaction(client, async () => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [locks.owner]);
      if (options.reset) await dropEverything(client, options.schema);
      const wanted = fingerprint(options.plan, options.schema);
      const state = await readLedgerState(client);
      if (state !== undefined) {
        if (state.planFingerprint !== wanted) throw foreignData(await describePlan(client, options.plan));
        return { shards: state.shards, alreadyComplete: state.finished };
      }
      return { shards: await layOut(client, options, wanted), alreadyComplete: false };
    }),
  );
}

async function layOut(client: Client, { plan, schema }: SeedOptions, wanted: string): Promise<number> {
  for (const statement of [...schema.prepare, ...ledgerTables]) await client.query(statement);
  for (const { table } of schema.tables) {
    const { rowCount } = await client.query(`SELECT FROM ${table} LIMIT 1`);
    if (rowCount !== 0) throw foreignData(`${table} holds rows, and no ledger says whose they are`);
  }
  await client.query('INSERT INTO soakwave.seeding (plan_fingerprint, plan) VALUES ($1, $2)', [wanted, plan]);
  const shards = planShards(plan);
  await writeShards(client, shards, wanted);
  return shards.length;
}

async function dropEverything(client: Client, schema: TargetSchema): Promise<void> {
  await client.query('DROP SCHEMA IF EXISTS soakwave CASCADE');
  for (const { table } of schema.tables) await client.query(`DROP TABLE IF EXISTS ${table} CASCADE`);
}

/** Which numbers of the plan differ: the message that a user can act on. */
async function describePlan(client: Client, wanted: PopulationPlan): Promise<string> {
  const found = await client.query<{ plan: Record<string, unknown> }>('SELECT plan FROM soakwave.seeding');
  const held = found.rows[0]?.plan ?? {};
  const differences = Object.entries(wanted)
    .filter(([name, value]) => held[name] !== value)
    .map(([name, value]) => `${name} is ${String(held[name])}, not ${value}`);
  const what = differences.length > 0 ? differences.join('; ') : 'its tables or its generation of rows differ';
  return `the database is seeded with another plan: ${what}`;
}

function foreignData(what: string): Error {
  const error = new Error(`${what}; give it a database of its own, or reset it`);
  error.name = 'ForeignData';
  return error;
}
