import type { Client } from 'pg';
import { createChecksum } from '#model/digest.ts';
import type { Entity } from '#model/population-plan.ts';
import { createPopulation } from '#model/population.ts';
import type { TableMapping } from '#model/target.ts';
import { encodeRows, sendCopy } from './copy.ts';
import { inTransaction, withClient } from './database.ts';
import { completeShard, fingerprint, type Landed, takeShard } from './ledger.ts';
import type { SeedOptions } from './prepare.ts';
import { batchRows, type RowStream } from './row-batch.ts';
import { createRowSource } from './rows.ts';
import { boundsOf, type SeedShard, suffixOf } from './shards.ts';

/** A shard that failed is left pending; who is next takes it. */
export interface PullOptions extends SeedOptions {
  /** Rows that are generated, hashed and encoded in one go; the same rows whatever it is (R2.5). */
  readonly batchRows?: number;
  /** Rows sent since the last call; they count once their shard has committed. */
  onProgress(entity: Entity, rows: number): void;
  readonly signal: AbortSignal;
}

/** An entity that the target has no table for is nothing to land. */
const nothing: Landed = { rows: 0, checksum: createChecksum().hex(), generateSeconds: 0, copySeconds: 0 };

/** As many indexes as there are pullers are built side by side already; and the sorts of each fit into memory. */
const sessionSettings = `SET max_parallel_maintenance_workers = 0; SET maintenance_work_mem = '256MB'`;

/**
 * Pulls shards until none is left. Any number of callers share the work; a shard's rows and its ledger row commit in one
 * transaction, so that killing a caller or the database loses only what was in flight (R2.6). What others hold is not
 * waited for: the ledger is complete when every caller has returned.
 */
export async function seedShards(options: PullOptions): Promise<{ shards: number; rows: number }> {
  const wanted = fingerprint(options.plan, options.schema);
  const source = createRowSource(createPopulation(options.plan));
  const tables = new Map(options.schema.tables.map((mapping) => [mapping.entity, mapping]));
  return withClient(options.databaseUrl, async (client) => {
    await client.query(sessionSettings);
    let [shards, rows] = [0, 0];
    for (;;) {
      options.signal.throwIfAborted();
      const landed = await inTransaction(client, async () => {
        const shard = await takeShard(client, wanted);
        if (shard === undefined) return undefined;
        const startedAt = performance.now();
        const mapping = tables.get(shard.entity);
        const stream = source.open(shard, options.batchRows ?? batchRows);
        const landed = mapping === undefined ? nothing : await landShard(client, options, { mapping, shard, stream });
        await completeShard(client, shard, { ...landed, seconds: (performance.now() - startedAt) / 1_000 });
        return landed.rows;
      });
      if (landed === undefined) return { shards, rows };
      shards += 1;
      rows += landed;
    }
  });
}

interface OpenShard {
  readonly mapping: TableMapping;
  readonly shard: SeedShard;
  readonly stream: RowStream;
}

/** A partition is made, filled frozen, indexed while it is in memory, and attached in one transaction (design §4). */
async function landShard(client: Client, options: PullOptions, { mapping, shard, stream }: OpenShard): Promise<Landed> {
  const { plan, signal } = options;
  const { table, partition } = mapping;
  const into = partition === undefined ? table : `${table}_${suffixOf(plan, shard)}`;
  const encoded = encodeRows(mapping, stream, (rows) => {
    options.onProgress(shard.entity, rows);
  });
  if (partition !== undefined) await client.query(`CREATE TABLE ${into} (LIKE ${table})`);
  const startedAt = performance.now();
  const target = { into, columns: encoded.columns, isFrozen: partition !== undefined, signal };
  const taken = await sendCopy(client, target, encoded.chunks());
  const copySeconds = (performance.now() - startedAt) / 1_000;
  const { rows, checksum, seconds: generateSeconds } = encoded.tally();
  if (taken !== rows) throw new Error(`${into}: the server took ${taken} rows of ${rows}`);
  if (partition !== undefined) {
    const { low, high } = boundsOf(plan, shard);
    for (const statement of partition.indexes(into)) await client.query(statement);
    await client.query(`ALTER TABLE ${table} ATTACH PARTITION ${into} FOR VALUES FROM (${low}) TO (${high})`);
  }
  return { rows, checksum, generateSeconds, copySeconds };
}
