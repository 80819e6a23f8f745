import type { Client } from 'pg';
import type { Entity, PopulationPlan } from '#model/population-plan.ts';
import type { TargetSchema } from '#model/target.ts';
import { inTransaction, withClient } from './database.ts';
import { fingerprint, ledgerTables, locks, readLedgerState, readShards, writeShards } from './ledger.ts';
import { tuneForLoading } from './server-settings.ts';
import { planShards } from './shards.ts';
import { listSchemaProblems } from './table-check.ts';

export interface SeedOptions {
  readonly databaseUrl: string;
  readonly plan: PopulationPlan;
  readonly schema: TargetSchema;
  /** The server is ours: its settings may be changed while it is loaded. */
  readonly isOwned?: boolean;
}

export interface Prepared {
  readonly shards: number;
  /** Everything was seeded, finished and reconciled before. */
  readonly alreadyComplete: boolean;
  /** Rows of the shards that have landed before, by entity. */
  readonly landed: Partial<Record<Entity, number>>;
}

/**
 * Makes the target's tables and the ledger, all at once or not at all. Throws `ForeignData` when the database holds
 * another plan's rows, unless `reset` allows to drop them; when it holds rows that no ledger tells of; and when its tables are
 * not those that rows are made for (R2.7).
 */
export async function prepareSeed(options: SeedOptions & { readonly reset: boolean }): Promise<Prepared> {
  return withClient(options.databaseUrl, async (client) => {
    const prepared = await inTransaction(client, async () => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [locks.owner]);
      if (options.reset && (await readLedgerState(client)) !== undefined) await dropSeeded(client, options.schema);
      const wanted = fingerprint(options.plan, options.schema);
      const state = await readLedgerState(client);
      if (state !== undefined) {
        if (state.planFingerprint !== wanted) throw foreignData(await describePlan(client, options.plan));
        return { shards: state.shards, alreadyComplete: state.finished, landed: await readLanded(client) };
      }
      return { shards: await layOut(client, options, wanted), alreadyComplete: false, landed: {} };
    });
    if (options.isOwned === true && !prepared.alreadyComplete) await tuneForLoading(client);
    return prepared;
  });
}

async function layOut(client: Client, { plan, schema }: SeedOptions, wanted: string): Promise<number> {
  for (const statement of [...schema.prepare, ...ledgerTables]) await client.query(statement);
  const problems = await listSchemaProblems(client, schema);
  if (problems.length > 0) throw foreignData(`the schema is not the target's: ${problems.join('; ')}`);
  const filled: string[] = [];
  for (const { table } of schema.tables) {
    const { rowCount } = await client.query(`SELECT FROM ${table} LIMIT 1`);
    if (rowCount !== 0) filled.push(table);
  }
  if (filled.length > 0) {
    throw foreignData(
      `${filled.join(', ')} hold${filled.length === 1 ? 's' : ''} rows, and no ledger says whose they are`,
    );
  }
  await client.query('INSERT INTO soakwave.seeding (plan_fingerprint, plan) VALUES ($1, $2)', [wanted, plan]);
  const shards = planShards(plan);
  await writeShards(client, shards, wanted);
  return shards.length;
}

/** What a ledger vouches for, and nothing else: no `CASCADE` reaches what somebody made on top of the tables. */
async function dropSeeded(client: Client, schema: TargetSchema): Promise<void> {
  await client.query('DROP SCHEMA IF EXISTS soakwave CASCADE');
  await client.query(`DROP TABLE IF EXISTS ${schema.tables.map(({ table }) => table).join(', ')}`);
}

async function readLanded(client: Client): Promise<Partial<Record<Entity, number>>> {
  const rows: Partial<Record<Entity, number>> = {};
  for (const shard of await readShards(client)) rows[shard.entity] = (rows[shard.entity] ?? 0) + shard.rows;
  return rows;
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
  const error = new Error(
    `${what}; give it a database of its own, or empty this one (--reset drops what soakwave seeded)`,
  );
  error.name = 'ForeignData';
  return error;
}
