import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from './free-port.ts';

/** A PostgreSQL of a test's own: a temporary folder, a free port of the loopback, gone at the end. */
export interface TemporaryPostgres {
  readonly databaseUrl: string;
  stop(): Promise<void>;
  /** SIGKILL, as the kernel would; what was committed is there after `restart`. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  /** Of the postmaster. */
  pid(): number;
}

const serverSettings = ['wal_level=minimal', 'max_wal_senders=0', 'shared_buffers=128MB', 'max_wal_size=2GB'];
/** A crash in the middle of a large load is replayed first. */
const readyWithinMs = 120_000;

export async function startTemporaryPostgres(more: readonly string[] = []): Promise<TemporaryPostgres> {
  const binaries = binaryFolder();
  const runAs = processOwner();
  const folder = mkdtempSync(join(tmpdir(), 'soakwave-postgres-'));
  if (runAs.uid !== undefined && runAs.gid !== undefined) chownSync(folder, runAs.uid, runAs.gid);
  const data = join(folder, 'data');
  const options = { cwd: folder, ...runAs };
  execFileSync(
    join(binaries, 'initdb'),
    ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C'],
    options,
  );
  const port = await freePort();
  const settings = [
    ...serverSettings,
    ...more,
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
  ];
  const run = (): ChildProcess =>
    spawn(join(binaries, 'postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
      ...options,
      stdio: 'ignore',
    });
  let server = run();
  const databaseUrl = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const stop = async (): Promise<void> => {
    await ended(server, 'SIGQUIT');
    rmSync(folder, { recursive: true, force: true });
  };
  const restart = async (): Promise<void> => {
    await ended(server, 'SIGQUIT');
    server = run();
    await untilReady(databaseUrl, () => {
      // A child of a killed server that is still at work holds its memory, and the new one gives up at once.
      if (server.exitCode !== null) server = run();
    });
  };
  try {
    await untilReady(databaseUrl);
  } catch (error) {
    await stop();
    throw error;
  }
  return { databaseUrl, stop, restart, crash: () => ended(server, 'SIGKILL'), pid: () => server.pid ?? 0 };
}

async function untilReady(databaseUrl: string, look: () => void = () => undefined): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const client = new Client({ connectionString: databaseUrl });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(100);
      look();
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** SIGQUIT is PostgreSQL's immediate shutdown. */
async function ended(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = new Promise((resolve) => server.once('exit', resolve));
  server.kill(signal);
  await exit;
}

/** The newest PostgreSQL of the system's packages. */
function binaryFolder(): string {
  const root = '/usr/lib/postgresql';
  const newest = readdirSync(root)
    .map(Number)
    .sort((a, b) => b - a)[0];
  if (newest === undefined) throw new Error(`no PostgreSQL in ${root}`);
  return join(root, String(newest), 'bin');
}

/** PostgreSQL refuses to run as root. */
function processOwner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
