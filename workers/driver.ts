import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeAtomic } from '#compose/atomic-file.ts';
import { requireBinary } from '#compose/binaries.ts';
import { createSpool } from '#evidence/spool.ts';
import { createDriver } from '#loadtest/drivers/driver.ts';
import { createK6 } from '#loadtest/drivers/k6.ts';
import { createLocust } from '#loadtest/drivers/locust.ts';
import type { Tool } from '#loadtest/drivers/tool.ts';
import { EngineOrders, Identities } from '#model/load-plan.ts';
import type { LoadDriver } from '#model/load-driver.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import { copyOf } from './wiring/driver-copy.ts';
import { identityLines } from './wiring/driver-identities.ts';
import { engineName, totalsFile } from './wiring/engines.ts';
import { type Environment, readChildEnvironment } from './wiring/environment.ts';
import { type HeldOptions, heldVariable, type HeldWork, runHeld } from './wiring/held-process.ts';
import { readPlanOfRun } from './wiring/run-plan.ts';
import { showFile } from './wiring/shown-file.ts';

const totalsEveryMs = 1_000;
/** k6 counts its users once a second: the first count holds for the second before it. */
const countEveryMs = { locust: 0, k6: 1_000, scenario: 0 } as const;

/** One run's load by a tool of somebody else's (R3.6), held like an engine: told what to do by desired.json alone. */
await runHeld('driver', { parse: (payload) => EngineOrders.parse(payload), begin });

/** What cannot begin is said in the log, like that of an engine, and not thrown at whoever follows the orders. */
function begin(orders: EngineOrders, held: HeldOptions): Promise<HeldWork<EngineOrders>> {
  return Promise.resolve().then(() => drive(orders, held));
}

function drive(orders: EngineOrders, held: HeldOptions): HeldWork<EngineOrders> {
  const { driver } = orders.plan;
  if (driver === undefined) throw new Error('a driver was started for a load that a mix drives');
  const identitiesFile = writeIdentities(orders, held);
  const tool = toolOf(driver, { held, identitiesFile, environment: readChildEnvironment(heldVariable) });
  const sink = createSpool({
    folder: orders.spoolFolder,
    producer: engineName(orders.shard.shard),
    incarnation: held.epoch,
  });
  const driving = createDriver({ orders, tool, sink, incarnation: held.epoch, backMs: countEveryMs[driver.kind] });
  const totals = showFile(totalsFile(held.folder, held.epoch), totalsEveryMs, () => driving.totals());
  return {
    follow: (next) => {
      driving.follow(next);
    },
    ended: driving.run(),
    async stop() {
      totals.leave();
      await driving.stop();
      rmSync(identitiesFile, { force: true });
      totals.show();
      await sink.close();
    },
  };
}

/** Tokens are in this file and nowhere else, and the file is gone when the load is over. */
function writeIdentities(orders: EngineOrders, { folder }: HeldOptions): string {
  const { population } = readPlanOfRun(folder);
  const speech = referenceTarget.speech(population, readFileSync(orders.secretFile, 'utf8'));
  const identities = Identities.parse(JSON.parse(readFileSync(orders.identitiesFile, 'utf8')));
  const file = join(folder, 'identities.ndjson');
  writeAtomic(file, identityLines(identities, speech), { mode: 0o600 });
  return file;
}

function toolOf(
  driver: LoadDriver,
  { held, identitiesFile, environment }: { held: HeldOptions; identitiesFile: string; environment: Environment },
): Tool {
  const env = { ...environment.forTools, SOAKWAVE_IDENTITIES: identitiesFile };
  const shared = { file: copyOf(join(held.folder, '..', '..'), driver), besideFolder: dirname(driver.file), env };
  switch (driver.kind) {
    case 'locust':
      return createLocust({
        ...shared,
        command: requireBinary('locust', environment),
        wantedFile: join(held.folder, 'wanted.json'),
      });
    case 'k6':
      return createK6({
        ...shared,
        command: requireBinary('k6', environment),
        summaryFile: join(held.folder, `k6-summary-${held.epoch}.json`),
        scheduledFile: join(held.folder, `k6-scheduled-${held.epoch}.js`),
        ownSchedule: driver.ownSchedule === true,
      });
    case 'scenario':
      throw new Error('a scenario is driven by an engine');
  }
}
