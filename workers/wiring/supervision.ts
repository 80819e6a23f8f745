import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isEvidenceEnding, startBase } from '#compose/base/base.ts';
import { createProcessTable, type ProcessTable } from '#compose/process-table.ts';
import type { ProcessSpec } from '#model/stack.ts';
import { codeStamp } from './code-stamp.ts';
import type { Environment } from './environment.ts';
import { createLogKeeper, type LogKeeper, logLookMs } from './log-keeper.ts';
import { placesOf } from './places.ts';
import { isKeptDown } from './test-hooks.ts';

export const workerRoles = ['orchestrator', 'host', 'seed', 'load'] as const;
export type WorkerRole = (typeof workerRoles)[number];

const lookMs = 250;
const backoffMs = [0, 250, 500, 1_000, 2_000, 5_000, 10_000] as const;
/** A process that lived this long did not fail at once: its backoff begins anew. */
const steadyMs = 20_000;

/** For `replaceOutdated` alone. By its name it is not handed on to what a worker starts, which outlives a deploy. */
const codeVariable = 'CODE_OF_SOAKWAVE';

/**
 * Spec of one of our workers or of the supervisor: the same for whoever starts it from the same code, so that it is adopted
 * and never doubled.
 */
export function workerSpec(environment: Environment, role: WorkerRole | 'supervisor'): ProcessSpec {
  return {
    role,
    command: environment.node,
    args: [`workers/${role}.ts`],
    env: { ...environment.forChildren, [codeVariable]: codeStamp(environment.home) },
    cwd: environment.home,
    nice: -5,
    ready: { kind: 'alive' },
    readyWithinMs: 10_000,
    stopSignal: 'SIGTERM',
    stopWithinMs: 25_000,
  };
}

/**
 * The deploy step (R7.6): a living worker whose code is not what is here any more is told to end, and the next one runs
 * what is here. Its workflows and activities go on there; what is held (engines, sampler, watchdog) is not touched.
 */
export async function replaceOutdated(
  environment: Environment,
  table: ProcessTable,
  onLine: (line: string) => void,
): Promise<void> {
  for (const role of workerRoles) {
    const spec = workerSpec(environment, role);
    const running = table.adopt(role);
    if (running === undefined || running.spec.env[codeVariable] === spec.env[codeVariable]) continue;
    onLine(`replacing ${role}, which runs other code than what is here`);
    await table.start(spec);
  }
}

interface Charge {
  readonly name: string;
  isAlive(): boolean;
  start(): Promise<unknown>;
}

/**
 * Keeps base and workers alive until told to end, which touches nothing: they live in sessions of their own, and a successor
 * adopts them by pid and start time. A process that dies is started again with backoff, at once the first time.
 */
export async function supervise(environment: Environment, log: Logger, signal: AbortSignal): Promise<void> {
  const charges = [...baseCharges(environment), ...workerCharges(environment)];
  const places = placesOf(environment);
  const logs = createLogKeeper([places.workers, `${places.base}/processes`], log);
  await Promise.all([...charges.map((charge) => keep(charge, log, signal)), keepLogs(logs, signal)]);
}

function baseCharges(environment: Environment): Charge[] {
  const places = placesOf(environment);
  const table = createProcessTable(`${places.base}/processes`);
  const roles = environment.externalTemporal ? ['evidence'] : ['temporal', 'evidence'];
  return [
    {
      name: 'base',
      isAlive: () =>
        roles.every((role) => table.adopt(role) !== undefined || isKeptDown(environment, role)) &&
        !isEvidenceEnding(places.base),
      start: () =>
        startBase({
          baseFolder: places.base,
          temporal: places.temporal,
          evidencePort: places.evidencePort,
          withTemporal: !environment.externalTemporal,
          searchPath: environment.searchPath,
          cacheFolder: environment.cacheFolder,
        }),
    },
  ];
}

function workerCharges(environment: Environment): Charge[] {
  const table = createProcessTable(placesOf(environment).workers);
  return workerRoles.map((role) => ({
    name: role,
    isAlive: () => table.adopt(role) !== undefined,
    start: () => table.start(workerSpec(environment, role)),
  }));
}

async function keepLogs(logs: LogKeeper, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    logs.look();
    await pause(logLookMs + 100, signal);
  }
}

async function keep(charge: Charge, log: Logger, signal: AbortSignal): Promise<void> {
  let failures = 0;
  let startedAt = 0;
  const isEnding = (): boolean => signal.aborted;
  while (!isEnding()) {
    if (charge.isAlive()) {
      if (Date.now() - startedAt > steadyMs) failures = 0;
    } else {
      const waitMs = backoffMs[Math.min(failures, backoffMs.length - 1)] ?? 0;
      failures += 1;
      await pause(waitMs, signal);
      if (isEnding()) return;
      await charge.start().then(
        () => {
          log.info({ charge: charge.name }, 'started');
        },
        (error: unknown) => {
          log.error({ charge: charge.name, reason: String(error) }, 'could not be started');
        },
      );
      startedAt = Date.now();
    }
    await pause(lookMs, signal);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
