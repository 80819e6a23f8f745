import { metrics, tableFigures, tableMetric } from '#model/metrics.ts';
import { createPace } from './pace.ts';
import { createPostgresConnection } from './postgres-connection.ts';
import type { Source, Values } from './source.ts';

/** So many of the biggest are told at a time; one that was told once is told on, so that its series has no holes. */
const biggestMax = 8;
const knownMax = 16;

/** Dead rows come from the counters, not from the tables. */
const wholeDatabase = `
  select
    pg_database_size(current_database())::float8 as "${metrics.databaseBytes}",
    coalesce(sum(pg_stat_get_dead_tuples(oid)), 0)::float8 as "${metrics.databaseDeadRows}"
  from pg_class where relkind in ('r', 'm')`;

/** A partitioned table is one table, whatever its partitions are called. */
const eachTable = `
  select root::regclass::text as name, sum(pg_total_relation_size(oid))::float8 as bytes,
    sum(pg_stat_get_live_tuples(oid))::float8 as rows, sum(pg_stat_get_dead_tuples(oid))::float8 as dead_rows,
    (sum(pg_stat_get_tuples_inserted(oid) - pg_stat_get_tuples_deleted(oid)) filter (where relkind = 'r'))::float8 as net_rows
  from (
    select class.oid, relkind, coalesce(pg_partition_root(class.oid), class.oid) as root
    from pg_class class join pg_namespace space on space.oid = relnamespace
    where relkind in ('r', 'm') and nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_'
  ) tables
  group by root order by bytes desc nulls last limit 200`;

/** Sizes look at every file of the database, and wait behind whoever locks a table: seldom, and on a connection of its own. */
export function createPostgresTablesSource({ role, url }: { role: string; url: string }, timeoutMs: number): Source {
  const connection = createPostgresConnection(url, timeoutMs);
  const pace = createPace();
  const known = new Set<string>();

  async function read(): Promise<Values> {
    const values: Record<string, number> = { ...(await connection.values(wholeDatabase)) };
    for (const [place, row] of (await connection.rows(eachTable)).entries()) {
      const name = String(row['name']);
      if (place < biggestMax && known.size < knownMax) known.add(name);
      if (!known.has(name)) continue;
      for (const what of tableFigures) {
        const value = row[what];
        if (typeof value === 'number') values[tableMetric(name, what)] = value;
      }
    }
    return values;
  }

  return {
    name: 'postgres-tables',
    role,
    get everyMs() {
      return pace.everyMs;
    },
    metrics: [metrics.databaseBytes, metrics.databaseDeadRows],
    read: () => pace.measure(read),
    close() {
      connection.close();
      return Promise.resolve();
    },
  };
}
