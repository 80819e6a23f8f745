import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool, PoolClient } from 'pg';
import { refusedEvidence } from './unavailable.ts';

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

const folder = join(import.meta.dirname, 'migrations');
/** Any constant will do: two workers that start together migrate one after the other. */
const lockKey = 7_308_615;

/** Brings the store to this version's tables, in one transaction under a lock; a second call finds nothing to do. */
export async function runMigrations(pool: Pool): Promise<void> {
  const migrations = await readMigrations();
  const client = await pool.connect();
  let isClean = false;
  try {
    await applyMissing(client, migrations);
    isClean = true;
  } finally {
    // A connection whose transaction failed is not given to anybody else.
    client.release(!isClean);
  }
}

async function applyMissing(client: PoolClient, migrations: readonly Migration[]): Promise<void> {
  await client.query('begin');
  await client.query('select pg_advisory_xact_lock($1)', [lockKey]);
  await client.query(
    `create table if not exists soakwave_migrations (
         version integer primary key, name text not null, applied_at timestamptz not null default now())`,
  );
  const { rows } = await client.query<{ version: number }>('select version from soakwave_migrations');
  const applied = new Set(rows.map(({ version }) => version));
  refuseNewerStore(applied, migrations);
  for (const { version, name, sql } of migrations) {
    if (applied.has(version)) continue;
    await client.query(sql);
    await client.query('insert into soakwave_migrations (version, name) values ($1, $2)', [version, name]);
  }
  await client.query('commit');
}

async function readMigrations(): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => /^\d{4}-.*[.]sql$/.test(file)).sort();
  return Promise.all(
    files.map(async (file) => ({
      version: Number(file.slice(0, 4)),
      name: file.slice(5, -4),
      sql: await readFile(join(folder, file), 'utf8'),
    })),
  );
}

function refuseNewerStore(applied: ReadonlySet<number>, migrations: readonly Migration[]): void {
  const known = new Set(migrations.map(({ version }) => version));
  const unknown = [...applied].filter((version) => !known.has(version));
  if (unknown.length === 0) return;
  throw refusedEvidence(
    `the evidence store was made by a newer soakwave: migration ${unknown.join(', ')} is not known here. Use the version` +
      ` that made it, or give this one a store of its own with another SOAK_HOME`,
  );
}
