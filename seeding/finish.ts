import type { Client } from 'pg';
import type { Entity, SeededEntity } from '#model/population-plan.ts';
import { createPopulation } from '#model/population.ts';
import type { FinishStatement, TargetSchema } from '#model/target.ts';
import { inParallel, inTransaction, withClient } from './database.ts';
import { writeIdentities } from './identities.ts';
import {
  fingerprint,
  type Landed,
  type LedgerShard,
  locks,
  markFinished,
  readFinish,
  readLedgerState,
  readShards,
  type SeedFinish,
  type SeedStage,
  sumShards,
} from './ledger.ts';
import type { SeedOptions } from './prepare.ts';
import { reconcileSeed } from './reconcile.ts';
import { putBack } from './server-settings.ts';

/** Makes sorts of index builds fit in memory; each of `parallel` connections may use it. */
const maintenanceMemory = '256MB';

/** Where the time went: thread-seconds of the shards by entity, and seconds of each stage that came after them. */
export interface SeedTimes {
  readonly entities: readonly (Pick<Landed, 'generateSeconds' | 'copySeconds'> & {
    readonly entity: Entity;
    readonly indexSeconds: number;
  })[];
  readonly stages: readonly SeedStage[];
}

export interface FinishedSeed {
  readonly entities: SeededEntity[];
  readonly times: SeedTimes;
}

/**
 * Indexes, constraints, statistics, identities, then reconciliation (R2.8, R2.6). Safe to run twice and at any time:
 * nothing is done on a complete data set. Throws `SeedFailed` with every difference when the data set is not the plan's.
 */
export async function finishSeed(options: SeedOptions & { readonly parallel: number }): Promise<FinishedSeed> {
  return withClient(options.databaseUrl, async (client) => {
    await waitForOthers(client);
    const state = await readLedgerState(client);
    if (state?.planFingerprint !== fingerprint(options.plan, options.schema)) {
      throw seedFailed(['this plan was never prepared in this database']);
    }
    if (state.shardsLeft > 0) throw seedFailed([`${state.shardsLeft} of ${state.shards} shards have not landed`]);
    if (!state.finished) {
      const stages = await finishAll(client, options);
      await markFinished(client, { stages, bytes: await readBytes(client, options.schema) });
    }
    if (options.isOwned === true) await putBack(client);
    const shards = await readShards(client);
    const { stages, bytes } = await readFinish(client);
    const entities = options.schema.tables.map(({ entity }) => entity);
    return {
      entities: entities.map((entity) => ({ ...sumShards(shards, entity), bytes: bytes[entity] ?? 0 })),
      times: { entities: entities.map((entity) => timesOf(shards, entity)), stages },
    };
  });
}

function timesOf(shards: readonly LedgerShard[], entity: Entity): SeedTimes['entities'][number] {
  const times = { entity, generateSeconds: 0, copySeconds: 0, indexSeconds: 0 };
  for (const { generateSeconds, copySeconds, seconds } of shards.filter((shard) => shard.entity === entity)) {
    times.generateSeconds += generateSeconds;
    times.copySeconds += copySeconds;
    times.indexSeconds += seconds - copySeconds;
  }
  return times;
}

async function finishAll(client: Client, options: SeedOptions & { parallel: number }): Promise<SeedStage[]> {
  const stages: SeedStage[] = [];
  const timed = async <T>(stage: string, work: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const result = await work();
    stages.push({ stage, seconds: (performance.now() - startedAt) / 1_000 });
    return result;
  };
  await finishTables(options, timed);
  await timed('identities', () =>
    inTransaction(client, () => writeIdentities(client, createPopulation(options.plan), options.schema)),
  );
  const { differences } = await timed('reconciliation', () => reconcileSeed(options));
  if (differences.length > 0) throw seedFailed(differences);
  return stages;
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

type Timed = <T>(stage: string, work: () => Promise<T>) => Promise<T>;

async function finishTables(options: SeedOptions & { parallel: number }, timed: Timed): Promise<void> {
  const { databaseUrl, schema, parallel } = options;
  const run = (statement: string): Promise<unknown> =>
    withClient(databaseUrl, async (client) => {
      await client.query('SELECT pg_advisory_lock_shared($1)', [locks.statements]);
      await client.query(`SET maintenance_work_mem = '${maintenanceMemory}'`);
      await client.query(statement);
    });
  for (const [index, stage] of schema.finish.entries()) {
    const name = index === 0 ? 'indexes and keys' : `references, stage ${index}`;
    await timed(name, async () => inParallel(await spellOut(databaseUrl, stage), parallel, run));
  }
  // Partitions landed frozen (design §4).
  const tidy = schema.tables.map(({ table, partition }) =>
    partition === undefined ? `VACUUM (FREEZE, ANALYZE) ${table}` : `ANALYZE ${table}`,
  );
  await timed('statistics', () => inParallel(tidy, parallel, run));
}

/** The statements of a stage, those of partitions for each that there is. */
async function spellOut(databaseUrl: string, stage: readonly FinishStatement[]): Promise<string[]> {
  return withClient(databaseUrl, async (client) => {
    const statements: string[] = [];
    for (const part of stage) {
      if (typeof part === 'string') statements.push(part);
      else statements.push(...(await partitionsOf(client, part.eachPartitionOf)).map((name) => part.statement(name)));
    }
    return statements;
  });
}

/** Tables with their partitions and indexes. */
async function readBytes(client: Client, schema: TargetSchema): Promise<SeedFinish['bytes']> {
  const bytes: Partial<Record<Entity, number>> = {};
  for (const { entity, table } of schema.tables) {
    const { rows } = await client.query<{ bytes: number }>(
      `SELECT sum(pg_total_relation_size(each))::float8 AS bytes
         FROM (SELECT $1::regclass::oid AS each UNION ALL
               SELECT inhrelid FROM pg_inherits WHERE inhparent = $1::regclass) relations`,
      [table],
    );
    bytes[entity] = rows[0]?.bytes ?? 0;
  }
  return bytes;
}

async function partitionsOf(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ partition: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS partition
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE i.inhparent = $1::regclass ORDER BY 1`,
    [table],
  );
  return rows.map(({ partition }) => partition);
}

function seedFailed(differences: readonly string[]): Error {
  const error = new Error(`seeding did not reconcile: ${differences.join('; ')}`);
  error.name = 'SeedFailed';
  return error;
}
