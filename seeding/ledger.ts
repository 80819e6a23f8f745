import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { canonicalJson } from '#model/canonical-json.ts';
import type { Entity, PopulationPlan, SeededEntity } from '#model/population-plan.ts';
import { addChecksums } from '#model/digest.ts';
import type { TargetSchema } from '#model/target.ts';
import type { SeedShard } from './shards.ts';

/** Raised whenever equal plans begin to give other rows. */
const generation = 2;

/** Advisory locks: one preparer or finisher at a time; and statements of a killed finisher that still run. */
export const locks = { owner: 0x50_41_4b_01, statements: 0x50_41_4b_02 } as const;

/** Which rows a database holds, or is being filled with: equal fingerprints mean equal rows. */
export function fingerprint(plan: PopulationPlan, schema: TargetSchema): string {
  const tables = schema.tables.map(({ table, columns }) => ({
    table,
    columns: columns.map(({ column, type }) => [column, type]),
  }));
  return createHash('sha256').update(canonicalJson({ generation, plan, tables })).digest('hex');
}

/** Safe to run twice. The ledger is in the target's database so that it commits with the rows (R2.6). */
export const ledgerTables = [
  `CREATE SCHEMA IF NOT EXISTS soakwave`,
  `CREATE TABLE IF NOT EXISTS soakwave.seeding (
     plan_fingerprint text PRIMARY KEY, plan jsonb NOT NULL, finished_at timestamptz,
     stages jsonb NOT NULL DEFAULT '[]', bytes jsonb NOT NULL DEFAULT '{}')`,
  `CREATE TABLE IF NOT EXISTS soakwave.shards (
     ordinal int4 PRIMARY KEY, entity text NOT NULL, shard int4 NOT NULL, first int4 NOT NULL, count int4 NOT NULL,
     plan_fingerprint text NOT NULL, state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done')),
     rows int8 NOT NULL DEFAULT 0, checksum text NOT NULL DEFAULT '', seconds float8 NOT NULL DEFAULT 0,
     generate_seconds float8 NOT NULL DEFAULT 0, copy_seconds float8 NOT NULL DEFAULT 0,
     UNIQUE (entity, shard))`,
  `CREATE TABLE IF NOT EXISTS soakwave.identities (
     ordinal int4 PRIMARY KEY, user_id int4 NOT NULL, private_team_id int4 NOT NULL, team_ids int4[] NOT NULL,
     token_subject text NOT NULL, visible_tools int4 NOT NULL, visible_digest text NOT NULL)`,
];

export interface LedgerState {
  readonly planFingerprint: string;
  readonly shards: number;
  readonly shardsLeft: number;
  readonly finished: boolean;
}

/** What the ledger says, or undefined when there is none or it is empty. */
export async function readLedgerState(client: Client): Promise<LedgerState | undefined> {
  const known = await client.query<{ exists: boolean }>(`SELECT to_regclass('soakwave.shards') IS NOT NULL AS exists`);
  if (known.rows[0]?.exists !== true) return undefined;
  const found = await client.query<LedgerState>(
    `SELECT plan_fingerprint AS "planFingerprint", finished_at IS NOT NULL AS finished,
            (SELECT count(*) FROM soakwave.shards)::int4 AS shards,
            (SELECT count(*) FROM soakwave.shards WHERE state <> 'done')::int4 AS "shardsLeft"
       FROM soakwave.seeding`,
  );
  return found.rows[0];
}

export async function writeShards(
  client: Client,
  shards: readonly SeedShard[],
  planFingerprint: string,
): Promise<void> {
  await client.query(
    `INSERT INTO soakwave.shards (ordinal, entity, shard, first, count, plan_fingerprint)
     SELECT ordinal, entity, shard, first, count, $5
       FROM unnest($1::text[], $2::int4[], $3::int4[], $4::int4[])
            WITH ORDINALITY AS s(entity, shard, first, count, ordinal)`,
    [
      shards.map(({ entity }) => entity),
      shards.map(({ shard }) => shard),
      shards.map(({ first }) => first),
      shards.map(({ count }) => count),
      planFingerprint,
    ],
  );
}

/** Locks the next shard that nobody holds until the transaction ends; undefined when none is left. */
export async function takeShard(client: Client, planFingerprint: string): Promise<SeedShard | undefined> {
  const taken = await client.query<SeedShard>(
    `SELECT entity, shard, first, count FROM soakwave.shards
      WHERE state = 'pending' AND plan_fingerprint = $1 ORDER BY ordinal LIMIT 1 FOR UPDATE SKIP LOCKED`,
    [planFingerprint],
  );
  return taken.rows[0];
}

export async function completeShard(
  client: Client,
  { entity, shard }: SeedShard,
  done: Landed & { readonly seconds: number },
): Promise<void> {
  const { rows, checksum, seconds, generateSeconds, copySeconds } = done;
  await client.query(
    `UPDATE soakwave.shards SET state = 'done', rows = $3, checksum = $4, seconds = $5, generate_seconds = $6,
            copy_seconds = $7 WHERE entity = $1 AND shard = $2`,
    [entity, shard, rows, checksum, seconds, generateSeconds, copySeconds],
  );
}

/** What a shard came to. */
export interface Landed {
  readonly rows: number;
  readonly checksum: string;
  /** Of a thread's time, for generating, hashing and encoding; it is part of `copySeconds`. */
  readonly generateSeconds: number;
  /** From the first byte to the server's answer. */
  readonly copySeconds: number;
}

export interface LedgerShard extends SeedShard, Landed {
  /** All of it, indexes of a partition included. */
  readonly seconds: number;
}

/** Every shard that has landed. */
export async function readShards(client: Client): Promise<LedgerShard[]> {
  const { rows } = await client.query<LedgerShard>(
    `SELECT entity, shard, first, count, rows::float8 AS rows, checksum, seconds,
            generate_seconds AS "generateSeconds", copy_seconds AS "copySeconds"
       FROM soakwave.shards WHERE state = 'done' ORDER BY ordinal`,
  );
  return rows;
}

/** How long each stage of finishing took. */
export interface SeedStage {
  readonly stage: string;
  readonly seconds: number;
}

/** What finishing came to: where its time went, and how large the entities are on disk, before load changes them. */
export interface SeedFinish {
  readonly stages: readonly SeedStage[];
  readonly bytes: Readonly<Partial<Record<Entity, number>>>;
}

/** Says that nothing is left to do. */
export async function markFinished(client: Client, { stages, bytes }: SeedFinish): Promise<void> {
  const values = [JSON.stringify(stages), JSON.stringify(bytes)];
  await client.query('UPDATE soakwave.seeding SET finished_at = now(), stages = $1, bytes = $2', values);
}

export async function readFinish(client: Client): Promise<SeedFinish> {
  const { rows } = await client.query<SeedFinish>('SELECT stages, bytes FROM soakwave.seeding');
  return rows[0] ?? { stages: [], bytes: {} };
}

/** What the shards of each entity come to. */
export function sumShards(shards: readonly LedgerShard[], entity: Entity): SeededEntity {
  const own = shards.filter((shard) => shard.entity === entity);
  return {
    entity,
    rows: own.reduce((sum, { rows }) => sum + rows, 0),
    checksum: addChecksums(own.map(({ checksum }) => checksum)),
    seconds: own.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}
