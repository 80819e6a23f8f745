import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createFailureInterceptor } from '#activities/failure-interceptor.ts';
import { type BranchLookup, createBranchInterceptor, createBranchLookup } from './branches.ts';
import type { Environment } from './environment.ts';
import { placesOf } from './places.ts';
import { createHoldInterceptor } from './test-hooks.ts';
import { connectWorker } from './worker-connection.ts';

export interface QueueWorker {
  readonly taskQueue: string;
  readonly activities?: object;
  /** The bundled code of workflows, their interceptors in it. */
  readonly workflows?: string;
  readonly activitiesMax: number;
}

/** Heartbeats reach the server this often, so that cancellation and checkpoints are at most this old. */
const heartbeatThrottle = '2 seconds';

function installRuntime(log: Logger): void {
  const logger = new DefaultLogger('INFO', ({ level, message, meta }) => {
    const write = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
    log[write[level]](meta ?? {}, message);
  });
  const filter = makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' });
  Runtime.install({ logger, telemetryOptions: { logging: { filter, forward: {} } } });
}

/**
 * Runs one process's workers until it is told to shut down (SIGTERM, SIGINT). Fails when Temporal cannot be
 * reached within a minute or a worker dies: the process then exits non-zero and its supervisor starts it again with backoff.
 */
export async function runWorkers(
  environment: Environment,
  log: Logger,
  queueWorkers: readonly QueueWorker[],
): Promise<void> {
  installRuntime(log);
  const { connection, namespace } = await connectWorker(environment);
  try {
    const lookUp = createBranchLookup(connection, namespace);
    const workers = await Promise.all(
      queueWorkers.map((queue) => Worker.create({ ...optionsOf(queue, environment, lookUp), connection, namespace })),
    );
    log.info({ queues: queueWorkers.map(({ taskQueue }) => taskQueue) }, 'working');
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    await connection.close();
  }
}

function optionsOf(
  queue: QueueWorker,
  environment: Environment,
  lookUp: BranchLookup,
): Omit<WorkerOptions, 'connection' | 'namespace'> {
  const places = placesOf(environment);
  return {
    taskQueue: queue.taskQueue,
    identity: `${process.pid}@${environment.host}`,
    maxHeartbeatThrottleInterval: heartbeatThrottle,
    defaultHeartbeatThrottleInterval: heartbeatThrottle,
    shutdownGraceTime: '3 seconds',
    shutdownForceTime: '20 seconds',
    maxConcurrentActivityTaskExecutions: queue.activitiesMax,
    ...(queue.activities === undefined ? {} : { activities: queue.activities }),
    ...(queue.workflows === undefined
      ? {}
      : { workflowBundle: { code: queue.workflows }, maxCachedWorkflows: 20, maxConcurrentWorkflowTaskExecutions: 4 }),
    interceptors: {
      activity: [
        ({ info }) => ({ inbound: createBranchInterceptor(info, { lookUp, places }) }),
        () => ({ inbound: createFailureInterceptor() }),
        () => ({ inbound: createHoldInterceptor(environment) }),
      ],
    },
  };
}

/** Runs a process's main function: a crash is logged and exits 1, for the supervisor to see. */
export async function runProcess(log: Logger, main: () => Promise<void>): Promise<void> {
  try {
    await main();
    process.exit(0);
  } catch (error) {
    log.fatal(error, 'this process ends');
    process.exit(1);
  }
}
