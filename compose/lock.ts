import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno, readIfPresent } from './atomic-file.ts';
import { readIdentity } from './identity.ts';

const retryMs = 20;
const waitMsDefault = 10_000;

export interface LockOptions {
  /** How long to wait for the present holder; 10 s unless said otherwise. */
  readonly waitMs?: number;
}

/**
 * Does work while nobody else on this host, this process included, holds the lock of the same path.
 *
 * The lock is a name in the kernel's abstract socket space, so it ends with its holder however that dies, and there is no
 * stale lock to break (breaking one is a race of its own). `<path>.lock` only says who holds it. Throws when the wait is over.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T> | T): Promise<T> {
  const release = await acquireLock(path, options);
  try {
    return await work();
  } finally {
    release();
  }
}

/** Takes the lock of a path and returns what gives it back. */
async function acquireLock(path: string, { waitMs = waitMsDefault }: LockOptions): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true });
  const name = lockName(path);
  const deadline = Date.now() + waitMs;
  for (;;) {
    const server = await tryBind(name);
    if (server !== undefined) return hold(path, server);
    if (Date.now() >= deadline) {
      const holder = readIfPresent(`${path}.lock`) ?? 'an unknown process';
      throw new Error(`${path} is locked by ${holder.trim()}; waited ${waitMs} ms for it`);
    }
    await sleep(retryMs);
  }
}

function hold(path: string, server: Server): () => void {
  const note = `${path}.lock`;
  const startTicks = readIdentity(process.pid)?.startTicks ?? 0;
  writeFileSync(note, `pid ${process.pid} (start ${startTicks}) since ${new Date().toISOString()}\n`);
  return () => {
    rmSync(note, { force: true });
    server.close();
  };
}

/** Two paths to one folder must be one lock, hence the real path; a socket's name has at most 107 bytes, hence the hash. */
function lockName(path: string): string {
  const real = join(realpathSync(dirname(path)), basename(path));
  return `\0soakwave-${createHash('sha256').update(real).digest('hex')}`;
}

function tryBind(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (cause) => {
      if (isErrno(cause, 'EADDRINUSE')) resolve(undefined);
      else reject(cause);
    });
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}
