import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Provisioner } from '#activities/provision.ts';
import { readIfPresent, writeAtomic } from '#compose/atomic-file.ts';
import { readClaim, releaseClaim, replaceClaim, takeClaim } from '#compose/claim.ts';
import { provisionLocal, releaseLocal } from '#compose/local/provision.ts';
import type { LocalStackOptions } from '#compose/local/stack-plan.ts';
import { measureMachine } from '#compose/machine.ts';
import { dataFolderOf } from '#compose/postgres.ts';
import { checkMachine } from '#compose/preflight.ts';
import { serverUser } from '#compose/system-user.ts';
import { mockProcess, mockUrls } from '#mocks/process.ts';
import type { RunRef } from '#model/activities.ts';
import { canonicalJson } from '#model/canonical-json.ts';
import type { Plan } from '#model/plan.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import type { Context } from './context.ts';
import { createNemesis } from './nemesis.ts';
import { connectClient } from './temporal.ts';
import { createWatch } from './watch.ts';

const claimPollMs = 5_000;

export function createProvisioner(context: Context): Provisioner {
  const { environment, places } = context;
  return {
    host: environment.host,
    async problems(run) {
      const plan = await context.readPlan(run);
      const { searchPath, cacheFolder } = environment;
      const ports = places.stackPorts;
      const found = checkMachine({ plan, stackFolder: places.stack, ports, searchPath, cacheFolder });
      return found.map(({ problem, whatToDo }) => `${problem}: ${whatToDo}`);
    },
    async claim(run, signal) {
      const { ifBusy } = await context.readPlan(run);
      for (;;) {
        const claimed = await claimStack(context, run);
        if (claimed.taken || ifBusy === 'fail') return claimed;
        await sleep(claimPollMs, undefined, { signal });
      }
    },
    async provision(run, signal) {
      const plan = await context.readPlan(run);
      await makeRoomFor(context, plan);
      signal.throwIfAborted();
      const started: string[] = [];
      const onProgress = (line: string) => {
        started.push(line);
        context.log.info({ runKey: run.runKey }, line);
      };
      await named('StackFailed', () => provisionLocal({ ...stackOptions(context, plan), onProgress }));
      const processes = context.stackTable().list().length;
      return { processes, note: `${processes} processes on ${environment.host}, ${plan.stack.placement}` };
    },
    async release(run, keep) {
      if (readClaim(places.stack)?.runKey !== run.runKey) return { note: 'the stack was not ours' };
      if (keep === 'nothing') {
        await releaseLocal(places.stack);
        removeData(context);
      }
      await releaseClaim(places.stack, run.runKey);
      return { note: keep === 'stack' ? 'the stack stays up; `soak down` ends it' : 'the stack is gone' };
    },
  };
}

/** Gives an error the name of a failure in the catalogue, for the interceptor to find. */
async function named<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.name === 'Error') error.name = name;
    throw error;
  }
}

function stackOptions({ environment, places }: Context, plan: Plan): LocalStackOptions {
  const { home, node, searchPath, cacheFolder } = environment;
  const ports = places.stackPorts;
  return {
    plan: plan.stack,
    stackFolder: places.stack,
    ports,
    target: referenceTarget,
    mockProcess: mockProcess(plan.stack, ports, { home, node }),
    mockUrls: mockUrls(plan.stack, ports),
    home,
    node,
    memoryBytes: measureMachine(places.stack).memoryBytes,
    searchPath,
    cacheFolder,
  };
}

/**
 * A local stack is made for one data set: its caches and its database know nothing of another. A plan with another
 * population gets a new one; the old one is ended and its data go.
 */
async function makeRoomFor(context: Context, plan: Plan): Promise<void> {
  const file = join(context.places.stack, 'population.json');
  const wanted = canonicalJson(plan.population);
  if (readIfPresent(file) === wanted) return;
  await releaseLocal(context.places.stack);
  removeData(context);
  writeAtomic(file, wanted);
}

function removeData({ places }: Context): void {
  const data = dataFolderOf({ folder: places.stack, runAs: serverUser() });
  for (const folder of [data, join(places.stack, 'redis'), join(places.stack, 'prometheus')]) {
    rmSync(folder, { recursive: true, force: true });
  }
  rmSync(join(places.stack, 'population.json'), { force: true });
}

/** A claim is void only when Temporal says that its owner's chain is closed or unknown; if it cannot answer, it stands. */
async function claimStack(
  context: Context,
  run: RunRef,
): Promise<{ taken: true; note: string } | { taken: false; owner: string }> {
  const stack = context.places.stack;
  const { namespace } = context;
  const claim = { runKey: run.runKey, workflowId: run.workflowId, namespace, at: new Date().toISOString() };
  const first = await takeClaim(stack, claim);
  if (first.taken) return { taken: true, note: 'nothing stands in the way' };
  const { owner } = first;
  if (!(await isOver(context, owner))) return { taken: false, owner: `${owner.workflowId} (run ${owner.runKey})` };
  const replaced = await replaceClaim(stack, owner.runKey, claim);
  if (replaced) await endHeldOf(context, owner.runKey);
  if (replaced) return { taken: true, note: `took the stack over from ${owner.workflowId}, which is over` };
  return { taken: false, owner: 'another run that was faster' };
}

/** A run that was terminated cleans nothing up: who takes its stack over heals its faults and ends what it held. */
async function endHeldOf(context: Context, runKey: string): Promise<void> {
  const owner = { runKey, workflowId: '', planHash: '' };
  await createNemesis(context).healAll(owner);
  await createWatch(context).stop(owner);
  const table = context.heldTable(owner);
  for (const { role } of table.list()) await table.stop(role);
}

async function isOver(context: Context, owner: { workflowId: string; runKey: string }): Promise<boolean> {
  const temporal = await connectClient(context.environment);
  try {
    // The newest execution of the owner's workflow id: it is the owner's chain as long as its first run id is the owner's key.
    const described = await temporal.client.workflow.getHandle(owner.workflowId).describe();
    const firstRunId = described.raw.workflowExecutionInfo?.firstRunId;
    return described.status.name !== 'RUNNING' || (firstRunId !== undefined && firstRunId !== owner.runKey);
  } catch (error) {
    return error instanceof Error && error.name === 'WorkflowNotFoundError';
  } finally {
    await temporal.close();
  }
}
