import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestIds } from '#model/digest.ts';
import { planPopulation } from '#model/plan-population.ts';
import type { PopulationPlan } from '#model/population-plan.ts';
import { createPopulation } from '#model/population.ts';
import { waves } from '#model/wave.ts';
import { finishSeed } from '#seeding/finish.ts';
import { readIdentities } from '#seeding/identities.ts';
import { prepareSeed, type SeedOptions } from '#seeding/prepare.ts';
import { reconcileSeed } from '#seeding/reconcile.ts';
import { seedShards } from '#seeding/seed.ts';
import { referenceSchema as schema } from '#targets/reference/schema.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './temporary-postgres.ts';

const planOf = (wave: 'smoke' | 'small'): PopulationPlan =>
  planPopulation(waves[wave], 1, { seed: 5, profile: 'distribution', isFederation: false });
const plan = planOf('small');
const signal = new AbortController().signal;
const pull = (options: SeedOptions): ReturnType<typeof seedShards> =>
  seedShards({ ...options, signal, onProgress: () => undefined });

let postgres: TemporaryPostgres;
let admin: Client;

beforeAll(async () => {
  postgres = await startTemporaryPostgres();
  admin = new Client({ connectionString: postgres.databaseUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await postgres.stop();
});

/** A database of a test's own. */
async function emptyDatabase(name: string): Promise<string> {
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(postgres.databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function query<Row>(databaseUrl: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query(sql);
    return rows as Row[];
  } finally {
    await client.end();
  }
}

async function seed(options: SeedOptions, pullers: number): Promise<void> {
  await prepareSeed({ ...options, reset: false });
  await Promise.all(Array.from({ length: pullers }, () => pull(options)));
}

/** A seeder in a process of its own, slowed down, killed once it has reported so many rows. */
async function killSeederAfter(rows: number, options: SeedOptions): Promise<void> {
  const code = `
    import { seedShards } from '#seeding/seed.ts';
    import { referenceSchema as schema } from '#targets/reference/schema.ts';
    const { databaseUrl, plan } = JSON.parse(process.argv[1]);
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const onProgress = (entity, rows) => {
      process.stdout.write(rows + '\\n');
      Atomics.wait(pause, 0, 0, 10);
    };
    await seedShards({ databaseUrl, plan, schema, onProgress, signal: new AbortController().signal });`;
  const seeder = spawn(process.execPath, ['--input-type=module', '-e', code, JSON.stringify(options)], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let reported = 0;
  seeder.stdout.setEncoding('utf8').on('data', (lines: string) => {
    reported += lines.split('\n').reduce((sum, line) => sum + Number(line), 0);
    if (reported > rows) seeder.kill('SIGKILL');
  });
  const exit = await new Promise((resolve) =>
    seeder.once('exit', (code, killedBy) => {
      resolve(killedBy ?? code);
    }),
  );
  expect(exit).toBe('SIGKILL');
}

describe('seeding', () => {
  it('lands every shard exactly once though seeders are killed, with the checksums of an undisturbed one', async () => {
    const whole = { databaseUrl: await emptyDatabase('whole'), plan, schema };
    const startedAt = performance.now();
    await seed(whole, 2);
    const { entities: expected } = await finishSeed({ ...whole, parallel: 2 });
    expect((performance.now() - startedAt) / 1_000).toBeLessThan(60);

    const broken = { databaseUrl: await emptyDatabase('broken'), plan, schema };
    await prepareSeed({ ...broken, reset: false });
    await killSeederAfter(300_000, broken);
    await killSeederAfter(200_000, broken);
    await expect(finishSeed({ ...broken, parallel: 2 })).rejects.toMatchObject({ name: 'SeedFailed' });
    expect(await prepareSeed({ ...broken, reset: false })).toMatchObject({ alreadyComplete: false });
    await Promise.all([pull(broken), pull(broken), pull(broken)]);
    const { entities } = await finishSeed({ ...broken, parallel: 1 });

    const tally = (all: typeof entities): unknown[] =>
      all.map(({ entity, rows, checksum }) => [entity, rows, checksum]);
    expect(tally(entities)).toEqual(tally(expected));
    expect((await reconcileSeed(broken)).differences).toEqual([]);
  });

  it('is a no-op on a complete data set', async () => {
    const options = { databaseUrl: await emptyDatabase('complete'), plan: planOf('smoke'), schema };
    await seed(options, 1);
    const first = await finishSeed({ ...options, parallel: 2 });
    expect(await prepareSeed({ ...options, reset: false })).toMatchObject({ alreadyComplete: true });
    expect(await pull(options)).toEqual({ shards: 0, rows: 0 });
    expect(await finishSeed({ ...options, parallel: 2 })).toEqual(first);
  });

  it('leaves nothing of a shard that was cancelled, and goes on with it', async () => {
    const options = { databaseUrl: await emptyDatabase('cancelled'), plan: planOf('smoke'), schema };
    await prepareSeed({ ...options, reset: false });
    const controller = new AbortController();
    const onProgress = (): void => {
      controller.abort(new Error('cancelled'));
    };
    await expect(seedShards({ ...options, onProgress, signal: controller.signal })).rejects.toThrow();
    expect(await query(options.databaseUrl, `SELECT FROM soakwave.shards WHERE state = 'done'`)).toEqual([]);
    await pull(options);
    expect((await finishSeed({ ...options, parallel: 2 })).entities.length).toBe(schema.tables.length);
  });

  it('fails at once when its connection is lost amid the rows, and goes on with the shard when asked again', async () => {
    const options = { databaseUrl: await emptyDatabase('lost'), plan, schema };
    await prepareSeed({ ...options, reset: false });
    let lost: Promise<unknown> | undefined;
    const onProgress = (): void => {
      lost ??= admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'lost'`);
    };
    await expect(seedShards({ ...options, onProgress, signal })).rejects.toThrow();
    await lost;
    await pull(options);
    expect((await finishSeed({ ...options, parallel: 2 })).entities.length).toBe(schema.tables.length);
  });

  it('refuses the data of another plan, unless it may reset, and of nobody whatever it may', async () => {
    const options = { databaseUrl: await emptyDatabase('of_others'), plan: planOf('smoke'), schema };
    await seed(options, 1);
    const other = { ...options, plan: { ...options.plan, seed: 6 } };
    await expect(prepareSeed({ ...other, reset: false })).rejects.toMatchObject({
      name: 'ForeignData',
      message: expect.stringContaining('seed is 5, not 6') as string,
    });
    await prepareSeed({ ...other, reset: true });
    await pull(other);
    expect((await finishSeed({ ...other, parallel: 2 })).entities.length).toBe(schema.tables.length);
    await query(options.databaseUrl, 'DROP SCHEMA soakwave CASCADE');
    for (const reset of [false, true]) {
      await expect(prepareSeed({ ...options, reset })).rejects.toMatchObject({
        name: 'ForeignData',
        message: expect.stringMatching(/gateway\.users.* hold rows, and no ledger says whose/) as string,
      });
    }
  });
});

describe('a seeded database', () => {
  let options: SeedOptions;
  beforeAll(async () => {
    options = { databaseUrl: await emptyDatabase('seeded'), plan: planOf('smoke'), schema };
    await seed(options, 2);
    await finishSeed({ ...options, parallel: 2 });
  });

  it('holds its constraints and indexes, and statistics', async () => {
    const [found] = await query<{ invalid: number; references: number; analyzed: number }>(
      options.databaseUrl,
      `SELECT (SELECT count(*) FROM pg_index WHERE NOT indisvalid)::int4 AS invalid,
              (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated AND conparentid = 0)::int4 AS "references",
              (SELECT count(DISTINCT tablename) FROM pg_stats WHERE schemaname = 'gateway')::int4 AS analyzed`,
    );
    expect(found).toMatchObject({ invalid: 0, references: 11 });
    expect(found?.analyzed).toBeGreaterThanOrEqual(schema.tables.length);
  });

  it('keeps the shares of team sizes', async () => {
    const [found] = await query<{ shares: number[] }>(
      options.databaseUrl,
      `WITH sizes AS (SELECT team_id, count(*) AS size FROM gateway.memberships GROUP BY team_id)
       SELECT array[count(*) FILTER (WHERE size <= 5), count(*) FILTER (WHERE size BETWEEN 6 AND 25),
                    count(*) FILTER (WHERE size BETWEEN 26 AND 100), count(*) FILTER (WHERE size > 100)]::int4[] AS shares
         FROM sizes`,
    );
    expect(found?.shares).toEqual([3_000, 1_250, 500, 250]);
  });

  it('lets the users of load see exactly the tools that SQL finds by the rule', async () => {
    const identities = await readIdentities({ ...options, count: 25 });
    expect(new Set(identities.map(({ userId }) => userId)).size).toBe(25);
    expect(new Set(identities.map(({ visibleDigest }) => visibleDigest)).size).toBeGreaterThan(3);
    for (const { userId, visibleTools, visibleDigest } of identities) {
      const seen = await query<{ id: number }>(
        options.databaseUrl,
        `WITH mine AS (SELECT team_id FROM gateway.memberships WHERE user_id = ${userId})
         SELECT id FROM gateway.tools
          WHERE scope = 'global' OR owner_id = ${userId} OR team_id IN (SELECT team_id FROM mine)
             OR id IN (SELECT tool_id FROM gateway.server_tools JOIN gateway.team_servers USING (server_id)
                        WHERE team_servers.team_id IN (SELECT team_id FROM mine))`,
      );
      expect(seen.length).toBe(visibleTools);
      expect(digestIds(seen.map(({ id }) => id))).toBe(visibleDigest);
    }
  });

  it('drives users in shared teams that they belong to', async () => {
    const population = createPopulation(options.plan);
    for (const { userId, privateTeamId, teamIds } of await readIdentities({ ...options, count: 1_000 })) {
      expect(privateTeamId).toBe(userId);
      expect(teamIds.length).toBeGreaterThan(0);
      expect(teamIds.every((teamId) => teamId > options.plan.users && population.isMember(userId, teamId))).toBe(true);
    }
  });

  it('gives new tools ids above the seeded ones, which change nothing that reconciliation looks at', async () => {
    const [made] = await query<{ id: number }>(
      options.databaseUrl,
      `INSERT INTO gateway.tools (owner_id, scope, name, description) VALUES (1, 'private', 'new', 'new') RETURNING id`,
    );
    expect(made?.id).toBeGreaterThan(options.plan.tools);
    expect((await reconcileSeed(options)).differences).toEqual([]);
  });

  it.each([
    ['a changed row', 'memberships', `UPDATE gateway.memberships SET role = 1 WHERE team_id = 5 AND user_id = 5`],
    [
      'a lost row',
      'usageMetrics',
      `DELETE FROM gateway.usage_metrics WHERE at = (SELECT max(at) FROM gateway.usage_metrics)`,
    ],
    ['a changed text', 'users', `UPDATE gateway.users SET name = name || '.' WHERE id = 7`],
    ['a moved tool', 'tools', `UPDATE gateway.tools SET updated_at = updated_at + interval '1 ms' WHERE id = 7`],
  ])('does not reconcile with %s', async (_, entity, change) => {
    await query(options.databaseUrl, change);
    const { differences } = await reconcileSeed(options);
    expect(differences.filter((difference) => difference.startsWith(`${entity}:`))).toHaveLength(1);
    expect(differences.filter((difference) => difference.startsWith(`${entity} shard 0:`))).toHaveLength(1);
  });
});
