import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Provisioner } from '#activities/provision.ts';
import { writeAtomic } from '#compose/atomic-file.ts';
import { readClaim, releaseClaim, replaceClaim, takeClaim } from '#compose/claim.ts';
import { provisionLocal, releaseLocal } from '#compose/local/provision.ts';
import { dataFolderOf } from '#compose/postgres.ts';
import { checkMachine } from '#compose/preflight.ts';
import { serverUser } from '#compose/system-user.ts';
import type { RunRef } from '#model/activities.ts';
import { canonicalJson } from '#model/canonical-json.ts';
import type { Plan } from '#model/plan.ts';
import type { Context } from './context.ts';
import { createJanitor } from './janitor.ts';
import { fateOf } from './run-fate.ts';
import { stackOptions } from './stack-options.ts';
import { populationFile, readPopulation, whatToDoWithPopulation } from './stack-leftovers.ts';
import { connectClient, type TemporalClient } from './temporal.ts';

const claimPollMs = 5_000;
/** What a step's note may hold; the log and `soak status` have all of it. */
const noteCharactersMax = 300;

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
        await clearStack(context);
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

/**
 * A local stack is made for one data set: its caches and its database know nothing of another. A plan with another
 * population gets a new one; the old one is ended and its data go.
 */
async function makeRoomFor(context: Context, plan: Plan): Promise<void> {
  const { stack } = context.places;
  const wanted = canonicalJson(plan.population);
  const present = readPopulation(stack);
  if (present === 'unreadable') {
    // What may have taken hours to seed is not thrown away for a file that is torn.
    const error = new Error(`${populationFile(stack)} cannot be read: ${whatToDoWithPopulation}`);
    error.name = 'ForeignData';
    throw error;
  }
  if (present !== 'absent' && present.text === wanted) return;
  await clearStack(context);
  writeAtomic(populationFile(stack), wanted);
}

/** Ends every process of the stack; its data go. */
export async function clearStack(context: Context): Promise<void> {
  await releaseLocal(context.places.stack);
  removeData(context);
}

/** What says that the data are whole goes first: whoever dies in between leaves data of no known set, which nobody adopts. */
function removeData({ places }: Context): void {
  rmSync(populationFile(places.stack), { force: true });
  const data = dataFolderOf({ folder: places.stack, runAs: serverUser() });
  for (const folder of [data, join(places.stack, 'redis'), join(places.stack, 'prometheus')]) {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A claim is void only when Temporal says that its owner's chain is closed or unknown; if it cannot answer, it stands. */
async function claimStack(
  context: Context,
  run: RunRef,
): Promise<{ taken: true; note: string } | { taken: false; owner: string }> {
  const temporal = await connectClient(context.environment);
  const connect = (): Promise<TemporalClient> => Promise.resolve(temporal);
  try {
    const claimed = await takeStack(context, run, connect);
    if (!claimed.taken) return claimed;
    // The stack is ours and nothing was done to it yet: whatever runs that are over left behind goes now.
    const found = await createJanitor(context, connect).sweep({ taker: run.runKey });
    return { taken: true, note: [claimed.note, ...found].join('; ').slice(0, noteCharactersMax) };
  } finally {
    await temporal.close();
  }
}

async function takeStack(
  context: Context,
  run: RunRef,
  connect: () => Promise<TemporalClient>,
): Promise<{ taken: true; note: string } | { taken: false; owner: string }> {
  const stack = context.places.stack;
  const { namespace } = context;
  const claim = { runKey: run.runKey, workflowId: run.workflowId, namespace, at: new Date().toISOString() };
  const first = await takeClaim(stack, claim);
  if (first.taken) return { taken: true, note: 'nothing stands in the way' };
  const { owner } = first;
  const fate = await fateOf(connect, owner);
  if (fate === 'unknown')
    throw new Error(`Temporal does not say whether ${owner.workflowId}, which has the stack, is over`);
  if (fate === 'active') return { taken: false, owner: `${owner.workflowId} (run ${owner.runKey})` };
  const replaced = await replaceClaim(stack, owner.runKey, claim);
  if (replaced) return { taken: true, note: `took the stack over from ${owner.workflowId}, which is over` };
  return { taken: false, owner: 'another run that was faster' };
}
