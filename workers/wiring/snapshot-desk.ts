import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Service, SnapshotListing } from '#cli/service.ts';
import { writeAtomic } from '#compose/atomic-file.ts';
import { readClaim } from '#compose/claim.ts';
import { stopLocalDatabase } from '#compose/local/provision.ts';
import {
  listSnapshots,
  removeSnapshot,
  restoreSnapshot,
  saveSnapshot,
  type Snapshot,
} from '#compose/local/snapshot.ts';
import { serverUser } from '#compose/system-user.ts';
import type { PopulationPlan } from '#model/population-plan.ts';
import type { Context } from './context.ts';
import { UsageError } from './environment.ts';
import { notUp, takeStateFolder } from './readiness.ts';
import { populationFile, readPopulation } from './stack-leftovers.ts';

/** Copies of the local stack's seeded database, so that a wave can start from the same state twice. */
export function createSnapshotDesk(context: Context): Pick<Service, 'snapshots'> {
  const { stack } = context.places;
  const instance = { folder: stack, runAs: serverUser() };
  const known = (name: string): Snapshot => {
    const all = listSnapshots(instance);
    const found = all.find((each) => each.name === name);
    if (found !== undefined) return found;
    const names = all.map((each) => each.name).join(', ');
    throw new UsageError([
      `there is no snapshot ${name}; ${names === '' ? 'none was saved yet' : `there are ${names}`}`,
    ]);
  };
  return {
    snapshots: {
      list: () => Promise.resolve(listSnapshots(instance).map(describe)),
      async save(name) {
        const population = readPopulation(stack);
        if (typeof population === 'string') {
          throw new UsageError(['the local stack has no data set to keep: soak seed WAVE makes one']);
        }
        await putDown(context);
        return describe(await saveSnapshot(instance, name, population.text));
      },
      async restore(name) {
        const snapshot = known(name);
        await putDown(context);
        // Until the data are whole again, nobody may take them for a known data set.
        rmSync(populationFile(stack), { force: true });
        await restoreSnapshot(instance, name);
        // The second-level cache would remember what is not true any more.
        rmSync(join(stack, 'redis'), { recursive: true, force: true });
        writeAtomic(populationFile(stack), snapshot.population);
        return describe(snapshot);
      },
      remove(name) {
        known(name);
        removeSnapshot(instance, name);
        return Promise.resolve();
      },
    },
  };
}

/** The database alone may run: it is stopped. Anything else of the stack must not be there. */
async function putDown(context: Context): Promise<void> {
  const { stack } = context.places;
  takeStateFolder(context.environment.stateFolder);
  const owner = readClaim(stack);
  if (owner !== undefined) throw notUp(`${owner.workflowId} has the stack: wait for it, or end it first`);
  const alive = context
    .stackTable()
    .list()
    .filter(({ isAlive, role }) => isAlive && role !== 'postgres');
  if (alive.length > 0) {
    throw notUp(`the stack is up (${alive.map(({ role }) => role).join(', ')}): \`soak down\` first`);
  }
  await stopLocalDatabase(stack);
}

function describe({ name, bytes, population }: Snapshot): SnapshotListing {
  const { users, teams, seed, profile } = JSON.parse(population) as PopulationPlan;
  return { name, bytes, users, teams, seed, profile };
}
