import { existsSync } from 'node:fs';
import type { SeedOrder, SeedReport, SeedWatch, Service } from '#cli/service.ts';
import { writeAtomic } from '#compose/atomic-file.ts';
import { readClaim } from '#compose/claim.ts';
import { startLocalDatabase, stopLocalDatabase } from '#compose/local/provision.ts';
import { measureMachine } from '#compose/machine.ts';
import { dataFolderOf } from '#compose/postgres.ts';
import { folderBytes } from '#compose/folder-bytes.ts';
import { checkSizes } from '#compose/preflight.ts';
import { serverUser } from '#compose/system-user.ts';
import { canonicalJson } from '#model/canonical-json.ts';
import { parseInput } from '#model/parse-input.ts';
import { planRun } from '#model/plan-run.ts';
import type { Plan } from '#model/plan.ts';
import type { Context } from './context.ts';
import { watchingDisk } from './disk-watch.ts';
import { UsageError } from './environment.ts';
import { measurePlanned } from './machine.ts';
import { clearStack } from './provisioner.ts';
import { notUp, takeStateFolder } from './readiness.ts';
import { runSeedTask } from './seed-threads.ts';
import { populationFile, readPopulation } from './stack-leftovers.ts';
import { stackOptions } from './stack-options.ts';

/** Seeding without a run: the database of the local stack, or somebody else's. */
export function createSeedDesk(context: Context): Pick<Service, 'seed'> {
  return {
    async seed(order, watch) {
      const plan = planOf(context, order);
      for (const remark of plan.remarks.filter((each) => each.startsWith('The data set'))) watch.onLine(remark);
      if (order.databaseUrl !== undefined) {
        return work({ plan, order, watch, databaseUrl: order.databaseUrl, isOwned: false });
      }
      const { databaseUrl, leave } = await openLocal(context, { plan, order, watch });
      const folder = dataFolderOf({ folder: context.places.stack, runAs: serverUser() });
      try {
        return await watchingDisk({ folder, signal: watch.signal }, (signal) =>
          work({ plan, order, watch: { ...watch, signal }, databaseUrl, isOwned: true }),
        );
      } finally {
        await leave();
      }
    },
  };
}

/** As a run of the same wave would be planned here, so that it finds its data; on somebody else's disk, at full scale. */
function planOf({ environment }: Context, { input, databaseUrl }: SeedOrder): Plan {
  const scale = databaseUrl === undefined ? {} : { scale: 1 };
  const parsed = parseInput('SoakWave', { ...scale, ...input });
  if (!parsed.ok) throw new UsageError(parsed.problems);
  return planRun({ workflow: 'SoakWave', input: parsed.value, machine: measurePlanned(environment) });
}

interface Work {
  readonly plan: Plan;
  readonly order: SeedOrder;
  readonly watch: SeedWatch;
  readonly databaseUrl: string;
  readonly isOwned: boolean;
}

async function work({ plan, order, watch, databaseUrl, isOwned }: Work): Promise<SeedReport> {
  const { population, needs } = plan;
  const startedAt = performance.now();
  const about = { databaseUrl, plan: population, isOwned };
  const parallel = order.parallelWorkers ?? plan.stack.cores;
  const { signal } = watch;
  const report = (rest: Pick<SeedReport, 'entities' | 'times' | 'differences' | 'wasComplete'>): SeedReport => ({
    ...{ wave: plan.wave, seed: plan.seed, profile: population.profile, scale: plan.scale },
    ...rest,
    seconds: Math.round((performance.now() - startedAt) / 10) / 100,
  });
  if (order.verifyOnly) {
    watch.onStage('verify');
    return report({ ...(await runSeedTask({ task: 'reconcile', ...about, parallel }, { signal })), wasComplete: true });
  }
  const prepared = await runSeedTask({ task: 'prepare', ...about, reset: order.reset }, { signal });
  if (!prepared.alreadyComplete) {
    watch.onStage('rows', { planned: needs.rows, landed: prepared.landed });
    const batch = order.batchRows === undefined ? {} : { batchRows: order.batchRows };
    const pull = (): Promise<unknown> =>
      runSeedTask({ task: 'pull', ...about, ...batch }, { signal, onProgress: watch.onRows });
    const ended = await Promise.allSettled(Array.from({ length: parallel }, pull));
    const failed = ended.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    watch.onStage('finish');
  }
  const { entities, times } = await runSeedTask({ task: 'finish', ...about, parallel }, { signal });
  return report({ entities, times, differences: [], wasComplete: prepared.alreadyComplete });
}

/** The database of this checkout's stack: made, started and stopped again as is needed. */
async function openLocal(
  context: Context,
  { plan, order, watch }: Pick<Work, 'plan' | 'order' | 'watch'>,
): Promise<{ databaseUrl: string; leave: () => Promise<void> }> {
  const { stack } = context.places;
  takeStateFolder(context.environment.stateFolder);
  const owner = readClaim(stack);
  if (owner !== undefined) {
    throw notUp(`${owner.workflowId} has the stack: wait for it, or end it with \`soak abort ${owner.workflowId}\``);
  }
  assertSamePopulation(stack, plan, order);
  assertRoom(stack, plan);
  const wanted = canonicalJson(plan.population);
  const present = readPopulation(stack);
  if (present === 'absent' || present === 'unreadable' || present.text !== wanted) {
    await clearStack(context);
    writeAtomic(populationFile(stack), wanted);
  }
  const { databaseUrl, wasUp } = await startLocalDatabase({ ...stackOptions(context, plan), onProgress: watch.onLine });
  if (!wasUp) watch.onLine('the database of the stack is up');
  const leave = async (): Promise<void> => {
    // A run that began meanwhile has adopted it.
    if (!wasUp && readClaim(stack) === undefined) await stopLocalDatabase(stack);
  };
  return { databaseUrl, leave };
}

/** What may have taken long to seed is not thrown away for a number that was typed differently (R2.7). */
function assertSamePopulation(stack: string, { population }: Plan, { reset }: SeedOrder): void {
  const present = readPopulation(stack);
  const data = dataFolderOf({ folder: stack, runAs: serverUser() });
  if (present === 'absent' || reset || !existsSync(data)) return;
  if (present === 'unreadable') {
    throw new UsageError([
      `${populationFile(stack)} cannot be read, so nobody knows what was seeded; --reset seeds anew`,
    ]);
  }
  const held = JSON.parse(present.text) as Record<string, unknown>;
  const differences = Object.entries(population)
    .filter(([name, value]) => held[name] !== value)
    .map(([name, value]) => `${name} is ${String(held[name])}, not ${value}`);
  if (differences.length === 0) return;
  throw new UsageError([
    `the database of the stack holds another data set: ${differences.join('; ')}`,
    '--reset drops it and seeds this one',
  ]);
}

function assertRoom(stack: string, plan: Plan): void {
  const folder = dataFolderOf({ folder: stack, runAs: serverUser() });
  const machine = measureMachine(folder);
  const [problem] = checkSizes(
    { needs: { ...plan.needs, memoryBytes: 0 }, load: { ...plan.load, virtualUsers: 0 } },
    machine,
    { memoryBytes: 0, diskBytes: folderBytes(folder) },
  );
  if (problem !== undefined) throw new UsageError([`${problem.problem}: ${problem.whatToDo}`]);
}
