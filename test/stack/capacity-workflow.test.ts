import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { SearchAttributeType } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBinary } from '#compose/binaries.ts';
import type { JudgeRequest, ShardSchedule } from '#model/activities.ts';
import { bucketOf } from '#model/latency-buckets.ts';
import { plannedRate, type Stage } from '#model/load-plan.ts';
import { planRun, summarisePlan } from '#model/plan-run.ts';
import type { ProbePart } from '#model/probe.ts';
import type { Progress, RunResult } from '#model/progress.ts';
import { queues } from '#model/queues.ts';
import { SoakWaveInput } from '#model/run-input.ts';
import { freePort } from './free-port.ts';

/**
 * A capacity search as its workflow carries it, on a real server with activities that answer for a target that is known: it
 * meets its objectives up to forty iterations a second. Probes last a second, so a search is over in about a minute.
 */
const binary = findBinary('temporal', {
  searchPath: ['/usr/local/bin', '/usr/bin', '/bin'],
  cacheFolder: join(homedir(), '.cache', 'soakwave', 'bin'),
});

const host = 'example-host';
const capacity = 40;
const options = { startRate: 20, maxRate: 200, resolution: 0.3, probe: '1s', hold: '2s', coolDown: '1s' };
const plan = planRun({
  workflow: 'SoakWave',
  input: SoakWaveInput.parse({
    ...{ wave: 'smoke', duration: '4m', window: '5s', windowsPerExecution: 3, capacity: options },
  }),
  machine: { cores: 2, memoryBytes: 8 * 2 ** 30, diskFreeBytes: 59e9 },
});
const summary = summarisePlan(plan, 'hash');

/** What the stubs were told, and how often the measuring of a probe was tried. */
interface Told {
  stages: Stage[];
  startsAt: number;
  endsAt: number;
  readonly rates: number[];
  readonly judged: JudgeRequest[];
  attempts: number;
  seams: number;
}

function createStubs() {
  const told: Told = { stages: plan.load.stages, startsAt: 0, endsAt: 0, rates: [], judged: [], attempts: 0, seams: 0 };
  const follow = ({ startsAt, endsAt, stages }: ShardSchedule): void => {
    Object.assign(told, { startsAt, endsAt, ...(stages === undefined ? {} : { stages: [...stages] }) });
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    const { cancellationSignal } = Context.current();
    while (!isSo() && !cancellationSignal.aborted) {
      Context.current().heartbeat();
      await sleep(20);
    }
    cancellationSignal.throwIfAborted();
  };
  const done = Promise.resolve({ note: '' });
  const activities = {
    planRun: () => Promise.resolve(summary),
    locateHost: () => Promise.resolve({ host }),
    preflight: () => done,
    provision: () => Promise.resolve({ note: '', processes: 0 }),
    startWatching: () => done,
    prepareSeed: () => Promise.resolve({ shards: 0, alreadyComplete: true }),
    seedShards: () => Promise.resolve({ shards: 0, rows: 0 }),
    finishSeed: () => Promise.resolve({ entities: [], rows: 0 }),
    warmCache: () => Promise.resolve({ requests: 0, settled: true, elapsedMs: 0 }),
    placeShard(schedule: ShardSchedule) {
      follow(schedule);
      return Promise.resolve({ host });
    },
    steerLoad(schedule: ShardSchedule) {
      follow(schedule);
      return Promise.resolve({ steered: true });
    },
    async holdLoad({ until: end }: ShardSchedule & { until: number }) {
      await until(() => Date.now() >= Math.min(end, told.endsAt));
      return { due: 1, delivered: 1, dropped: 0, abandoned: 0, requests: 1, failed: 0, users: 1 };
    },
    async holdWatch({ until: end }: { until: number }) {
      await until(() => Date.now() >= end);
      return {};
    },
    /** The first attempt at every third probe dies with its worker. */
    measureProbe({ from, to }: { from: number; to: number }): Promise<ProbePart> {
      told.attempts += 1;
      if (Context.current().info.attempt === 1 && told.rates.length % 3 === 2) throw new Error('the worker died');
      const rate = plannedRate({ stages: told.stages }, from - told.startsAt);
      told.rates.push(rate);
      return Promise.resolve(partAt(rate, (to - from) / 1_000));
    },
    stopLoad: () => Promise.resolve({ stopped: true }),
    verify: () =>
      Promise.resolve({
        ...{ checked: 0, lost: [], resurrected: [], indeterminate: 0, remaining: 0 },
        ...{ scopeAudited: 0, scopeDifferences: [], seedDifferences: [] },
      }),
    healFaults: () => Promise.resolve({ healed: [] }),
    stopWatching: () => done,
    collectSpools: () => Promise.resolve({ batches: 0 }),
    audit: () => Promise.resolve(),
    judge(request: JudgeRequest) {
      told.judged.push(request);
      return Promise.resolve({ outcome: 'pass', headline: 'Pass', reasons: [] });
    },
    report: ({ runKey }: JudgeRequest) =>
      Promise.resolve({ runId: runKey, outcome: 'pass', reasons: [], report: '', result: '' }),
    release: () => done,
  };
  return { activities, told };
}

/** A thousand reads, of which a tenth are slow beyond the capacity and none below it. */
function partAt(rate: number, seconds: number): ProbePart {
  const slow = rate > capacity ? 100 : 0;
  const counts = { due: rate * seconds, dropped: 0, ended: rate * seconds, failed: 0, requests: rate * seconds * 2 };
  return {
    ...{ recorded: seconds, ...counts, reads: 1_000, slow, generatorCores: 0.2, generatorDelaySeconds: 0.01 },
    ...{ begun: rate * seconds, late: 0, veryLate: 0 },
    batches: Array.from({ length: 10 }, () => [100, slow / 10] as const),
    latencies: [
      [bucketOf(9_000), 1_000 - slow],
      [bucketOf(400_000), slow],
    ],
  };
}

describe.runIf(binary !== undefined)('the workflow of a capacity search', () => {
  const { activities, told } = createStubs();
  let environment: TestWorkflowEnvironment;
  let stopWorkers: () => Promise<void>;
  let result: RunResult;
  let progress: Progress;
  let refusal: string;

  beforeAll(async () => {
    environment = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: binary ?? '' },
        port: await freePort(),
        searchAttributes: ['SoakWave', 'SoakPhase', 'SoakTarget', 'SoakVerdict'].map((name) => ({
          ...{ name, type: SearchAttributeType.KEYWORD },
        })),
      },
    });
    stopWorkers = await startWorkers(environment, activities);
    const { workflow } = environment.client;
    const handle = await workflow.start('SoakWave', {
      ...{ taskQueue: queues.soak, workflowId: 'soak/capacity', args: [{ wave: 'smoke' }] },
    });
    const deadline = Date.now() + 60_000;
    while (told.rates.length < 2 && Date.now() < deadline) await sleep(100);
    refusal = await workflow
      .getHandle('soak/capacity')
      .executeUpdate<string, [object]>('scaleLoad', { args: [{ rate: 50, why: 'a test' }] })
      .catch((error: unknown) => String((error as Error).cause));
    result = (await handle.result()) as RunResult;
    progress = await workflow.getHandle('soak/capacity').query<Progress>('progress');
    let runId: string | undefined = handle.firstExecutionRunId;
    while (runId !== undefined) {
      const { events } = await workflow.getHandle('soak/capacity', runId).fetchHistory();
      runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
      if (runId !== undefined) told.seams += 1;
    }
  }, 300_000);
  afterAll(async () => {
    await stopWorkers();
    await environment.teardown();
  }, 60_000);

  const searched = (): NonNullable<JudgeRequest['capacity']> => {
    const request = told.judged.at(-1);
    if (request?.capacity === undefined) throw new Error('the judge was told of no search');
    return request.capacity;
  };

  it('doubles, halves, holds and closes, and ends the load as soon as it knows', () => {
    expect(result.outcome).toBe('pass');
    const { probes, endedBy, current } = searched();
    expect(endedBy).toBe('resolution');
    expect(current).toBeUndefined();
    expect(probes.map(({ look, ratePerSecond, outcome }) => `${look} ${ratePerSecond} ${outcome}`)).toEqual([
      'first 20 met',
      'first 40 met',
      'first 80 missed',
      'again 80 missed',
      'first 56.6 missed',
      'again 56.6 missed',
      'first 47.6 missed',
      'again 47.6 missed',
      'hold 40 met',
      'closing 47.6 missed',
    ]);
    expect(told.endsAt - told.startsAt).toBeLessThan(summary.loadMs);
  });

  it('measures each probe at the rate that the engines were told, and once whatever died', () => {
    expect(told.rates).toEqual(searched().probes.map(({ ratePerSecond }) => ratePerSecond));
    expect(told.attempts).toBeGreaterThan(told.rates.length);
  });

  it('goes on over seams between executions', () => {
    expect(told.seams).toBeGreaterThan(0);
    expect(searched().probes.every(({ figures }) => figures !== undefined)).toBe(true);
  });

  it('tells the judge the schedule that was driven, in which every probe is', () => {
    const { stages = [], loadStartsAt = 0, capacity: search } = told.judged.at(-1) ?? {};
    for (const { from, to, ratePerSecond } of search?.probes ?? []) {
      expect(plannedRate({ stages: [...stages] }, from - loadStartsAt)).toBe(ratePerSecond);
      expect(plannedRate({ stages: [...stages] }, to - 1 - loadStartsAt)).toBe(ratePerSecond);
    }
  });

  it('leaves the rate to nobody else meanwhile, and shows how far it is', () => {
    expect(refusal).toContain('the load is a capacity search');
    expect(progress.capacity).toEqual({ probes: 10, met: 40, missed: 47.6, endedBy: 'resolution' });
  });
});

async function startWorkers(environment: TestWorkflowEnvironment, activities: object): Promise<() => Promise<void>> {
  const shared = { connection: environment.nativeConnection, activities };
  const hosts = [queues.host, queues.seed, queues.load, queues.hostOn(host), queues.loadOn(host)];
  const workers = [
    await Worker.create({
      ...{ ...shared, taskQueue: queues.soak },
      workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
      interceptors: { workflowModules: [fileURLToPath(new URL('../../workflows/summaries.ts', import.meta.url))] },
    }),
    ...(await Promise.all(hosts.map((taskQueue) => Worker.create({ ...shared, taskQueue })))),
  ];
  const running = workers.map((worker) => worker.run());
  return async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  };
}
