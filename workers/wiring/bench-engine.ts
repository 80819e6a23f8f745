import { join } from 'node:path';
import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { createSpool } from '#evidence/spool.ts';
import { createEngine, type Engine } from '#loadtest/engine.ts';
import { createWriteJournal } from '#loadtest/write-journal.ts';
import type { EvidenceRecord, EvidenceSink } from '#model/evidence.ts';
import type { EngineOrders, Stage } from '#model/load-plan.ts';
import type { Identity } from '#model/population-plan.ts';
import { createPopulation, type Population } from '#model/population.ts';
import { referenceSpeech } from '#targets/reference/speech.ts';
import { createLatencies, type DriveLine, type EngineTask, latencyMs } from './bench-drive.ts';

const everyMs = 60_000;
const lookEveryMs = 20;
const teamsOfUserMax = 8;

/** The whole engine, as its process has it, against a target that answers from memory; told once a minute and at the end. */
export async function driveEngine(task: EngineTask, onLine: (line: DriveLine) => void): Promise<void> {
  const sums = createSums();
  const spool = createSpool({ folder: join(task.folder, 'spool'), producer: 'engine-0', incarnation: 1 });
  const sink: EvidenceSink = {
    append(record) {
      sums.add(record);
      spool.append(record);
    },
    close: () => spool.close(),
  };
  const journal = createWriteJournal({ folder: join(task.folder, 'writes'), writer: 'engine-0', incarnation: 1 });
  const population = createPopulation(task.population);
  const engine = createEngine({
    ...{ orders: ordersOf(task), identities: identitiesOf(population, task.users), sink, journal },
    ...{ speech: referenceSpeech(task.population, task.secret), runTag: 'bench', incarnation: 1 },
    seededTools: population.plan.tools,
  });
  const startedAt = performance.now();
  let endedAt: number | undefined;
  const seconds = (): number => ((endedAt ?? performance.now()) - startedAt) / 1_000;
  const crowd = watchCrowd(engine, task.users);
  const tell = (isLast: boolean): void => {
    onLine({ isLast, seconds: seconds(), rssBytes: process.memoryUsage.rss(), ...sums.read(), ...crowd.read() });
  };
  const minutely = setInterval(tell, everyMs, false);
  try {
    await engine.run();
  } finally {
    endedAt = performance.now();
    clearInterval(minutely);
    crowd.stop();
    await engine.stop();
    await journal.close();
    await sink.close();
  }
  tell(true);
}

function ordersOf(task: EngineTask): EngineOrders {
  const startsAt = Date.now();
  const shard = { shard: 0, firstSlot: 0, slots: task.users };
  const [thinkTimeMsMin, thinkTimeMsMax] = task.thinkTimeMs;
  const { iterationsPerSecond: rate } = task;
  const stages = stagesOf(task);
  const durationMs = stages.reduce((sum, stage) => sum + stage.durationMs, 0);
  return {
    plan: {
      // An iteration of this mix is one request or two, so that its rate says something.
      ...(rate === undefined
        ? ({ model: 'closed', mix: 'enterprise' } as const)
        : ({ model: 'open', mix: 'multi-tenant' } as const)),
      ...{ seed: task.population.seed, spawnRatePerSecond: task.spawnRatePerSecond },
      ...{ virtualUsers: task.users, usersMax: task.users, thinkTimeMsMin, thinkTimeMsMax, shards: [shard] },
      stages,
      ...{ windowMs: durationMs, drainMs: 10_000, requestTimeoutMs: 10_000, liveObjectsMax: 20, growth: false },
    },
    ...{ shard, startsAt, endsAt: startsAt + durationMs, baseUrl: task.baseUrl, allowedHosts: [] },
    ...{ identitiesFile: '', secretFile: '', spoolFolder: '' },
  };
}

const rampMs = 10_000;

/** A rate is reached by a ramp, as in a run: code that has never run is compiled in it. Users are there as fast as they spawn. */
function stagesOf({ users, seconds, iterationsPerSecond: rate }: EngineTask): Stage[] {
  const hold = { name: 'hold', durationMs: seconds * 1_000, usersFrom: users, usersTo: users };
  if (rate === undefined) return [hold];
  const ramp = { ...hold, name: 'ramp', durationMs: rampMs, ratePerSecondFrom: 0, ratePerSecondTo: rate };
  return [ramp, { ...hold, ratePerSecondFrom: rate, ratePerSecondTo: rate }];
}

/** As seeding writes them, but for what only the audit of visible tools reads. */
function identitiesOf(population: Population, count: number): Identity[] {
  const { users, teams } = population.plan;
  const teamsOf = new Map<number, number[]>();
  for (let teamId = users + 1; teamId <= teams; teamId += 1) {
    for (let index = population.teamSize(teamId) - 1; index >= 0; index -= 1) {
      const userId = population.member(teamId, index);
      const known = teamsOf.get(userId);
      if (known === undefined) teamsOf.set(userId, [teamId]);
      else if (known.length < teamsOfUserMax) known.push(teamId);
    }
  }
  return Array.from({ length: Math.min(count, users) }, (_, index) => {
    const userId = index + 1;
    const teamIds = teamsOf.get(userId) ?? [];
    return {
      userId,
      privateTeamId: userId,
      teamIds,
      tokenSubject: `user-${userId}`,
      visibleTools: 0,
      visibleDigest: '',
    };
  });
}

/** When everybody was there, and what each request has cost since. */
function watchCrowd(engine: Engine, users: number) {
  const startedAt = performance.now();
  let complete: { spawnSeconds: number; cpuUs: number; requests: number } | undefined;
  const look = setInterval(() => {
    const { load } = engine.totals();
    if (load.users < users) return;
    clearInterval(look);
    complete = { spawnSeconds: (performance.now() - startedAt) / 1_000, cpuUs: cpuUs(), requests: load.requests };
  }, lookEveryMs);
  return {
    read(): Pick<DriveLine, 'cpuUsPerRequest' | 'spawnSeconds'> {
      if (complete === undefined) return { cpuUsPerRequest: 0 };
      const requests = Math.max(1, engine.totals().load.requests - complete.requests);
      return { spawnSeconds: complete.spawnSeconds, cpuUsPerRequest: (cpuUs() - complete.cpuUs) / requests };
    },
    stop(): void {
      clearInterval(look);
    },
  };
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Folds what the engine writes down, so that nothing is counted in another way than in a run. Histograms wait until somebody
 * reads: in a run nobody decodes them in the engine's process, whose event loop they would hold up.
 */
function createSums() {
  const latencies: Histogram = createLatencies();
  const late = createLatencies();
  const encoded: { readonly into: Histogram; readonly text: string }[] = [];
  const causes: Record<string, number> = {};
  const droppedIn = new Map<number, number>();
  let requests = 0;
  let failed = 0;
  return {
    add(record: EvidenceRecord): void {
      if (record.kind === 'schedule') encoded.push({ into: late, text: record.histogram });
      // A second that is told again tells the same of what was dropped in it.
      if (record.kind === 'ledger') droppedIn.set(record.at, record.dropped);
      if (record.kind !== 'operation') return;
      encoded.push({ into: latencies, text: record.histogram });
      requests += record.ok;
      for (const [cause, count] of Object.entries(record.failed)) {
        failed += count;
        causes[cause] = (causes[cause] ?? 0) + count;
      }
    },
    read() {
      for (const { into, text } of encoded.splice(0)) into.add(decodeFromCompressedBase64(text));
      return {
        ...{ requests, failed, causes },
        ...{ p50Ms: latencyMs(latencies, 50), p99Ms: latencyMs(latencies, 99) },
        ...(late.totalCount === 0
          ? {}
          : { late: { p50Ms: latencyMs(late, 50), p99Ms: latencyMs(late, 99), dropped: sumOf(droppedIn) } }),
      };
    },
  };
}

const sumOf = (counts: ReadonlyMap<number, number>): number =>
  [...counts.values()].reduce((sum, each) => sum + each, 0);
