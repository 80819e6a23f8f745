import { metrics } from '#model/metrics.ts';
import { createPostgresConnection, samplerName } from './postgres-connection.ts';
import type { Source } from './source.ts';

interface PostgresServer {
  readonly role: string;
  readonly url: string;
}

/** One pass over the list of sessions and one row of counters: what a busy server does not feel once a second. */
const everyTick = `
  select
    sessions.*,
    current_setting('max_connections')::float8 as "${metrics.databaseConnectionsMax}",
    blks_hit::float8 as "${metrics.databaseBlocksHit}",
    blks_read::float8 as "${metrics.databaseBlocksRead}",
    (xact_commit + xact_rollback)::float8 as "${metrics.databaseTransactions}",
    xact_rollback::float8 as "${metrics.databaseRollbacks}",
    deadlocks::float8 as "${metrics.databaseDeadlocks}",
    temp_bytes::float8 as "${metrics.databaseTemporaryBytes}",
    (tup_inserted + tup_updated + tup_deleted)::float8 as "${metrics.databaseRowsWritten}",
    (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 as "${metrics.databaseWalBytes}"
  from pg_stat_database, (
    select
      count(*)::float8 as "${metrics.databaseConnections}",
      (count(*) filter (where state = 'active'))::float8 as "${metrics.databaseActive}",
      (count(*) filter (where state = 'idle'))::float8 as "${metrics.databaseIdle}",
      (count(*) filter (where state like 'idle in transaction%'))::float8 as "${metrics.databaseIdleInTransaction}",
      (count(*) filter (where wait_event_type = 'Lock'))::float8 as "${metrics.databaseLockWaits}",
      coalesce(extract(epoch from max(now() - xact_start)), 0)::float8
        as "${metrics.databaseLongestTransactionSeconds}"
    from pg_stat_activity
    where backend_type = 'client backend' and application_name is distinct from '${samplerName}'
  ) sessions
  where datname = current_database()`;

/** The target's PostgreSQL: sessions by state, locks, hits, transactions, WAL. */
export function createPostgresSource({ role, url }: PostgresServer, timeoutMs: number): Source {
  const connection = createPostgresConnection(url, timeoutMs);
  return {
    name: 'postgres',
    role,
    metrics: [
      ...[metrics.databaseConnections, metrics.databaseActive, metrics.databaseIdle],
      ...[metrics.databaseIdleInTransaction, metrics.databaseLockWaits, metrics.databaseLongestTransactionSeconds],
      ...[metrics.databaseConnectionsMax, metrics.databaseBlocksHit, metrics.databaseBlocksRead],
      ...[metrics.databaseTransactions, metrics.databaseRollbacks, metrics.databaseDeadlocks],
      ...[metrics.databaseTemporaryBytes, metrics.databaseRowsWritten, metrics.databaseWalBytes],
    ],
    read: () => connection.values(everyTick),
    close() {
      connection.close();
      return Promise.resolve();
    },
  };
}
