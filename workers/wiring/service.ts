import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import type { DoctorReport, Service } from '#cli/service.ts';
import { stopBase } from '#compose/base/base.ts';
import { type Examination, examine } from '#compose/doctor.ts';
import { releaseLocal } from '#compose/local/provision.ts';
import { createProcessTable } from '#compose/process-table.ts';
import { queues } from '#model/queues.ts';
import { createContext } from './context.ts';
import type { Environment } from './environment.ts';
import { measurePlanned } from './machine.ts';
import { createRunDesk } from './run-desk.ts';
import { workerRoles, workerSpec } from './supervision.ts';
import { connectClient, type TemporalClient } from './temporal.ts';

const readyWithinMs = 180_000;
const lookMs = 250;
const pollerFreshMs = 65_000;

/** Everything that the command line asks of the system. */
export function createService(environment: Environment): Service {
  const context = createContext(environment, pino({ level: 'silent' }));
  const { places } = context;
  let connected: Promise<TemporalClient> | undefined;
  const connect = (): Promise<TemporalClient> => {
    connected ??= connectClient(environment).catch((error: unknown) => {
      connected = undefined;
      const notUp = new Error('Temporal does not answer; `soak up` starts what is needed here', { cause: error });
      notUp.name = 'NotUp';
      throw notUp;
    });
    return connected;
  };
  const tables = () => [
    createProcessTable(places.workers),
    createProcessTable(join(places.base, 'processes')),
    context.stackTable(),
  ];
  const desk = createRunDesk(context, connect);
  return {
    ...desk,
    async up(onLine) {
      const workers = createProcessTable(places.workers);
      if (workers.adopt('supervisor') === undefined)
        onLine('starting the supervisor, Temporal, the evidence store and the workers');
      await workers.start(workerSpec(environment, 'supervisor'));
      await untilReady('Temporal', async () => {
        await connect();
      });
      await untilReady('the evidence store', () => context.store.migrate());
      const { client, namespace } = await connect();
      await untilReady('the workers', () => assertPolled(client, namespace, environment));
      onLine(`ready: Temporal UI at ${uiOf(environment, places.temporal.uiPort) ?? 'your cluster'}`);
    },
    async down({ abort }) {
      const active = await desk.active().catch(() => []);
      if (active.length > 0 && !abort) {
        const refused = `${active.join(', ')} is active; wait for it, or end it with \`soak down --abort\``;
        return { stopped: [], refused };
      }
      await desk.abort(active);
      return { stopped: await stopEverything() };
    },
    async status() {
      const reachable = await connect().then(
        () => true,
        () => false,
      );
      const { address, namespace } = reachable
        ? await connect()
        : { address: `127.0.0.1:${places.temporal.port}`, namespace: context.namespace };
      const ui = uiOf(environment, places.temporal.uiPort);
      return {
        temporal: { address, namespace, reachable, ...(ui === undefined ? {} : { ui }) },
        processes: tables()
          .flatMap((table) => table.list())
          .map(({ role, pid, startedAt, isAlive }) => ({
            role,
            pid,
            startedAt,
            state: isAlive ? ('running' as const) : ('dead' as const),
          })),
        runs: reachable ? await desk.list(10) : [],
      };
    },
    async doctor() {
      const { searchPath, cacheFolder, stateFolder } = environment;
      const found = await examine({
        searchPath,
        cacheFolder,
        stateFolder,
        withTemporal: !environment.externalTemporal,
      });
      return { checks: doctorChecks(found) };
    },
    machine: () => Promise.resolve(measurePlanned(environment)),
    async close() {
      desk.close();
      const temporal = await connected?.catch(() => undefined);
      await temporal?.close();
      await context.store.close();
    },
  };

  /** In reverse order: who restarts, then who works, then what they work on, then what all stand on. */
  async function stopEverything(): Promise<string[]> {
    const workers = createProcessTable(places.workers);
    const stopped: string[] = [];
    for (const role of ['supervisor', ...[...workerRoles].reverse()]) {
      if (await workers.stop(role)) stopped.push(role);
    }
    stopped.push(...(await desk.stopHeld()));
    stopped.push(...(await releaseLocal(places.stack)));
    stopped.push(...(await stopBase(places.base)));
    return stopped;
  }
}

const uiOf = (environment: Environment, uiPort: number): string | undefined =>
  environment.externalTemporal ? undefined : `http://127.0.0.1:${uiPort}`;

async function untilReady(what: string, attempt: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() >= deadline) {
        throw new Error(`${what} did not become ready in ${readyWithinMs / 1_000} s; see the logs under .soak/`, {
          cause: error,
        });
      }
      await sleep(lookMs);
    }
  }
}

/** Throws until every queue of this host is polled. */
async function assertPolled(client: Client, namespace: string, environment: Environment): Promise<void> {
  const wanted = [
    queues.soak,
    queues.seed,
    queues.load,
    queues.host,
    queues.hostOn(environment.host),
    queues.loadOn(environment.host),
  ];
  for (const name of wanted) {
    for (const taskQueueType of name === queues.soak ? [1, 2] : [2]) {
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name },
        taskQueueType,
      });
      const fresh = (pollers ?? []).some(
        ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000 > Date.now() - pollerFreshMs,
      );
      if (!fresh) throw new Error(`nobody polls ${name}`);
    }
  }
}

function doctorChecks({ prerequisites, machine }: Examination): DoctorReport['checks'] {
  const gibibyte = 1_024 ** 3;
  const programs = prerequisites.map(({ name, ok, path, version, problem, whatToDo }) => ({
    name,
    ok,
    ...(path === undefined ? {} : { found: [version, path].filter((part) => part !== undefined).join(' at ') }),
    ...(problem === undefined ? {} : { problem }),
    ...(whatToDo === undefined ? {} : { advice: whatToDo }),
  }));
  const size = (bytes: number): string => `${(bytes / gibibyte).toFixed(1)} GiB`;
  return [
    ...programs,
    { name: 'cores', ok: true, found: `${machine.cores}` },
    { name: 'memory', ok: true, found: `${size(machine.memoryBytes)}, ${size(machine.memoryFreeBytes)} free` },
    { name: 'disk', ok: true, found: `${size(machine.diskFreeBytes)} free where the state folder is` },
    { name: 'open files', ok: machine.openFilesMax >= 4_096, found: `at most ${machine.openFilesMax}` },
  ];
}
