import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRandom } from '#model/random.ts';
import type { SeedReport } from '#cli/service.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './temporary-postgres.ts';

const home = new URL('../..', import.meta.url).pathname;
const kills = 20;
/** Between two kills; a shard of the medium wave takes up to five seconds. */
const pauseMs = { min: 200, max: 4_000 } as const;

let postgres: TemporaryPostgres;

beforeAll(async () => {
  postgres = await startTemporaryPostgres();
  const admin = new Client({ connectionString: postgres.databaseUrl });
  await admin.connect();
  for (const name of ['whole', 'broken']) await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
});
afterAll(() => postgres.stop());

const argsFor = (name: string): string[] => {
  const url = new URL(postgres.databaseUrl);
  url.pathname = `/${name}`;
  return ['seed', 'medium', '--database', url.href, '--json'];
};

async function seed(name: string): Promise<SeedReport> {
  const { stdout } = await execa('scripts/soak', argsFor(name), { cwd: home });
  return JSON.parse(stdout) as SeedReport;
}

it('a medium data set is the same to the last bit after twenty kills of the seeder and of the database', async () => {
  const { seed: chance, said } = chooseSeed();
  console.log(said);
  const random = createRandom(chance);
  let seeder: ChildProcess | undefined;
  let [killedSeeders, killedServers, ended] = [0, 0, 0];
  const start = (): ChildProcess => {
    const child = spawn('scripts/soak', argsFor('broken'), { cwd: home, stdio: 'ignore' });
    child.once('exit', () => (ended += 1));
    return child;
  };
  for (let kill = 0; kill < kills; kill += 1) {
    // One that lost its database has said so and gone; one that finished has nothing left to do.
    if (seeder?.exitCode !== null || seeder.signalCode !== null) seeder = start();
    await sleep(pauseMs.min + random() * (pauseMs.max - pauseMs.min));
    if (random() < 0.5) {
      await killed(seeder);
      killedSeeders += 1;
    } else {
      await postgres.crash();
      await postgres.restart();
      killedServers += 1;
    }
  }
  if (seeder !== undefined) await killed(seeder);
  console.log(`${killedSeeders} seeders and ${killedServers} databases were killed; ${ended} seeders ended`);
  expect(Math.min(killedSeeders, killedServers)).toBeGreaterThan(3);

  const [broken, whole] = [await seed('broken'), await seed('whole')];
  const tally = ({ entities }: SeedReport): unknown[] =>
    entities.map(({ entity, rows, checksum }) => [entity, rows, checksum]);
  expect(tally(broken)).toEqual(tally(whole));
  expect(broken.entities.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(20_000_000);
});

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Another one each time, and printed, so that a failure can be had again: SEED_KILLS_SEED. */
function chooseSeed(): { seed: number; said: string } {
  const given = process.env['SEED_KILLS_SEED'];
  const seed = given === undefined ? Math.floor(Date.now() / 1_000) % 1_000_000 : Number(given);
  return { seed, said: `kills by seed ${seed}` };
}
