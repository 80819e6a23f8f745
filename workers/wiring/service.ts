import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Service, StatusReport } from '#cli/service.ts';
import { stopBase } from '#compose/base/base.ts';
import { readClaim } from '#compose/claim.ts';
import { examine } from '#compose/doctor.ts';
import { releaseLocal } from '#compose/local/provision.ts';
import { findForeignListeners } from '#compose/preflight.ts';
import { removePostgresData } from '#compose/postgres.ts';
import { createProcessTable } from '#compose/process-table.ts';
import { isStateFolder } from '#compose/state-folder.ts';
import { serverUser } from '#compose/system-user.ts';
import { createBenchDesk } from './bench-desk.ts';
import { createContext } from './context.ts';
import { doctorChecks } from './doctor-checks.ts';
import { createEvidenceDesk } from './evidence-desk.ts';
import { inspectDriver } from './driver-file.ts';
import { type Environment, UsageError } from './environment.ts';
import { createJanitor } from './janitor.ts';
import { readFindings } from './janitor-journal.ts';
import { judgeFiles } from './judged-files.ts';
import { createJudgeDesk } from './judged-runs.ts';
import { measurePlanned } from './machine.ts';
import type { Places } from './places.ts';
import { assertPolled, notUp, untilReady } from './readiness.ts';
import { createRunDesk } from './run-desk.ts';
import { createSchedules } from './schedules.ts';
import { createSeedDesk } from './seed-desk.ts';
import { createSnapshotDesk } from './snapshot-desk.ts';
import { populationFile } from './stack-leftovers.ts';
import { replaceOutdated, workerRoles, workerSpec } from './supervision.ts';
import { connectClient, type TemporalClient } from './temporal.ts';
import { temporalAddress } from './temporal-address.ts';

const runsInStatus = 10;
const findingsInStatus = 10;

/** Everything that the command line asks of the system. */
export function createService(environment: Environment): Service {
  const context = createContext(environment, pino({ level: 'silent' }));
  const { places } = context;
  const connection = createConnection(environment);
  const connect = (): Promise<TemporalClient> => connection.connect();
  const desk = createRunDesk(context, connect);
  const janitor = createJanitor(context, connect);
  const ui = environment.externalTemporal ? undefined : `http://127.0.0.1:${places.temporal.uiPort}`;
  return {
    ...desk,
    async up(onLine) {
      refuseGuest(environment);
      const workers = createProcessTable(places.workers);
      if (workers.adopt('supervisor') === undefined) {
        onLine('starting the supervisor, Temporal, the evidence store and the workers');
      }
      for (const line of await janitor.beforeStart()) onLine(line);
      assertPortsFree(environment, places);
      await workers.start(workerSpec(environment, 'supervisor'));
      const log = join(places.workers, 'supervisor.log');
      await untilReady('Temporal', connect, log);
      await untilReady('the evidence store', () => context.store.migrate(), log);
      const { client, namespace } = await connect();
      await replaceOutdated(environment, workers, onLine);
      await untilReady('the workers', () => assertPolled(client, namespace, environment), log);
      for (const line of await janitor.sweep()) onLine(line);
      onLine(ui === undefined ? `ready: Temporal at ${(await connect()).address}` : `ready: Temporal UI at ${ui}`);
    },
    async down({ abort, purge }) {
      const running = await desk.active().catch(() => []);
      // On somebody else's Temporal there may be runs of other machines: ours is the one that holds the stack here.
      const owner = readClaim(places.stack)?.workflowId;
      const active = environment.externalTemporal ? running.filter((workflowId) => workflowId === owner) : running;
      if (active.length > 0 && !abort) {
        const refused = `${active.join(', ')} is active; wait for it, or end it with \`soak down --abort\``;
        return { stopped: [], refused };
      }
      await desk.abort(active);
      const stopped = await stopEverything(places, () => desk.stopHeld());
      stopped.push(...(await janitor.endStragglers()));
      return { stopped, ...(purge ? { purged: purgeState(environment, places) } : {}) };
    },
    async status() {
      const temporal = await connect().catch(unlessUsage);
      const { address, namespace } = temporal ?? { address: `127.0.0.1:${places.temporal.port}`, ...context };
      return {
        temporal: { address, namespace, reachable: temporal !== undefined, ...(ui === undefined ? {} : { ui }) },
        processes: listProcesses(places, context.stackTable().folder),
        runs: temporal === undefined ? [] : await desk.list(runsInStatus),
        janitor: readFindings(environment.stateFolder).slice(-findingsInStatus),
      };
    },
    ...createInspection(environment),
    schedules: createSchedules(connect),
    ...createJudgeDesk(context),
    ...createEvidenceDesk(context, connect),
    ...createSeedDesk(context),
    ...createBenchDesk(context),
    ...createSnapshotDesk(context),
    where() {
      const { address, namespace } = temporalAddress(environment);
      return { address, namespace };
    },
    async close() {
      desk.close();
      await connection.disconnect();
      await context.store.close();
    },
  };
}

/** A guest has no stack, no Temporal and no evidence store of its own; it is one worker. */
function refuseGuest({ guestOf, stateFolder }: Environment): void {
  if (guestOf === undefined) return;
  throw new UsageError([
    `environment: SOAK_STACK makes ${stateFolder} a guest of another host: start node_modules/.bin/node workers/load.ts there, or unset it`,
  ]);
}

/** What only looks: at this machine, and at somebody's own file. */
function createInspection(
  environment: Environment,
): Pick<Service, 'doctor' | 'machine' | 'inspectDriver' | 'judgeFiles'> {
  return {
    async doctor() {
      const withTemporal = !environment.externalTemporal;
      return { checks: doctorChecks(await examine({ ...environment, withTemporal })) };
    },
    machine: () => Promise.resolve(measurePlanned(environment)),
    inspectDriver: (input) => inspectDriver(environment, input),
    judgeFiles: (order) => judgeFiles(order),
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
  const connectOnce = async (): Promise<TemporalClient> => {
    try {
      const temporal = await connectClient(environment).catch(() => {
        throw notUp('Temporal does not answer; `soak up` starts what is needed here');
      });
      await assertNamespace(temporal);
      return temporal;
    } catch (error) {
      connected = undefined;
      throw error;
    }
  };
  return {
    connect: () => (connected ??= connectOnce()),
    async disconnect(): Promise<void> {
      const temporal = await connected?.catch(() => undefined);
      await temporal?.close();
    },
  };
}

/** Asked of a namespace that does not exist, everything would only be unknown. Who may not ask is not stopped here. */
async function assertNamespace(temporal: TemporalClient): Promise<void> {
  const { client, namespace, address } = temporal;
  const missing = await client.workflowService.describeNamespace({ namespace }).then(
    () => false,
    (error: unknown) => Number((error as { code?: unknown }).code) === grpcNotFound,
  );
  if (!missing) return;
  await temporal.close();
  throw new UsageError([
    `${address} has no namespace ${namespace}: set TEMPORAL_NAMESPACE or TEMPORAL_PROFILE, or create it there`,
  ]);
}

const grpcNotFound = 5;

/** What is not up is only not there; what was asked for wrongly is said. */
function unlessUsage(error: unknown): undefined {
  if (error instanceof UsageError) throw error;
}

function listProcesses(places: Places, stackFolder: string): StatusReport['processes'] {
  return [places.workers, join(places.base, 'processes'), stackFolder]
    .flatMap((folder) => createProcessTable(folder).list())
    .map(({ role, pid, startedAt, isAlive }) => ({ role, pid, startedAt, state: isAlive ? 'running' : 'dead' }));
}

/** Only what is marked as a state folder of ours goes, and only after everything in it was stopped. */
function purgeState({ stateFolder }: Environment, places: Places): string {
  const runAs = serverUser();
  for (const folder of [places.stack, join(places.base, 'evidence')]) removePostgresData({ folder, runAs });
  // Without its data, nobody may take the stack for one of a known data set.
  rmSync(populationFile(places.stack), { force: true });
  if (isStateFolder(stateFolder)) rmSync(stateFolder, { recursive: true, force: true });
  return stateFolder;
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
