import pg from 'pg';

const connectWithinMs = 2_000;
/** An analytic query over a long history is the slowest thing that is allowed. */
const statementMsMax = 30_000;

/** Named statements are parsed and planned once a connection. */
export interface Database {
  rows<Row extends pg.QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
  connections(): { total: number; idle: number; waiting: number };
}

export function createDatabase(options: { databaseUrl: string; databasePoolMax: number; instance: string }): Database {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: options.databasePoolMax,
    application_name: options.instance,
    connectionTimeoutMillis: connectWithinMs,
    statement_timeout: statementMsMax,
    keepAlive: true,
  });
  // An idle connection that is lost is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined);
  return {
    async rows<Row extends pg.QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
      const { rows } = await pool.query<Row>({ name, text, values: [...values] });
      return rows;
    },
    async ping() {
      await pool.query('SELECT 1');
    },
    close: () => pool.end(),
    connections: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  };
}
