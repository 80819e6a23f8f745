import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTemporaryPostgres, type TemporaryPostgres } from './temporary-postgres.ts';

/** A disk of 40 MB, as a file system in memory: only root can make one. */
const isRoot = process.getuid?.() === 0;
const home = new URL('../..', import.meta.url).pathname;

let postgres: TemporaryPostgres;
let disk: string;

beforeAll(async () => {
  if (!isRoot) return;
  postgres = await startTemporaryPostgres();
  disk = mkdtempSync(join(tmpdir(), 'soakwave-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'soakwave-test', disk]);
  const folder = join(disk, 'space');
  mkdirSync(folder);
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  chownSync(folder, id('-u'), id('-g'));
  const admin = new Client({ connectionString: postgres.databaseUrl });
  await admin.connect();
  await admin.query(`CREATE TABLESPACE narrow LOCATION '${folder}'`);
  await admin.query('CREATE DATABASE small TABLESPACE narrow');
  await admin.end();
});
afterAll(async () => {
  if (!isRoot) return;
  await postgres.stop();
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

it.runIf(isRoot)(
  'a disk that fills up is said with what to do; with more room, seeding goes on from what was complete',
  async () => {
    const url = new URL(postgres.databaseUrl);
    url.pathname = '/small';
    const seed = (...words: string[]) =>
      execa('scripts/soak', ['seed', 'small', '--database', url.href, ...words], { cwd: home, reject: false });
    const full = await seed();
    expect(full.exitCode).toBe(1);
    expect(full.stderr).toMatch(/the disk of 127.0.0.1:\d+\/small is full .*seeding again goes on/);
    expect(full.stderr.trim().split('\n')).toHaveLength(1);

    execFileSync('mount', ['-o', 'remount,size=2g', disk]);
    const done = await seed('--json');
    expect(done.exitCode).toBe(0);
    expect((await seed('--verify')).exitCode).toBe(0);
  },
);
