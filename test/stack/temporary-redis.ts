import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';

/** A Redis of a test's own: a free port of the loopback, nothing kept, gone at the end. */
export interface TemporaryRedis {
  readonly redisUrl: string;
  /** Ends it at once and waits until it is gone; `start` brings it back on the same port, empty. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const binary = 'redis-server';
const readyWithinMs = 10_000;

export async function startTemporaryRedis(): Promise<TemporaryRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'soakwave-redis-'));
  const port = await freePort();
  const redisUrl = `redis://127.0.0.1:${port}`;
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const run = () => spawn(binary, settings, { stdio: 'ignore' });
  let server = run();
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exit = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await exit;
  };
  await untilReady(redisUrl);
  return {
    redisUrl,
    kill,
    async start() {
      server = run();
      await untilReady(redisUrl);
    },
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(redisUrl: string): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      await redis.ping();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(50);
    } finally {
      redis.disconnect();
    }
  }
}
