import { createServer } from 'node:net';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createSpool } from '#evidence/spool.ts';
import type { Behaviour } from '#loadtest/behaviours/behaviour.ts';
import { createEngine } from '#loadtest/engine.ts';
import { behavioursOfScenario } from '#loadtest/scenarios/scenario-behaviours.ts';
import { loadScenario } from '#loadtest/scenarios/scenario-file.ts';
import { IterationOver } from '#loadtest/scenarios/task-pass.ts';
import { createWriteJournal } from '#loadtest/write-journal.ts';
import type { EvidenceSink } from '#model/evidence.ts';
import { EngineOrders, Identities } from '#model/load-plan.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import { copyOf } from './wiring/driver-copy.ts';
import { runTagOf, writesFolder } from './wiring/places.ts';
import { engineName, totalsFile } from './wiring/engines.ts';
import { type HeldOptions, type HeldWork, runHeld } from './wiring/held-process.ts';
import { readPlanOfRun } from './wiring/run-plan.ts';
import { showFile } from './wiring/shown-file.ts';

const totalsEveryMs = 1_000;

/** One shard's load (design §2): runs on its own schedule, whoever dies. Told what to do by desired.json alone. */
await runHeld('engine', { parse: (payload) => EngineOrders.parse(payload), begin });

async function begin(orders: EngineOrders, held: HeldOptions): Promise<HeldWork<EngineOrders>> {
  await bindShard(held.folder);
  const identities = Identities.parse(JSON.parse(readFileSync(orders.identitiesFile, 'utf8')));
  const { population } = readPlanOfRun(held.folder);
  const sink = createSpool({
    folder: orders.spoolFolder,
    producer: engineName(orders.shard.shard),
    incarnation: held.epoch,
  });
  const name = engineName(orders.shard.shard);
  const journal = createWriteJournal({
    ...{ folder: writesFolder(join(held.folder, '..', '..')), writer: name, incarnation: held.epoch },
    onTrouble: createTroubleGap(sink, name),
  });
  const scenario = await scenarioOf(orders, join(held.folder, '..', '..'));
  const engine = createEngine({
    orders,
    identities,
    speech: referenceTarget.speech(population, readFileSync(orders.secretFile, 'utf8')),
    sink,
    journal,
    runTag: runTagOf(held.runKey),
    incarnation: held.epoch,
    seededTools: population.tools,
    ...(scenario === undefined ? {} : { behaviours: scenario.behaviours }),
  });
  if (scenario !== undefined) surviveScenario(scenario.file, engine.strayFailure);
  const totals = showFile(totalsFile(held.folder, held.epoch), totalsEveryMs, () => engine.totals());
  return {
    follow: (next) => {
      engine.follow(next);
    },
    ended: engine.run(),
    async stop() {
      totals.leave();
      await engine.stop();
      await journal.close();
      totals.show();
      await sink.close();
    },
  };
}

/** Of a load that somebody's own scenario drives: the copy that the plan was made of, and what its users do. */
async function scenarioOf(
  { plan: { driver } }: EngineOrders,
  runFolder: string,
): Promise<{ file: string; behaviours: Behaviour[] } | undefined> {
  if (driver === undefined) return undefined;
  const file = copyOf(runFolder, driver);
  const read = await loadScenario(file);
  if (!read.ok) throw new Error(`the scenario does not load any more: ${read.problems.join('; ')}`);
  return { file, behaviours: behavioursOfScenario(read.scenario) };
}

/**
 * What a scenario begins and does not wait for may fail where nobody waits for it. That must not end the engine; what fails
 * so in our own code must.
 */
function surviveScenario(file: string, onFailure: (error: unknown) => void): void {
  const take = (error: unknown): void => {
    if (error instanceof IterationOver) return;
    const isOfScenario =
      !(error instanceof Error) ||
      error.name === 'TaskMisuse' ||
      [file, pathToFileURL(file).href].some((path) => (error.stack ?? '').includes(path));
    if (isOfScenario) onFailure(error);
    else throw error;
  };
  process.on('unhandledRejection', take);
  process.on('uncaughtException', (error) => {
    try {
      take(error);
    } catch {
      console.error(error);
      process.exit(1);
    }
  });
}

/** While the disk takes no journal, nobody writes: load is there and asks less than it should, which is said. */
function createTroubleGap(sink: EvidenceSink, source: string): (reason: string, isOver: boolean) => void {
  let began: { at: number; reason: string } | undefined;
  return (reason, isOver) => {
    if (!isOver) began = { at: Date.now(), reason };
    else if (began !== undefined) sink.append({ kind: 'gap', ...began, until: Date.now(), source });
  };
}

/** Of two engines of one shard on one host, the later one finds the shard's socket taken and ends. */
async function bindShard(folder: string): Promise<void> {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const path = process.platform === 'linux' ? `\0soakwave-${name}` : join(tmpdir(), `soakwave-${name}.sock`);
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.unref();
}
