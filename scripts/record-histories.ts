import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { execa } from 'execa';
import type { Progress } from '#model/progress.ts';
import { queues } from '#model/queues.ts';
import { placesOf } from '#workers/wiring/places.ts';

/**
 * Records anew every history that test/replay replays: brings up a whole soakwave of its own, carries one short run of
 * each kind to its end, writes the histories and takes everything down again. Nothing is replaced unless all were
 * recorded. Takes about five minutes; needs what `make setup` installs.
 */

const home = fileURLToPath(new URL('..', import.meta.url));
const histories = join(home, 'test', 'replay', 'histories');
const portOffset = 5_300;
const stateFolder = mkdtempSync(join(tmpdir(), 'soak-record-'));
const { temporal } = placesOf({ stateFolder, portOffset });

/** The settings of the recorded system; a Temporal service of somebody else's is not recorded on. */
const env = {
  SOAK_HOME: stateFolder,
  SOAK_PORT_OFFSET: String(portOffset),
  SOAK_HOST: 'example-host',
  TEMPORAL_ADDRESS: undefined,
  TEMPORAL_PROFILE: undefined,
};

const runWithinMs = 300_000;
const shared = { users: 10, duration: '15s', window: '5s', onBlocked: 'abort' };
const short = { wave: 'smoke', ...shared };
const wanted: readonly Recording[] = [
  { name: 'soak-wave-invalid', workflow: 'SoakWave', input: { wave: 'smol', users: -1 }, endsAs: 'InvalidInput' },
  { name: 'soak-wave-fault', workflow: 'SoakWave', input: { ...short, duration: '20s' }, endsAs: 'verdict' },
  { name: 'soak-wave-aborted', workflow: 'SoakWave', input: short, endsAs: 'verdict', abortedIn: 'second window' },
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
  /** A verdict, or the failure of the catalogue that the workflow fails with. */
  readonly endsAs: 'verdict' | 'InvalidInput';
  /** When the load is under way and a fault may be pending. */
  readonly abortedIn?: 'second window';
  /** Executions of the chain, 1 unless the run continues as new; each is a history of its own. */
  readonly executions?: number;
}

async function record(client: Client, recording: Recording): Promise<Map<string, string>> {
  const { name, workflow, input, executions = 1 } = recording;
  const workflowId = `recorded/${name}`;
  const handle = await client.workflow.start(workflow, {
    taskQueue: queues.soak,
    workflowId,
    args: [input],
    workflowExecutionTimeout: runWithinMs,
  });
  if (recording.abortedIn !== undefined) {
    await untilSecondWindow(client, workflowId);
    await handle.executeUpdate('abort', { args: [{ why: 'to be recorded' }] });
  }
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
  cause instanceof ApplicationFailure && typeof cause.type === 'string' ? cause.type : (cause?.message ?? message);

async function untilSecondWindow(client: Client, workflowId: string): Promise<void> {
  const deadline = Date.now() + runWithinMs;
  for (;;) {
    const asked = client.workflow.getHandle(workflowId).query<Progress>('progress');
    const progress = await asked.catch(() => undefined);
    if (progress?.window?.index === 1) return;
    if (Date.now() > deadline) throw new Error(`${workflowId} did not come to its second window`);
    await sleep(250);
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
  await soak('down', '--abort');
  rmSync(stateFolder, { recursive: true, force: true });
}
