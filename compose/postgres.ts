import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { type ProcessSpec } from '#model/stack.ts';
import { readIfPresent, writeAtomic } from './atomic-file.ts';
import { withLock } from './lock.ts';
import { canReach, findUser, isRoot } from './system-user.ts';

/** The superuser and the database of every PostgreSQL that is started here. */
const databaseUser = 'soakwave';
const databaseName = 'postgres';
/** Where root keeps data directories that the server's user could not reach, below root's own home for instance. */
const rootDataHome = '/var/lib/soakwave';

export interface PostgresInstance {
  readonly role: string;
  /** Folder of the data directory `pgdata`. */
  readonly folder: string;
  readonly port: number;
  /** Path of `postgres`; `initdb` and `pg_isready` are beside it. */
  readonly postgres: string;
  /** Whom to become when we are root (PostgreSQL refuses to run as root). */
  readonly runAs: string | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

/** One PostgreSQL server as a process: 127.0.0.1 only, no socket files, logging to the process table's log. */
export function planPostgres(instance: PostgresInstance): ProcessSpec {
  const { role, port, postgres, runAs } = instance;
  const dataFolder = dataFolderOf(instance);
  const isReady = ['-h', '127.0.0.1', '-p', `${port}`, '-U', databaseUser, '-d', databaseName];
  return {
    role,
    command: postgres,
    args: ['-D', dataFolder],
    // A changed configuration is a changed process: the next start replaces the running server.
    env: { SOAKWAVE_CONFIGURATION: hashOf(configurationOf(instance)) },
    cwd: dataFolder,
    ...(runAs === undefined ? {} : { runAs }),
    ready: { kind: 'command', command: join(dirname(postgres), 'pg_isready'), args: isReady },
    // Crash recovery after a bulk load takes minutes; a server that dies is noticed at once.
    readyWithinMs: 600_000,
    stopSignal: 'SIGINT',
    stopWithinMs: 60_000,
  };
}

/** Makes the data directory if there is none and writes its configuration; safe to run twice and to be killed in between. */
export async function preparePostgres(instance: PostgresInstance): Promise<void> {
  const dataFolder = dataFolderOf(instance);
  await withLock(dataFolder, { waitMs: 120_000 }, async () => {
    if (!existsSync(dataFolder)) await initialise(instance, dataFolder);
    writeConfiguration(instance, join(dataFolder, 'postgresql.conf'), configurationOf(instance));
    writeConfiguration(instance, join(dataFolder, 'pg_hba.conf'), accessRules);
  });
}

/**
 * Whether the server was told to end and waits for its clients: SIGTERM makes it refuse new ones and serve the old ones on,
 * for as long as they like. It says so in line 8 of its pid file.
 */
export function isEnding(instance: Pick<PostgresInstance, 'folder' | 'runAs'>): boolean {
  const pidFile = readIfPresent(join(dataFolderOf(instance), 'postmaster.pid')) ?? '';
  return pidFile.split('\n')[7]?.trim() === 'stopping';
}

/** Without a password: the server trusts the loopback and listens nowhere else. */
export const postgresUrl = (port: number): string => `postgresql://${databaseUser}@127.0.0.1:${port}/${databaseName}`;

/** The data directory: in the instance's folder, unless the server's user cannot get there. */
export function dataFolderOf({ folder, runAs }: Pick<PostgresInstance, 'folder' | 'runAs'>): string {
  const wanted = join(folder, 'pgdata');
  if (runAs === undefined || !isRoot()) return wanted;
  mkdirSync(folder, { recursive: true });
  if (canReach(wanted, findUser(runAs))) return wanted;
  return join(rootDataHome, hashOf(folder), 'pgdata');
}

/** Deletes an ended server's data, wherever they are. */
export function removePostgresData(instance: Pick<PostgresInstance, 'folder' | 'runAs'>): void {
  const data = dataFolderOf(instance);
  const isElsewhere = data.startsWith(`${rootDataHome}/`);
  rmSync(isElsewhere ? dirname(data) : data, { recursive: true, force: true });
}

const accessRules = [
  '# Made by soakwave. The server listens on the loopback only.',
  'host all all 127.0.0.1/32 trust',
  'host replication all 127.0.0.1/32 trust',
  '',
].join('\n');

/** `initdb` works in a folder beside, which becomes the data directory only when it is whole. */
async function initialise({ postgres, runAs }: PostgresInstance, dataFolder: string): Promise<void> {
  const fresh = `${dataFolder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true, mode: 0o700 });
  const user = runAs !== undefined && isRoot() ? findUser(runAs) : undefined;
  if (user !== undefined) chownSync(fresh, user.uid, user.gid);
  const initdb = join(dirname(postgres), 'initdb');
  const args = ['-D', fresh, '-U', databaseUser, '--auth=trust', '--encoding=UTF8', '--locale=C'];
  const { exitCode, all } = await execa(initdb, args, {
    all: true,
    cwd: fresh,
    reject: false,
    stdin: 'ignore',
    timeout: 120_000,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  if (exitCode !== 0) throw new Error(`initdb could not make ${dataFolder}:\n${all.slice(-2_000)}`);
  renameSync(fresh, dataFolder);
}

function configurationOf({ port, settings }: PostgresInstance): string {
  const all: Record<string, string> = {
    listen_addresses: "'127.0.0.1'",
    port: `${port}`,
    unix_socket_directories: "''",
    logging_collector: 'off',
    log_line_prefix: "'%m [%p] '",
    log_checkpoints: 'off',
    dynamic_shared_memory_type: sharedMemoryType(),
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  return ['# Made by soakwave; written anew whenever the stack is provisioned.', ...lines, ''].join('\n');
}

/** Parallel index builds fail in the 64 MB of /dev/shm that containers get; System V segments are not bounded by it. */
function sharedMemoryType(): 'posix' | 'sysv' {
  try {
    const { blocks, bsize } = statfsSync('/dev/shm');
    return blocks * bsize >= 1024 ** 3 ? 'posix' : 'sysv';
  } catch {
    return 'posix';
  }
}

function writeConfiguration({ runAs }: PostgresInstance, path: string, text: string): void {
  if (readIfPresent(path) === text) return;
  writeAtomic(path, text);
  if (runAs === undefined || !isRoot()) return;
  const { uid, gid } = findUser(runAs);
  chownSync(path, uid, gid);
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
