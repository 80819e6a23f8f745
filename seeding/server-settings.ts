import type { Client } from 'pg';

/**
 * What a server of our own is told while it is loaded. Never `fsync = off`: the death of the machine is in scope. That
 * `wal_level` is `minimal` is its owner's doing, for it takes a restart.
 */
const whileLoading: Readonly<Record<string, string>> = {
  // What it would do is done at the end, once, by `VACUUM` and `ANALYZE`.
  autovacuum: 'off',
};

/** Safe to run twice; kept over the server's death, until `putBack`. Not in a transaction. */
export async function tuneForLoading(client: Client): Promise<void> {
  for (const [name, value] of Object.entries(whileLoading)) await client.query(`ALTER SYSTEM SET ${name} = ${value}`);
  await client.query('SELECT pg_reload_conf()');
}

/** Every setting is again what the server's configuration says. */
export async function putBack(client: Client): Promise<void> {
  for (const name of Object.keys(whileLoading)) await client.query(`ALTER SYSTEM RESET ${name}`);
  await client.query('SELECT pg_reload_conf()');
}
