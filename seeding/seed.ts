import { setImmediate } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { createChecksum } from '#model/digest.ts';
import type { Entity } from '#model/population-plan.ts';
import { createPopulation } from '#model/population.ts';
import type { TableMapping } from '#model/target.ts';
import { inTransaction, withClient } from './database.ts';
import { type Chunk, compileEncoder, copyHeader, copyTrailer, createChunk, hasRoom } from './encoder.ts';
import { completeShard, fingerprint, takeShard } from './ledger.ts';
import type { SeedOptions } from './prepare.ts';
import { compileDigest } from './row-digest.ts';
import type { RowCursor } from './row-cursor.ts';
import { createRowSource } from './rows.ts';
import { historyStartsAt, dayMs, monthOf, type SeedShard } from './shards.ts';

/** A shard that failed is left pending; who is next takes it. */
export interface PullOptions extends SeedOptions {
  /** Rows sent since the last call; they count once their shard has committed. */
  onProgress(entity: Entity, rows: number): void;
  readonly signal: AbortSignal;
}

/**
 * Pulls shards until none is left. Any number of callers share the work; a shard's rows and its ledger row commit in one
 * transaction, so that killing a caller or the database loses only what was in flight (R2.6). What others hold is not
 * waited for: the ledger is complete when every caller has returned.
 */
export async function seedShards(options: PullOptions): Promise<{ shards: number; rows: number }> {
  const wanted = fingerprint(options.plan, options.schema);
  const source = createRowSource(createPopulation(options.plan));
  const tables = new Map(options.schema.tables.map((mapping) => [mapping.entity, createShardWriter(mapping, options)]));
  return withClient(options.databaseUrl, async (client) => {
    let [shards, rows] = [0, 0];
    for (;;) {
      options.signal.throwIfAborted();
      const landed = await inTransaction(client, async () => {
        const shard = await takeShard(client, wanted);
        if (shard === undefined) return undefined;
        const startedAt = performance.now();
        const write = tables.get(shard.entity);
        // An entity that the target has no table for is nothing to land.
        const done = (await write?.(client, shard, source.open(shard))) ?? {
          rows: 0,
          checksum: createChecksum().hex(),
        };
        await completeShard(client, shard, { ...done, seconds: (performance.now() - startedAt) / 1_000 });
        return done.rows;
      });
      if (landed === undefined) return { shards, rows };
      shards += 1;
      rows += landed;
    }
  });
}

interface Landed {
  readonly rows: number;
  readonly checksum: string;
}
type ShardWriter = (client: Client, shard: SeedShard, cursor: RowCursor) => Promise<Landed>;

function createShardWriter(mapping: TableMapping, options: PullOptions): ShardWriter {
  const encoder = compileEncoder(mapping);
  const digest = compileDigest(mapping);
  const columns = encoder.columns.join(', ');

  return async (client, shard, cursor) => {
    const partition = mapping.partitionByMonth === undefined ? undefined : partitionOf(mapping, options, shard);
    if (partition !== undefined) await client.query(partition.create);
    const landed = { rows: 0, checksum: createChecksum() };
    const factors = { a: 0, b: 0 };
    const fill = (chunk: Chunk): boolean => {
      const before = landed.rows;
      while (hasRoom(chunk)) {
        if (!cursor.advance()) break;
        encoder.write(chunk, cursor.row);
        digest.factors(cursor.row, factors);
        landed.checksum.add(factors.a, factors.b);
        landed.rows += 1;
      }
      options.onProgress(shard.entity, landed.rows - before);
      return landed.rows > before;
    };
    const into = partition?.table ?? mapping.table;
    const frozen = partition === undefined ? '' : ', FREEZE true';
    const copy = client.query(copyFrom(`COPY ${into} (${columns}) FROM STDIN (FORMAT binary${frozen})`));
    await pipeline(Readable.from(copyData(fill), { highWaterMark: 1, objectMode: true }), copy, {
      signal: options.signal,
    });
    if (copy.rowCount !== landed.rows) {
      throw new Error(`${into}: the server took ${copy.rowCount} rows of ${landed.rows}`);
    }
    if (partition !== undefined) await client.query(partition.attach);
    return { rows: landed.rows, checksum: landed.checksum.hex() };
  };
}

/** Chunk by chunk, so that the process can do other things in between. */
async function* copyData(fill: (chunk: Chunk) => boolean): AsyncGenerator<Buffer> {
  yield copyHeader;
  for (;;) {
    const chunk = createChunk();
    if (!fill(chunk)) break;
    yield chunk.bytes.subarray(0, chunk.used);
    await setImmediate();
  }
  yield copyTrailer;
}

/** A month's table is made, filled frozen and attached in one transaction (design §4). */
function partitionOf(
  { table }: TableMapping,
  { plan }: SeedOptions,
  shard: SeedShard,
): { table: string; create: string; attach: string } {
  const { from, to, suffix } = monthOf(historyStartsAt(plan) + shard.first * dayMs);
  const name = `${table}_${suffix}`;
  const [low, high] = [new Date(from).toISOString(), new Date(to).toISOString()];
  return {
    table: name,
    create: `CREATE TABLE ${name} (LIKE ${table})`,
    attach: `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${low}') TO ('${high}')`,
  };
}
