import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CopiedTree, copyTree } from './copied-tree.ts';
import { startSystem, type System } from './system.ts';

const workers = ['orchestrator', 'host', 'seed', 'load'] as const;
/** Not what these tests are about: a machine that is busy with other things drops load and answers late. */
const without = ['load-delivered', 'generator-not-saturated', 'latency-local-reads', 'samples-present'];
const short = { wave: 'smoke', duration: '36s', window: '6s', users: 6, faults: 'none', keep: 'stack', without };

let tree: CopiedTree;
let system: System;
beforeAll(async () => {
  tree = copyTree();
  // What is compiled there is kept there, and goes with it.
  system = await startSystem({ NODE_COMPILE_CACHE: join(tree.home, 'compiled') }, tree.home);
});
afterAll(async () => {
  await system.down();
  tree.remove();
});

/** Starts a run and pauses its load after four seconds, so that a deploy, which takes longer on a busy machine, comes in its middle. */
async function startAndPause(workflow: string, input: object): Promise<{ workflowId: string; runKey: string }> {
  const started = await system.start(workflow, input);
  await system.until(started.workflowId, ({ loadStartsAt = Infinity }) => Date.now() > loadStartsAt + 4_000);
  await tell(started.workflowId, 'pause');
  return started;
}

async function tell(workflowId: string, update: 'pause' | 'resume'): Promise<void> {
  const handle = system.client.workflow.getHandle(workflowId);
  await handle.executeUpdate<string, [object]>(update, { args: [{ why: 'a deploy' }] });
}

const pidsOf = (roles: readonly string[], runKey?: string): number[] =>
  roles.map((role) => system.record(role, runKey).pid);

interface Executed {
  readonly activities: readonly string[];
  readonly markers: number;
  readonly input: unknown;
  readonly nextRunId: string | undefined;
}

/** One execution of a chain, as its history has it. */
async function readExecution(workflowId: string, runId: string): Promise<Executed> {
  const { events } = await system.client.workflow.getHandle(workflowId, runId).fetchHistory();
  const all = events ?? [];
  const data = all[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
  return {
    activities: all.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []),
    markers: all.filter((event) => Boolean(event.markerRecordedEventAttributes)).length,
    input: JSON.parse(Buffer.from(data ?? []).toString()),
    nextRunId: all.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined,
  };
}

async function readChain(workflowId: string, runKey: string): Promise<Executed[]> {
  const chain: Executed[] = [];
  for (let runId: string | undefined = runKey; runId !== undefined;) {
    const execution = await readExecution(workflowId, runId);
    chain.push(execution);
    runId = execution.nextRunId;
  }
  return chain;
}

/** The same step again at the end of a run, new to every run that goes on, and guarded as such a step must be. */
const addGuardedStep = (): void => {
  tree.edit('workflows/run-steps.ts', /^/, "import { patched } from '@temporalio/workflow';\n");
  tree.edit(
    'workflows/run-steps.ts',
    /(export async function drainAndVerify\(run: Run\)[^{]*\{\n)/,
    "$1  if (patched('collected-before-drain')) await collectEverywhere(run);\n",
  );
};

describe('a deploy in the middle of a run', () => {
  it('replaces the workers, touches nothing that is held, and the run comes to its verdict on the new code', async () => {
    const { workflowId, runKey } = await startAndPause('StabilityRun', { ...short, windowsPerExecution: 2 });
    const [workersBefore, heldBefore] = [pidsOf(workers), pidsOf(['engine-0', 'sampler', 'watchdog'], runKey)];
    addGuardedStep();
    tree.edit('workflows/summaries.ts', 'end shard', 'end the engine of shard');
    tree.edit('model/plan-run.ts', 'const windowsPerExecution = 100;', 'const windowsPerExecution = 1;');
    tree.edit('model/plan-run.ts', 'smoke: 10_000', 'smoke: 1_000');
    const up = await system.soak('up');
    expect(up.exitCode).toBe(0);
    for (const role of workers)
      expect(up.stdout).toContain(`replacing ${role}, which runs other code than what is here`);
    expect(pidsOf(workers).filter((pid) => workersBefore.includes(pid))).toEqual([]);
    expect(pidsOf(['engine-0', 'sampler', 'watchdog'], runKey)).toEqual(heldBefore);
    const again = pidsOf([...workers, 'supervisor']);
    expect((await system.soak('up')).stdout).not.toContain('replacing');
    expect(pidsOf([...workers, 'supervisor'])).toEqual(again);
    await tell(workflowId, 'resume');

    expect(await system.result(workflowId)).toMatchObject({ outcome: 'pass', reasons: [] });
    expect(system.starts('engine-0', runKey)).toBe(1);
    expect(system.readResult(runKey).load).toMatchObject({ unknown: 0, abandoned: 0 });

    const chain = await readChain(workflowId, runKey);
    expect(chain.length).toBeGreaterThanOrEqual(2);
    // The guarded step came in where nobody had been yet.
    expect(chain.map(({ markers }) => markers)).toEqual([...chain.slice(1).map(() => 0), 1]);
    const last = chain.at(-1)?.activities ?? [];
    expect(last.indexOf('collectSpools')).toBeLessThan(last.indexOf('stopLoad'));
    // What was planned at the beginning is what was carried to the end: no new default reached this run.
    const carried = chain.slice(1).map(({ input }) => (input as { carried: { plan: unknown } }).carried.plan);
    for (const plan of carried) expect(plan).toEqual(carried[0]);
    expect(carried[0]).toMatchObject({ windowsPerExecution: 2 });
    // A seam is not an end: nothing was cleaned up at one.
    const cleaning = ['healFaults', 'stopLoad', 'stopWatching', 'collectSpools', 'judge', 'report', 'release'];
    const atSeams = chain
      .slice(0, -1)
      .flatMap(({ activities }) => activities.filter((name) => cleaning.includes(name)));
    expect(atSeams).toEqual([]);
  });

  it('of code that does not fit the run’s history parks the run, and a mended one carries it to its verdict', async () => {
    // An execution of its own for each window, the default by now, would begin behind the step that does not fit.
    const { workflowId, runKey } = await startAndPause('SoakWave', { ...short, windowsPerExecution: 100 });
    tree.edit(
      'workflows/run-steps.ts',
      /(export async function prepareLoad\(run: Run\)[^{]*\{\n)/,
      '$1  await collectEverywhere(run);\n',
    );
    expect((await system.soak('up')).stdout).toContain('replacing orchestrator');
    const handle = system.client.workflow.getHandle(workflowId);
    await untilTaskFails(handle);
    expect((await handle.describe()).status.name).toBe('RUNNING');
    tree.restore('workflows/run-steps.ts');
    addGuardedStep();
    expect((await system.soak('up')).stdout).toContain('replacing orchestrator');
    await untilNoTaskFails(handle);
    await tell(workflowId, 'resume');
    expect(await system.result(workflowId)).toMatchObject({ outcome: 'pass', reasons: [] });
    expect(system.starts('engine-0', runKey)).toBe(1);
    expect(system.readResult(runKey).load).toMatchObject({ unknown: 0, abandoned: 0 });
  });
});

/** The service refuses updates of a run whose task has failed a few times, until a task is done: the next attempt comes after a pause. */
async function untilNoTaskFails(handle: WorkflowHandle): Promise<void> {
  const deadline = Date.now() + 150_000;
  while (Date.now() < deadline) {
    const { raw } = await handle.describe();
    if ((raw.pendingWorkflowTask?.attempt ?? 0) <= 1) return;
    await sleep(500);
  }
  throw new Error('the task of the mended run still fails');
}

/**
 * The service keeps a failed task and hands it out again, with growing pauses. Only a first attempt's failure is in the
 * history: where the old worker took that one with it into its death, the count of attempts tells.
 */
async function untilTaskFails(handle: WorkflowHandle): Promise<void> {
  const deadline = Date.now() + 150_000;
  while (Date.now() < deadline) {
    await sleep(500);
    const { events } = await handle.fetchHistory();
    const causes = (events ?? []).flatMap((event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? []);
    if (causes.some((cause) => /determinism/i.test(cause))) return;
    const { raw } = await handle.describe();
    if ((raw.pendingWorkflowTask?.attempt ?? 0) >= 4) return;
  }
  const [{ events }, { status, raw }] = [await handle.fetchHistory(), await handle.describe()];
  const last = (events ?? []).slice(-8).map(({ eventType }) => String(eventType));
  const pending = JSON.stringify({ task: raw.pendingWorkflowTask, activities: raw.pendingActivities });
  throw new Error(`no task failed: the run is ${status.name}, its last events ${last.join()}, pending ${pending}`);
}
