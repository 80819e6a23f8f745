import { readFileSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryPostgres, type TemporaryPostgres } from './temporary-postgres.ts';

/** `soak seed` against a database that is not ours: no superuser, a password, and tables of other people. */
const home = new URL('../..', import.meta.url).pathname;
const password = 'not-to-be-seen';

let postgres: TemporaryPostgres;
let admin: Client;

beforeAll(async () => {
  postgres = await startTemporaryPostgres();
  admin = new Client({ connectionString: postgres.databaseUrl });
  await admin.connect();
  await admin.query(`CREATE ROLE guest LOGIN PASSWORD '${password}'`);
  const { rows } = await admin.query<{ hba_file: string }>('SHOW hba_file');
  const file = rows[0]?.hba_file ?? '';
  writeFileSync(file, `host all guest 127.0.0.1/32 scram-sha-256\n${readFileSync(file, 'utf8')}`);
  await admin.query('SELECT pg_reload_conf()');
});
afterAll(async () => {
  await admin.end();
  await postgres.stop();
});

/** A database that `guest` owns. */
async function emptyDatabase(name: string): Promise<string> {
  await admin.query(`CREATE DATABASE ${name} OWNER guest`);
  return urlOf(name);
}
function urlOf(name: string, user = 'guest'): string {
  const url = new URL(postgres.databaseUrl);
  url.pathname = `/${name}`;
  url.username = user;
  return url.href;
}

async function query(name: string, sql: string): Promise<Record<string, unknown>[]> {
  const url = new URL(postgres.databaseUrl);
  url.pathname = `/${name}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function seed(databaseUrl: string, ...words: string[]) {
  return seedAs(password, databaseUrl, ...words);
}
async function seedAs(word: string, databaseUrl: string, ...words: string[]) {
  const args = ['seed', 'smoke', '--database', databaseUrl, ...words];
  const ended = await execa('scripts/soak', args, { cwd: home, env: { PGPASSWORD: word }, reject: false });
  expect(`${ended.stdout}${ended.stderr}`).not.toContain(password);
  expect(ended.stderr).not.toMatch(/\n +at /);
  return ended;
}

describe('a database of somebody else', () => {
  it('is seeded without a superuser and without a touch to the server, proven, and left alone the second time', async () => {
    const url = await emptyDatabase('theirs');
    const settings = `SELECT string_agg(name || '=' || setting, ',' ORDER BY name) AS all FROM pg_settings WHERE source <> 'client'`;
    const before = await query('theirs', settings);
    const first = await seed(url, '--json');
    expect([first.exitCode, first.stderr.includes('100 %')]).toEqual([0, true]);
    const told = JSON.parse(first.stdout) as { entities: { entity: string; rows: number }[]; wasComplete: boolean };
    expect(told.entities).toHaveLength(10);
    expect(await query('theirs', settings)).toEqual(before);

    const again = await seed(url);
    expect([again.exitCode, again.stdout.includes('nothing was left to do')]).toEqual([0, true]);
    expect((await seed(url, '--verify')).exitCode).toBe(0);
    await query('theirs', `UPDATE gateway.users SET name = 'somebody' WHERE id = 7`);
    const changed = await seed(url, '--verify');
    expect(changed.exitCode).toBe(1);
    expect(changed.stdout).toContain('users shard 0');
  });

  it('is refused when it holds another plan, and seeded anew when that is wanted', async () => {
    const url = await emptyDatabase('planned');
    expect((await seed(url)).exitCode).toBe(0);
    const other = await seed(url, '--seed=9');
    expect([other.exitCode, other.stderr]).toEqual([64, expect.stringContaining('seed is 20260101, not 9')]);
    expect(other.stderr).toContain('--reset');
    await query('planned', 'CREATE VIEW gateway.mine AS SELECT id FROM gateway.users');
    const rested = await seed(url, '--seed=9', '--reset');
    expect([rested.exitCode, rested.stderr]).toEqual([64, expect.stringContaining('gateway.mine')]);
    await query('planned', 'DROP VIEW gateway.mine');
    expect((await seed(url, '--seed=9', '--reset')).exitCode).toBe(0);
  });

  it.each<[string, () => Promise<string>, string[], number]>([
    ['is not reachable', () => Promise.resolve('postgres://guest@127.0.0.1:1/theirs'), ['no database answers'], 1],
    ['does not exist', () => Promise.resolve(urlOf('nowhere')), ['there is no database nowhere', 'createdb'], 1],
    [
      'gives no right to make a schema',
      async () => {
        await admin.query('CREATE DATABASE closed');
        return urlOf('closed');
      },
      ['may not do what seeding needs', 'GRANT CREATE ON DATABASE closed TO guest'],
      1,
    ],
    [
      'has a schema of its own under these names',
      async () => {
        const url = await emptyDatabase('named');
        await query('named', 'CREATE SCHEMA gateway AUTHORIZATION guest');
        await query('named', 'CREATE TABLE gateway.users (id text, mail text, born date NOT NULL)');
        await query('named', 'CREATE TABLE gateway.memberships (team_id int4, user_id int4, role int2)');
        await query(
          'named',
          'ALTER TABLE gateway.users OWNER TO guest; ALTER TABLE gateway.memberships OWNER TO guest',
        );
        return url;
      },
      [
        'users.id is text, not int4',
        'users has no column email',
        'users.born must have a value',
        'memberships is not partitioned',
      ],
      64,
    ],
    [
      'holds rows that no ledger knows',
      async () => {
        const url = await emptyDatabase('filled');
        await query('filled', 'CREATE SCHEMA gateway AUTHORIZATION guest');
        await query('filled', 'CREATE TABLE gateway.servers (id int4 NOT NULL, name text NOT NULL)');
        await query(
          'filled',
          `ALTER TABLE gateway.servers OWNER TO guest; INSERT INTO gateway.servers VALUES (1, 'mine')`,
        );
        return url;
      },
      ['gateway.servers holds rows', 'no ledger says whose'],
      64,
    ],
  ])('%s: one clear error, and nothing is touched', async (...[, url, parts, code]) => {
    const ended = await seed(await url());
    expect(ended.exitCode).toBe(code);
    for (const part of parts) expect(ended.stderr).toContain(part);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('keeps what was in the way', async () => {
    expect(await query('filled', 'SELECT name FROM gateway.servers')).toEqual([{ name: 'mine' }]);
    expect(await query('filled', `SELECT to_regclass('soakwave.shards') AS ledger`)).toEqual([{ ledger: null }]);
  });

  it('that does not know the password is not asked a second time', async () => {
    const ended = await seedAs('wrong', urlOf('theirs'));
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toMatch(/does not let user guest in .*PGPASSWORD/);
  });
});
