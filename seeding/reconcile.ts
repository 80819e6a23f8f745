import type { Client } from 'pg';
import { hex64 } from '#model/digest.ts';
import { countRows } from '#model/needs.ts';
import type { Entity, PopulationPlan, SeededEntity } from '#model/population-plan.ts';
import type { TableMapping } from '#model/target.ts';
import { inParallel, withClient } from './database.ts';
import { type LedgerShard, readShards, sumShards } from './ledger.ts';
import type { SeedOptions } from './prepare.ts';
import { digestSql } from './row-digest.ts';
import { stratumField } from './rows.ts';
import { boundsOf, type SeedShard } from './shards.ts';

export interface Reconciliation {
  readonly entities: SeededEntity[];
  /** One sentence per entity or shard that is not as planned; at most 100. */
  readonly differences: string[];
}

const differencesMax = 100;

/**
 * Proves that the tables hold exactly the planned rows: counts of the plan, of the ledger and of the tables agree, and
 * so do the checksums computed when the rows were generated and by SQL from what is stored (R2.6). Reads only. Load adds
 * tools: of these only the seeded ids are looked at, so it can be run again after load.
 */
export async function reconcileSeed(options: SeedOptions & { readonly parallel?: number }): Promise<Reconciliation> {
  const shards = await withClient(options.databaseUrl, readShards);
  const planned = countRows(options.plan).rows;
  const compared = await inParallel(options.schema.tables, options.parallel ?? 2, (mapping) =>
    withClient(options.databaseUrl, (client) => compareEntity(client, options.plan, { mapping, shards, planned })),
  );
  return {
    entities: compared.map(({ entity }) => entity),
    differences: compared.flatMap(({ differences }) => differences).slice(0, differencesMax),
  };
}

interface Compared {
  readonly mapping: TableMapping;
  readonly shards: readonly LedgerShard[];
  readonly planned: Readonly<Record<Entity, number>>;
}

async function compareEntity(
  client: Client,
  plan: PopulationPlan,
  { mapping, shards, planned }: Compared,
): Promise<{ entity: SeededEntity; differences: string[] }> {
  const { entity } = mapping;
  const ledger = sumShards(shards, entity);
  const stored = await readStored(
    client,
    mapping,
    entity === 'tools' ? rangeOf(mapping, plan, { first: 0, count: plan.tools }) : 'true',
  );
  const differences: string[] = [];
  if (ledger.rows !== planned[entity]) {
    differences.push(`${entity}: the plan has ${planned[entity]} rows, the ledger ${ledger.rows}`);
  }
  if (stored.rows !== ledger.rows || stored.checksum !== ledger.checksum) {
    differences.push(`${entity}: ${difference(stored, ledger)}`);
    const own = shards.filter((shard) => shard.entity === entity);
    differences.push(...(await compareShards(client, mapping, { plan, shards: own })));
  }
  return { entity: { ...stored, entity, seconds: ledger.seconds }, differences };
}

/** Which shards an entity's difference is in; read only when there is one. */
async function compareShards(
  client: Client,
  mapping: TableMapping,
  { plan, shards }: { plan: PopulationPlan; shards: readonly LedgerShard[] },
): Promise<string[]> {
  const differences: string[] = [];
  for (const shard of shards) {
    const stored = await readStored(client, mapping, rangeOf(mapping, plan, shard));
    if (stored.rows === shard.rows && stored.checksum === shard.checksum) continue;
    differences.push(`${mapping.entity} shard ${shard.shard}: ${difference(stored, shard)}`);
    if (differences.length === differencesMax) break;
  }
  return differences;
}

interface Tally {
  readonly rows: number;
  readonly checksum: string;
}

function difference(stored: Tally, ledger: Tally): string {
  if (stored.rows !== ledger.rows) return `${stored.rows} rows are stored, the ledger has ${ledger.rows}`;
  return `the checksum of the stored rows is ${stored.checksum}, the ledger has ${ledger.checksum}`;
}

async function readStored(client: Client, mapping: TableMapping, where: string): Promise<Tally> {
  const { rows } = await client.query<{ rows: number; checksum: string }>(
    `SELECT count(*)::float8 AS rows, (${digestSql(mapping)})::text AS checksum FROM ${mapping.table} WHERE ${where}`,
  );
  const [tally = { rows: 0, checksum: '0' }] = rows;
  return { rows: tally.rows, checksum: hex64(BigInt(tally.checksum)) };
}

/** The rows of a range of strata, as a condition. */
function rangeOf(mapping: TableMapping, plan: PopulationPlan, shard: Pick<SeedShard, 'first' | 'count'>): string {
  const column = columnOf(mapping, stratumField[mapping.entity]);
  const { low, high } = boundsOf(plan, { ...shard, entity: mapping.entity });
  return `${column} >= ${low} AND ${column} < ${high}`;
}

/** The column that a field of the rows goes into; throws when the target keeps none. */
export function columnOf({ columns, table }: TableMapping, field: string): string {
  const column = columns.find((mapping) => mapping.field === field)?.column;
  if (column === undefined) throw new Error(`${table} has no column for ${field}`);
  return column;
}
