import { Socket } from 'node:net';
import { Client } from 'pg';
import { metrics } from '#model/metrics.ts';
import type { Source, Values } from './source.ts';

/** Our own connection is left out of what it counts. Dead rows come from the counters, not from the tables. */
const everyTick = `
  select
    (select count(*) from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid())::float8 as "${metrics.databaseConnections}",
    (select count(*) from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid() and state = 'active')::float8
      as "${metrics.databaseActive}",
    current_setting('max_connections')::float8 as "${metrics.databaseConnectionsMax}",
    blks_hit::float8 as "${metrics.databaseBlocksHit}",
    blks_read::float8 as "${metrics.databaseBlocksRead}",
    (xact_commit + xact_rollback)::float8 as "${metrics.databaseTransactions}",
    (select coalesce(sum(pg_stat_get_dead_tuples(oid)), 0) from pg_class where relkind in ('r', 'm'))::float8
      as "${metrics.databaseDeadRows}",
    (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 as "${metrics.databaseWalBytes}"
  from pg_stat_database where datname = current_database()`;

/** Looks at every file of the database: once a minute. */
const everyMinute = `select pg_database_size(current_database())::float8 as "${metrics.databaseBytes}"`;
const minuteMs = 60_000;

/** The target's PostgreSQL, over one connection of our own. */
export function createPostgresSource(
  { role, url }: { role: string; url: string },
  timeoutMs: number,
  now: () => number = Date.now,
): Source {
  let client: Client | undefined;
  let socket: Socket | undefined;
  let sizeDueAt = 0;

  async function connect(): Promise<Client> {
    const made = new Client({
      connectionString: url,
      stream: () => (socket = new Socket()),
      application_name: 'soakwave-sampler',
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
      statement_timeout: timeoutMs,
    });
    // A broken connection fails the next query; without a listener it would end the process.
    made.on('error', () => undefined);
    client = made;
    await made.connect();
    return made;
  }

  /** The socket, not the client: saying goodbye to a server that is stopped would wait for it, once a tick. */
  function drop(): void {
    socket?.destroy();
    client = undefined;
  }

  return {
    name: 'postgres',
    role,
    metrics: [
      metrics.databaseConnections,
      metrics.databaseActive,
      metrics.databaseConnectionsMax,
      metrics.databaseBlocksHit,
      metrics.databaseBlocksRead,
      metrics.databaseTransactions,
      metrics.databaseDeadRows,
      metrics.databaseWalBytes,
      metrics.databaseBytes,
    ],
    async read() {
      try {
        const connected = client ?? (await connect());
        const values = await readRow(connected, everyTick);
        if (now() < sizeDueAt) return values;
        const size = await readRow(connected, everyMinute);
        sizeDueAt = now() + minuteMs;
        return { ...values, ...size };
      } catch (error) {
        drop();
        throw error;
      }
    },
    close() {
      drop();
      return Promise.resolve();
    },
  };
}

async function readRow(client: Client, text: string): Promise<Values> {
  const { rows } = await client.query<Record<string, number | null>>(text);
  return Object.fromEntries(
    Object.entries(rows[0] ?? {}).filter((entry): entry is [string, number] => entry[1] !== null),
  );
}
