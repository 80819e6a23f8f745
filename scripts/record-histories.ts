import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { execa } from 'execa';
import pg from 'pg';
import { postgresUrl } from '#compose/postgres.ts';
import { messages } from '#model/messages.ts';
import type { OperatorAction } from '#model/operator.ts';
import type { Progress } from '#model/progress.ts';
import { queues } from '#model/queues.ts';
import { placesOf } from '#workers/wiring/places.ts';

/**
 * Records anew every history that test/replay replays: brings up a whole soakwave of its own, carries one short run of
 * each kind to its end, writes the histories and takes everything down again. Nothing is replaced unless all were
 * recorded. Takes about six minutes alone on two cores; needs what `make setup` installs. A folder as its one argument takes
 * the histories instead of test/replay, for a look at them.
 */

const home = fileURLToPath(new URL('..', import.meta.url));
const histories = resolve(process.argv[2] ?? join(home, 'test', 'replay', 'histories'));
const portOffset = 5_300;
const stateFolder = mkdtempSync(join(tmpdir(), 'soak-record-'));
const { temporal, stackPorts } = placesOf({ stateFolder, portOffset });

/** The settings of the recorded system; a Temporal service of somebody else's is not recorded on. */
const env = {
  SOAK_HOME: stateFolder,
  SOAK_PORT_OFFSET: String(portOffset),
  SOAK_HOST: 'example-host',
  TEMPORAL_ADDRESS: undefined,
  TEMPORAL_PROFILE: undefined,
};

const runWithinMs = 300_000;
// The data set stays from run to run, so that only the first of a size is seeded.
const shared = { users: 10, duration: '15s', window: '5s', onBlocked: 'abort', keep: 'stack' };
const short = { wave: 'smoke', ...shared };
const wanted: readonly Recording[] = [
  { name: 'soak-wave-invalid', workflow: 'SoakWave', input: { wave: 'smol', users: -1 }, endsAs: 'InvalidInput' },
  { name: 'soak-wave-fault', workflow: 'SoakWave', input: { ...short, duration: '20s' }, endsAs: 'verdict' },
  { name: 'soak-wave-aborted', workflow: 'SoakWave', input: short, endsAs: 'verdict', meanwhile: abort },
  { name: 'soak-wave-cancelled', workflow: 'SoakWave', input: short, endsAs: 'cancelled', meanwhile: cancel },
  {
    name: 'soak-wave-blocked',
    workflow: 'SoakWave',
    input: { ...short, faults: 'none', onBlocked: 'wait' },
    endsAs: 'verdict',
    before: () => markSeeded('not of any plan'),
    meanwhile: resolveSeed,
  },
  {
    name: 'soak-wave-steered',
    workflow: 'SoakWave',
    input: { ...short, faults: 'none', duration: '20s' },
    endsAs: 'verdict',
    meanwhile: steer,
  },
  // Three windows, two of them in the first execution.
  {
    name: 'stability-run',
    workflow: 'StabilityRun',
    input: { ...short, faults: 'none', windowsPerExecution: 2 },
    endsAs: 'verdict',
    executions: 2,
  },
  { name: 'federation-load', workflow: 'FederationLoad', input: { ...short, faults: 'none' }, endsAs: 'verdict' },
  // Two waves, so that the loop over them is recorded and not only its first turn.
  {
    name: 'all-waves',
    workflow: 'AllWaves',
    input: { ...shared, waves: ['smoke', 'small'], scale: 0.1, faults: 'none' },
    endsAs: 'verdict',
  },
];

interface Recording {
  readonly name: string;
  readonly workflow: string;
  readonly input: unknown;
  /** A verdict, a cancellation, or the failure of the catalogue that the workflow fails with. */
  readonly endsAs: 'verdict' | 'cancelled' | 'InvalidInput';
  /** What is done to the system before the run starts. */
  readonly before?: () => Promise<void>;
  /** What somebody does while it goes on. */
  readonly meanwhile?: (run: WorkflowHandle) => Promise<void>;
  /** Executions of the chain, 1 unless the run continues as new; each is a history of its own. */
  readonly executions?: number;
}

async function record(client: Client, recording: Recording): Promise<Map<string, string>> {
  const { name, workflow, input, executions = 1 } = recording;
  const workflowId = `recorded/${name}`;
  await recording.before?.();
  const handle = await client.workflow.start(workflow, {
    taskQueue: queues.soak,
    workflowId,
    args: [input],
    workflowExecutionTimeout: runWithinMs,
  });
  await recording.meanwhile?.(handle);
  const endedAs = await handle.result().then(
    () => 'verdict',
    (error: unknown) => (error instanceof WorkflowFailedError ? describeEnd(error) : Promise.reject(error as Error)),
  );
  if (endedAs !== recording.endsAs) throw new Error(`${name} ended as ${endedAs}, not as ${recording.endsAs}`);

  const recorded = new Map<string, string>();
  let runId: string | undefined = handle.firstExecutionRunId;
  while (runId !== undefined) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const number = recorded.size + 1;
    recorded.set(executions === 1 ? name : `${name}-${number}`, withoutPlaces(historyToJSON(history)));
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  if (recorded.size !== executions) throw new Error(`${name} had ${recorded.size} executions, not ${executions}`);
  return recorded;
}

const describeEnd = ({ cause, message }: WorkflowFailedError): string =>
  cause instanceof CancelledFailure
    ? 'cancelled'
    : cause instanceof ApplicationFailure && typeof cause.type === 'string'
      ? cause.type
      : (cause?.message ?? message);

async function until(run: WorkflowHandle, wanted: (progress: Progress) => boolean): Promise<void> {
  const deadline = Date.now() + runWithinMs;
  for (;;) {
    const progress = await run.query<Progress>(messages.progress).catch(() => undefined);
    if (progress !== undefined && wanted(progress)) return;
    if (Date.now() > deadline) throw new Error(`${run.workflowId} stayed as it is: ${JSON.stringify(progress)}`);
    await sleep(250);
  }
}

const why = 'to be recorded';
const tell = (run: WorkflowHandle, action: OperatorAction, request: object = {}): Promise<unknown> =>
  run.executeUpdate(messages[action], { args: [{ why, ...request }] });
/** The load is under way, and a fault may be pending. */
const inSecondWindow = ({ window }: Progress): boolean => window?.index === 1;

async function abort(run: WorkflowHandle): Promise<void> {
  await until(run, inSecondWindow);
  await tell(run, 'abort');
}

async function cancel(run: WorkflowHandle): Promise<void> {
  await until(run, inSecondWindow);
  await run.cancel();
}

/** Once through everything that moves the schedule of a load. */
async function steer(run: WorkflowHandle): Promise<void> {
  await until(run, inSecondWindow);
  await tell(run, 'pause');
  await until(run, ({ paused }) => paused === true);
  await sleep(3_000);
  await tell(run, 'resume');
  await until(run, ({ paused }) => paused !== true);
  await tell(run, 'scaleLoad', { users: 5 });
  await tell(run, 'extend', { by: '5s' });
}

/** The data set passes for another plan's until somebody has looked at it: no step can mend that by trying again. */
async function resolveSeed(run: WorkflowHandle): Promise<void> {
  await until(run, ({ blocked }) => blocked !== undefined);
  await markSeeded(undefined);
  await tell(run, 'resolveStep', { choice: 'retry' });
}

let trueFingerprint: string | undefined;

/** Changes whose plan the seeded rows say they are of; undefined: as it was. */
async function markSeeded(fingerprint: string | undefined): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl(stackPorts.postgres) });
  await client.connect();
  try {
    const { rows } = await client.query<{ plan_fingerprint: string }>('SELECT plan_fingerprint FROM soakwave.seeding');
    trueFingerprint ??= rows[0]?.plan_fingerprint;
    await client.query('UPDATE soakwave.seeding SET plan_fingerprint = $1', [fingerprint ?? trueFingerprint]);
  } finally {
    await client.end();
  }
}

/** Stack traces name the folder of this checkout, which nobody else has; replay does not read them. */
const withoutPlaces = (text: string): string => text.replaceAll(`file://${home}`, '').replaceAll(home, '');

async function recordAll(): Promise<Map<string, string>> {
  const connection = await Connection.connect({ address: `127.0.0.1:${temporal.port}` });
  const client = new Client({ connection, identity: 'recorder' });
  try {
    const all = new Map<string, string>();
    for (const recording of wanted) {
      const begunAt = Date.now();
      for (const [name, text] of await record(client, recording)) all.set(name, text);
      console.log(`recorded ${recording.name} in ${Math.round((Date.now() - begunAt) / 1_000)} s`);
    }
    return all;
  } finally {
    await connection.close();
  }
}

/** The new folder takes the old one's place at the very end. */
async function replace(all: ReadonlyMap<string, string>): Promise<void> {
  const fresh = `${histories}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  for (const [name, text] of all) writeFileSync(join(fresh, `${name}.json`), text);
  await execa('prettier', ['--log-level', 'warn', '--write', fresh], { preferLocal: true, cwd: home });
  rmSync(histories, { recursive: true, force: true });
  renameSync(fresh, histories);
}

const soak = (...args: string[]) => execa('scripts/soak', args, { cwd: home, env, stdio: 'inherit' });
try {
  await soak('up');
  await replace(await recordAll());
} finally {
  await soak('down', '--abort', '--purge');
}
