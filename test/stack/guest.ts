import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProcessTable } from '#compose/process-table.ts';
import { EngineTotals } from '#loadtest/totals.ts';
import { EngineOrders } from '#model/load-plan.ts';
import type { System } from './system.ts';

/** A second host of a system, as far as one machine can have two: a load worker with a name and a state folder of its own. */
export interface Guest {
  readonly name: string;
  readonly folder: string;
  /** Its worker; an engine that it left is not started again by this. */
  start(): void;
  /** SIGKILL; nothing is told to anybody. */
  killWorker(): Promise<void>;
  stop(): Promise<void>;
}

export function createGuest(system: System, name: string): Guest {
  const folder = mkdtempSync(join(tmpdir(), `soakwave-${name}-`));
  const log = join(folder, 'load.log');
  let worker: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (worker?.exitCode !== null || worker.signalCode !== null) return;
    const ended = once(worker, 'exit');
    worker.kill(signal);
    await ended;
  };
  return {
    name,
    folder,
    start() {
      mkdirSync(folder, { recursive: true });
      const own = { SOAK_HOME: folder, SOAK_HOST: name, SOAK_STACK: join(system.folder, 'stack') };
      const out = openSync(log, 'a');
      const node = join(process.cwd(), 'node_modules', '.bin', 'node');
      worker = spawn(node, ['workers/load.ts'], { env: { ...process.env, ...system.env, ...own }, stdio: ['ignore', out, out] }); // prettier-ignore
    },
    killWorker: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      for (const table of heldTables(folder)) for (const { role } of table.list()) await table.stop(role);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function heldTables(folder: string) {
  const runs = join(folder, 'runs');
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .map((run) => join(runs, run, 'held', 'processes'))
    .filter((table) => existsSync(table))
    .map((table) => createProcessTable(table));
}

/** One shard on one host, by its files there. */
export function engineOn(folder: string, runKey: string, shard: number) {
  const held = join(folder, 'runs', runKey, 'held');
  const own = join(held, `engine-${shard}`);
  const totals = (): EngineTotals[] =>
    existsSync(own)
      ? readdirSync(own)
          .filter((name) => /^totals-\d+[.]json$/.test(name))
          .map((name) => EngineTotals.parse(JSON.parse(readFileSync(join(own, name), 'utf8'))))
          .sort((a, b) => a.incarnation - b.incarnation)
      : [];
  return {
    /** Pid of its engine, while it lives. */
    pid: (): number | undefined =>
      existsSync(join(held, 'processes')) ? createProcessTable(join(held, 'processes')).adopt(`engine-${shard}`)?.pid : undefined, // prettier-ignore
    /** Of the newest of its engines. */
    totals: (): EngineTotals | undefined => totals().at(-1),
    orders: (): EngineOrders =>
      EngineOrders.parse((JSON.parse(readFileSync(join(own, 'desired.json'), 'utf8')) as { payload: unknown }).payload),
  };
}
