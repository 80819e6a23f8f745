import { join } from 'node:path';
import { pino } from 'pino';
import type { Service, StatusReport } from '#cli/service.ts';
import { stopBase } from '#compose/base/base.ts';
import { readClaim } from '#compose/claim.ts';
import { examine } from '#compose/doctor.ts';
import { releaseLocal } from '#compose/local/provision.ts';
import { findForeignListeners } from '#compose/preflight.ts';
import { createProcessTable } from '#compose/process-table.ts';
import { createContext } from './context.ts';
import { doctorChecks } from './doctor-checks.ts';
import type { Environment } from './environment.ts';
import { measurePlanned } from './machine.ts';
import type { Places } from './places.ts';
import { assertPolled, notUp, untilReady } from './readiness.ts';
import { createRunDesk } from './run-desk.ts';
import { workerRoles, workerSpec } from './supervision.ts';
import { connectClient, type TemporalClient } from './temporal.ts';

const runsInStatus = 10;

/** Everything that the command line asks of the system. */
export function createService(environment: Environment): Service {
  const context = createContext(environment, pino({ level: 'silent' }));
  const { places } = context;
  const connection = createConnection(environment);
  const connect = (): Promise<TemporalClient> => connection.connect();
  const desk = createRunDesk(context, connect);
  const ui = environment.externalTemporal ? undefined : `http://127.0.0.1:${places.temporal.uiPort}`;
  return {
    ...desk,
    async up(onLine) {
      const workers = createProcessTable(places.workers);
      if (workers.adopt('supervisor') === undefined) {
        onLine('starting the supervisor, Temporal, the evidence store and the workers');
      }
      assertPortsFree(environment, places);
      await workers.start(workerSpec(environment, 'supervisor'));
      const log = join(places.workers, 'supervisor.log');
      await untilReady('Temporal', connect, log);
      await untilReady('the evidence store', () => context.store.migrate(), log);
      const { client, namespace } = await connect();
      await untilReady('the workers', () => assertPolled(client, namespace, environment), log);
      onLine(ui === undefined ? `ready: Temporal at ${(await connect()).address}` : `ready: Temporal UI at ${ui}`);
    },
    async down({ abort }) {
      const running = await desk.active().catch(() => []);
      // On somebody else's Temporal there may be runs of other machines: ours is the one that holds the stack here.
      const owner = readClaim(places.stack)?.workflowId;
      const active = environment.externalTemporal ? running.filter((workflowId) => workflowId === owner) : running;
      if (active.length > 0 && !abort) {
        const refused = `${active.join(', ')} is active; wait for it, or end it with \`soak down --abort\``;
        return { stopped: [], refused };
      }
      await desk.abort(active);
      return { stopped: await stopEverything(places, () => desk.stopHeld()) };
    },
    async status() {
      const temporal = await connect().catch(() => undefined);
      const { address, namespace } = temporal ?? { address: `127.0.0.1:${places.temporal.port}`, ...context };
      return {
        temporal: { address, namespace, reachable: temporal !== undefined, ...(ui === undefined ? {} : { ui }) },
        processes: listProcesses(places, context.stackTable().folder),
        runs: temporal === undefined ? [] : await desk.list(runsInStatus),
      };
    },
    async doctor() {
      const withTemporal = !environment.externalTemporal;
      return { checks: doctorChecks(await examine({ ...environment, withTemporal })) };
    },
    machine: () => Promise.resolve(measurePlanned(environment)),
    async close() {
      desk.close();
      await connection.disconnect();
      await context.store.close();
    },
  };
}

/** Found before anything starts, and named: a server that cannot have its port would only say so in a log. */
function assertPortsFree(environment: Environment, places: Places): void {
  const base = createProcessTable(join(places.base, 'processes'));
  const wanted = new Map([[places.evidencePort, 'the evidence store']]);
  if (!environment.externalTemporal) {
    wanted.set(places.temporal.port, 'Temporal');
    wanted.set(places.temporal.uiPort, "Temporal's UI");
    wanted.set(places.temporal.metricsPort, "Temporal's metrics");
  }
  const taken = findForeignListeners(wanted, base.list());
  if (taken.length > 0) throw notUp(taken.map(({ problem, whatToDo }) => `${problem}: ${whatToDo}`).join('\n'));
}

/** One connection for the whole command, made on first use; an error named `NotUp` when nobody answers. */
function createConnection(environment: Environment) {
  let connected: Promise<TemporalClient> | undefined;
  return {
    connect(): Promise<TemporalClient> {
      connected ??= connectClient(environment).catch(() => {
        connected = undefined;
        throw notUp('Temporal does not answer; `soak up` starts what is needed here');
      });
      return connected;
    },
    async disconnect(): Promise<void> {
      const temporal = await connected?.catch(() => undefined);
      await temporal?.close();
    },
  };
}

function listProcesses(places: Places, stackFolder: string): StatusReport['processes'] {
  return [places.workers, join(places.base, 'processes'), stackFolder]
    .flatMap((folder) => createProcessTable(folder).list())
    .map(({ role, pid, startedAt, isAlive }) => ({ role, pid, startedAt, state: isAlive ? 'running' : 'dead' }));
}

/** In reverse order: who restarts, then who works, then what they work on, then what all stand on. */
async function stopEverything(places: Places, stopHeld: () => Promise<string[]>): Promise<string[]> {
  const workers = createProcessTable(places.workers);
  const stopped: string[] = [];
  for (const role of ['supervisor', ...[...workerRoles].reverse()]) {
    if (await workers.stop(role)) stopped.push(role);
  }
  stopped.push(...(await stopHeld()));
  stopped.push(...(await releaseLocal(places.stack)));
  stopped.push(...(await stopBase(places.base)));
  return stopped;
}
