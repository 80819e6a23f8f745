import pg from 'pg';
import { type Defect, type DefectOptions, repeat } from './defect.ts';

/** The server has a hundred for all; the pools and the harness keep theirs. */
const connectionsMax = 30;

/** Opens database connections past the pool and never gives them back; at most thirty, so that the database serves on. */
export function connectionLeak({ amount, databaseUrl, instance }: DefectOptions): Defect {
  return {
    start() {
      const open: pg.Client[] = [];
      const end = repeat(60_000 / amount, () => {
        if (open.length >= connectionsMax) return;
        const client = new pg.Client({ connectionString: databaseUrl, application_name: instance });
        // A database that goes away takes them with it, which must not end the process.
        client.on('error', () => undefined);
        client.connect().catch(() => undefined);
        open.push(client);
      });
      return () => {
        end();
        for (const client of open) void client.end().catch(() => undefined);
      };
    },
  };
}
