import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import { dataFolderOf } from '#compose/postgres.ts';
import { serverUser } from '#compose/system-user.ts';
import type { Progress, RunResult } from '#model/progress.ts';
import type { ProcessRecord } from '#model/stack.ts';
import type { RunResultFile } from '#reports/result.ts';
import { channelArgs } from '#workers/wiring/temporal.ts';

/** Ports of the tests' own systems, beside whatever runs on the usual ones: two that are tested at once never meet. */
const portOffsets = [3_100, 3_400, 3_700, 4_000, 4_300, 4_600, 4_900, 5_200, 5_500, 5_800];

/** The first offset that no other system of a test has; the name in the kernel's socket space ends with its holder. */
async function takePortOffset(): Promise<{ portOffset: number; giveBack: () => void }> {
  for (const portOffset of portOffsets) {
    const holder = createServer().listen(`\0soakwave-test-system-${portOffset}`);
    const isTaken = await once(holder, 'listening').then(
      () => true,
      () => false,
    );
    if (isTaken) return { portOffset, giveBack: () => holder.close() };
  }
  throw new Error('every port offset of the tests is taken');
}

/** A whole soakwave of its own: state folder, ports, processes. */
export interface System {
  readonly folder: string;
  readonly client: Client;
  /** What its commands and processes are started with, beside what the tests have. */
  readonly env: Readonly<Record<string, string>>;
  readonly portOffset: number;
  /** One `soak …` command. */
  soak(...args: string[]): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }>;
  /** Starts a workflow as `temporal workflow start` does: by type name, with one JSON argument; its warm-up is short. */
  start(workflow: string, input: unknown): Promise<{ workflowId: string; runKey: string }>;
  progress(workflowId: string): Promise<Progress | undefined>;
  /** Waits until the run's progress is as wanted; throws after `withinMs`. */
  until(workflowId: string, wanted: (progress: Progress) => boolean, withinMs?: number): Promise<Progress>;
  result(workflowId: string): Promise<RunResult>;
  /** SIGKILL, unless another signal is asked for, to the one process that plays the role. */
  kill(role: string, runKey?: string, signal?: NodeJS.Signals): number;
  record(role: string, runKey?: string): ProcessRecord;
  /** How often the role was started. */
  starts(role: string, runKey?: string): number;
  readResult(runKey: string): RunResultFile;
  down(): Promise<void>;
}

/** `settings` are added to the environment of everything that it starts; `home` is the checkout whose code it runs. */
export async function startSystem(
  settings: Readonly<Record<string, string>> = {},
  home = process.cwd(),
): Promise<System> {
  const folder = mkdtempSync(join(tmpdir(), 'soakwave-system-'));
  const { portOffset, giveBack } = await takePortOffset();
  const own = { SOAK_HOME: folder, SOAK_PORT_OFFSET: String(portOffset), SOAK_HOST: 'test-host', NO_COLOR: '1' };
  const env: Readonly<Record<string, string>> = { ...own, ...settings };
  const soak: System['soak'] = async (...args) => {
    const options = { cwd: home, env, reject: false, timeout: 400_000 } as const;
    const { exitCode, stdout, stderr } = await execa('scripts/soak', args, options);
    return { exitCode, stdout, stderr };
  };
  const up = await soak('up');
  if (up.exitCode !== 0) {
    // Whatever of it came up would be in the way of the next system on these ports.
    await soak('down', '--abort', '--purge');
    giveBack();
    throw new Error(`soak up failed: ${up.stdout}\n${up.stderr}`);
  }
  const connection = await Connection.connect({ address: `127.0.0.1:${7_233 + portOffset}`, channelArgs });
  const client = new Client({ connection });

  const tableOf = (role: string, runKey?: string): string => tableFolder(folder, role, runKey);
  const record = (role: string, runKey?: string): ProcessRecord =>
    readJson(join(tableOf(role, runKey), `${role}.json`)) as ProcessRecord;
  const progress: System['progress'] = async (workflowId) => {
    const asked = client.workflow.getHandle(workflowId).query<Progress>('progress');
    return asked.catch(() => undefined);
  };

  return {
    folder,
    client,
    env,
    portOffset,
    soak,
    async start(workflow, input) {
      const workflowId = `test/${workflow}/${Date.now()}`;
      const args = [withShortWarmUp(input)];
      const handle = await client.workflow.start(workflow, { taskQueue: 'soak', workflowId, args });
      return { workflowId, runKey: handle.firstExecutionRunId };
    },
    progress,
    async until(workflowId, wanted, withinMs = 120_000) {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const now = await progress(workflowId);
        if (now !== undefined && wanted(now)) return now;
        if (Date.now() > deadline) throw new Error(`the run stayed as it is: ${JSON.stringify(now)}`);
        await sleep(250);
      }
    },
    result: (workflowId) => resultOf(client, workflowId),
    kill(role, runKey, signal = 'SIGKILL') {
      const { pid } = record(role, runKey);
      process.kill(pid, signal);
      return pid;
    },
    record,
    starts: (role, runKey) => Number(readFileSync(join(tableOf(role, runKey), `${role}.starts`), 'utf8')),
    readResult: (runKey) => readJson(join(folder, 'runs', runKey, 'result.json')) as RunResultFile,
    async down() {
      await connection.close();
      const data = dataFolderOf({ folder: join(folder, 'stack'), runAs: serverUser() });
      const ended = await soak('down', '--abort', '--purge');
      giveBack();
      if (ended.exitCode !== 0) throw new Error(`soak down failed: ${ended.stdout}\n${ended.stderr}`);
      for (const left of [folder, data]) if (existsSync(left)) throw new Error(`soak down --purge left ${left}`);
    },
  };
}

function tableFolder(folder: string, role: string, runKey?: string): string {
  if (runKey !== undefined) return join(folder, 'runs', runKey, 'held', 'processes');
  if (['temporal', 'evidence'].includes(role)) return join(folder, 'base', 'processes');
  return ['orchestrator', 'host', 'seed', 'load', 'supervisor'].includes(role)
    ? join(folder, 'workers')
    : join(folder, 'stack', 'processes');
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

const withShortWarmUp = (input: unknown): unknown => (typeof input === 'object' ? { warmUp: '1s', ...input } : input);

/** A Temporal server that is killed on purpose is away for a moment. */
async function resultOf(client: Client, workflowId: string): Promise<RunResult> {
  const deadline = Date.now() + 420_000;
  for (;;) {
    try {
      return (await client.workflow.getHandle(workflowId).result()) as RunResult;
    } catch (error) {
      const isAway = error instanceof Error && error.name === 'ServiceError';
      if (!isAway || Date.now() > deadline) throw error;
      await sleep(1_000);
    }
  }
}
