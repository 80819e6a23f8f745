import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import { isErrno } from '#compose/atomic-file.ts';
import { createProcessTable } from '#compose/process-table.ts';
import { type Places, placesOf } from '#workers/wiring/places.ts';

export const home = fileURLToPath(new URL('../..', import.meta.url));

/** A soakwave of its own, in a temporary folder and on ports of its own. */
export interface PrivateSystem {
  readonly stateFolder: string;
  readonly places: Places;
  readonly client: Client;
  /** SIGKILL to whoever plays the role now, and to nobody else; resolves when another plays it. */
  kill(role: string, runKey: string): Promise<{ pid: number; replacedAfterMs: number | undefined }>;
  down(): Promise<void>;
}

const replacedWithinMs = 60_000;

export async function startPrivateSystem(portOffset: number): Promise<PrivateSystem> {
  const stateFolder = mkdtempSync(join(tmpdir(), 'soak-stability-'));
  // PostgreSQL's user has to get to its data, or they would lie elsewhere.
  chmodSync(stateFolder, 0o755);
  const places = placesOf({ stateFolder, portOffset });
  const env = {
    SOAK_HOME: stateFolder,
    SOAK_PORT_OFFSET: String(portOffset),
    SOAK_HOST: 'example-host',
    TEMPORAL_ADDRESS: undefined,
    TEMPORAL_PROFILE: undefined,
  };
  const soak = (...args: string[]) => execa('scripts/soak', args, { cwd: home, env, stdio: 'inherit' });
  const down = async (): Promise<void> => {
    await soak('down', '--abort', '--purge');
  };
  try {
    await soak('up');
    const connection = await Connection.connect({ address: `127.0.0.1:${places.temporal.port}` });
    return {
      ...{ stateFolder, places, client: new Client({ connection, identity: 'stability' }) },
      kill: (role, runKey) => kill(tableFolder(places, role, runKey), role),
      async down() {
        await connection.close();
        await down();
      },
    };
  } catch (error) {
    await down();
    throw error;
  }
}

function tableFolder(places: Places, role: string, runKey: string): string {
  if (role === 'temporal' || role === 'evidence') return join(places.base, 'processes');
  if (/^(engine-\d+|sampler|watchdog)$/.test(role)) return join(places.run(runKey).held, 'processes');
  return places.workers;
}

async function kill(folder: string, role: string): Promise<{ pid: number; replacedAfterMs: number | undefined }> {
  const table = createProcessTable(folder);
  const record = table.adopt(role);
  if (record === undefined) throw new Error(`${role} is not running, so it cannot be killed`);
  const killedAt = Date.now();
  try {
    process.kill(record.pid, 'SIGKILL');
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error;
  }
  while (Date.now() < killedAt + replacedWithinMs) {
    const now = table.adopt(role);
    if (now !== undefined && now.incarnation > record.incarnation) {
      return { pid: record.pid, replacedAfterMs: Date.now() - killedAt };
    }
    await sleep(50);
  }
  return { pid: record.pid, replacedAfterMs: undefined };
}

export const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8')) as unknown;
