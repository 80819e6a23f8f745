import { metrics, statementMetric } from '#model/metrics.ts';
import type { StatementRecord } from '#model/evidence.ts';
import { createPace } from './pace.ts';
import { createPostgresConnection, samplerMark } from './postgres-connection.ts';
import type { Source, Values } from './source.ts';

const slowestMax = 5;
/** One that was among the slowest once is told on, so that its series has no holes. */
const knownMax = 20;
const textMax = 400;
const why = 'the server has not loaded pg_stat_statements';

/** A data set that was copied from a server that had it has the extension, and errors for an answer. */
const isThere = `select 1 where current_setting('pg_stat_statements.max', true) is not null
  and exists (select from pg_extension where extname = 'pg_stat_statements')`;

const ofThisDatabase = `from pg_stat_statements
  where dbid = (select oid from pg_database where datname = current_database())
    and queryid is not null and query not like '%${samplerMark}%'`;

const all = `select sum(calls)::float8 as "${metrics.databaseStatementCalls}",
  (sum(total_exec_time) / 1000)::float8 as "${metrics.databaseStatementSeconds}" ${ofThisDatabase}`;

const slowest = `select queryid::text as id, sum(calls)::float8 as calls,
  (sum(total_exec_time) / 1000)::float8 as seconds, min(left(query, ${textMax})) as text
  ${ofThisDatabase}
  group by queryid order by seconds desc limit 200`;

/**
 * What the target's statements take, by PostgreSQL's own account of them, which replaces the values that they were run with.
 * Seldom: its view copies every text.
 */
export function createPostgresStatementsSource(
  { role, url }: { role: string; url: string },
  timeoutMs: number,
): Source {
  const connection = createPostgresConnection(url, timeoutMs);
  const pace = createPace();
  const known = new Set<string>();
  let fresh: StatementRecord[] = [];

  async function read(): Promise<Values> {
    if ((await connection.rows(isThere)).length === 0) return {};
    const values: Record<string, number> = { ...(await connection.values(all)) };
    for (const [place, { id, calls, seconds, text }] of (await connection.rows(slowest)).entries()) {
      const statement = String(id);
      if (place < slowestMax && known.size < knownMax && !known.has(statement)) {
        known.add(statement);
        const said = String(text).replaceAll(/\s+/g, ' ').trim().slice(0, textMax);
        fresh.push({ kind: 'statement', at: Date.now(), role, statement, text: said });
      }
      if (!known.has(statement)) continue;
      if (typeof calls === 'number') values[statementMetric(statement, 'calls_total')] = calls;
      if (typeof seconds === 'number') values[statementMetric(statement, 'seconds_total')] = seconds;
    }
    return values;
  }

  return {
    name: 'postgres-statements',
    role,
    get everyMs() {
      return pace.everyMs;
    },
    metrics: [],
    optional: { [metrics.databaseStatementCalls]: why, [metrics.databaseStatementSeconds]: why },
    read: () => pace.measure(read),
    takeStatements() {
      const taken = fresh;
      fresh = [];
      return taken;
    },
    close() {
      connection.close();
      return Promise.resolve();
    },
  };
}

/** Makes a server of ours tell of its statements, where it has loaded what counts them. False when it has not. */
export async function tellStatements(url: string, timeoutMs: number): Promise<boolean> {
  const connection = createPostgresConnection(url, timeoutMs);
  try {
    const loaded = await connection.rows(`select 1 where current_setting('pg_stat_statements.max', true) is not null`);
    if (loaded.length === 0) return false;
    await connection.rows('create extension if not exists pg_stat_statements');
    return true;
  } finally {
    connection.close();
  }
}
