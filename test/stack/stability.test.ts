import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, SearchAttributeType } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBinary } from '#compose/binaries.ts';
import type {
  CollectActivities,
  FaultActivities,
  JudgeActivities,
  LoadActivities,
  PlanActivities,
  ProvisionActivities,
  SeedActivities,
  VerifyActivities,
  WarmCacheActivities,
  WatchActivities,
} from '#model/activities.ts';
import { StabilityRunInput } from '#model/run-input.ts';
import type { CarriedRun } from '#model/run-state.ts';
import { planRun, summarisePlan } from '#model/plan-run.ts';
import type { Progress, RunResult } from '#model/progress.ts';
import { queues } from '#model/queues.ts';
import { freePort } from './free-port.ts';

/**
 * The 48 hours of a `StabilityRun` as its workflow lives them, in seconds: a real server, the real workflow and the real
 * plan, with activities that return at once. Windows are counted, not waited for, so nothing sleeps.
 */
const binary = findBinary('temporal', {
  searchPath: ['/usr/local/bin', '/usr/bin', '/bin'],
  cacheFolder: join(homedir(), '.cache', 'soakwave', 'bin'),
});

/** The service fails a history at 51,200 events or 50 MB, and warns at a fifth of that. */
const eventsMax = 2_500;
const historyBytesMax = 4_000_000;
const carriedBytesMax = 16_000;

const host = 'example-host';
const watchMs = 4 * 60_000;
const plan = planRun({
  workflow: 'StabilityRun',
  input: StabilityRunInput.parse({ wave: 'smoke', scale: 1, users: 100, shards: 2, duration: '48h', faults: 'none' }),
  machine: { cores: 2, memoryBytes: 8 * 2 ** 30, diskFreeBytes: 59e9 },
});
const summary = summarisePlan(plan, 'hash');
const windows = 576;
/** This one takes thirty windows, the last one fails. */
const slowCheckpoint = 10;
const failingCheckpoint = 47;

type History = Pick<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>, 'events'>;
/** One argument, or none. */
type Payloads = { readonly payloads?: readonly { readonly data?: Uint8Array | null }[] | null } | null | undefined;
type Activities = PlanActivities &
  ProvisionActivities &
  SeedActivities &
  WatchActivities &
  WarmCacheActivities &
  LoadActivities &
  FaultActivities &
  VerifyActivities &
  CollectActivities &
  JudgeActivities;

interface Held {
  readonly shard: number;
  readonly startsAt: number;
  readonly until: number;
}

/** What the stubs were asked. Time is virtual: it is as late as the last window that is held. */
function createStubs() {
  const held: Held[] = [];
  const checkpoints: number[] = [];
  let now = 0;
  let watchedUntil = 0;
  const until = async (isSo: () => boolean): Promise<void> => {
    const { cancellationSignal } = Context.current();
    while (!isSo() && !cancellationSignal.aborted) {
      Context.current().heartbeat();
      await sleep(2);
    }
    cancellationSignal.throwIfAborted();
  };
  const activities = {
    planRun: () => Promise.resolve(summary),
    locateHost: () => Promise.resolve({ host }),
    preflight: () => Promise.resolve({ note: '' }),
    provision: () => Promise.resolve({ note: '', processes: 0 }),
    startWatching: () => Promise.resolve({ note: '' }),
    prepareSeed: () => Promise.resolve({ shards: 0, alreadyComplete: true }),
    seedShards: () => Promise.resolve({ shards: 0, rows: 0 }),
    finishSeed: () => Promise.resolve({ entities: [], rows: 0 }),
    warmCache: () => Promise.resolve({ requests: 0, settled: true, elapsedMs: 0 }),
    placeShard: () => Promise.resolve({ host }),
    async holdLoad({ shard, startsAt, until: end }) {
      held.push({ shard, startsAt, until: end });
      // As often as in 48 hours, the watch is held anew while windows pass.
      await until(() => now === 0 || watchedUntil >= end - watchMs);
      now = Math.max(now, end);
      return { due: 1, delivered: 1, dropped: 0, abandoned: 0, requests: 1, failed: 0, users: 1 };
    },
    async holdWatch() {
      if (now !== 0) watchedUntil = (watchedUntil === 0 ? now : watchedUntil) + watchMs;
      await until(() => now >= watchedUntil && now !== 0);
      return { gatewaysRssBytes: 500_000_000 };
    },
    async checkpoint({ number }) {
      checkpoints.push(number);
      if (number === failingCheckpoint) throw ApplicationFailure.nonRetryable('the store is gone', 'StepFailed');
      const heldBefore = held.length;
      if (number === slowCheckpoint) await until(() => held.length >= heldBefore + 30 * plan.load.shards.length);
      return { number, upTo: now, outcome: 'pass', headline: 'x'.repeat(250), reasons: [] };
    },
    stopLoad: () => Promise.resolve({ stopped: true }),
    verify: () =>
      Promise.resolve({
        ...{ checked: 0, lost: [], resurrected: [], indeterminate: 0, remaining: 0 },
        ...{ scopeAudited: 0, scopeDifferences: [], seedDifferences: [] },
      }),
    healFaults: () => Promise.resolve({ healed: [] }),
    stopWatching: () => Promise.resolve({ note: '' }),
    collectSpools: () => Promise.resolve({ batches: 0 }),
    judge: () => Promise.resolve({ outcome: 'pass', headline: 'Pass', reasons: [] }),
    report: ({ runKey }) => Promise.resolve({ runId: runKey, outcome: 'pass', reasons: [], report: '', result: '' }),
    release: () => Promise.resolve({ note: '' }),
  } satisfies Partial<Activities>;
  return { activities, held, checkpoints };
}

async function startWorkers(environment: TestWorkflowEnvironment, activities: object): Promise<() => Promise<void>> {
  const shared = {
    connection: environment.nativeConnection,
    activities,
    maxHeartbeatThrottleInterval: 50,
    defaultHeartbeatThrottleInterval: 50,
  };
  const hosts = [queues.host, queues.seed, queues.load, queues.hostOn(host), queues.loadOn(host)];
  const workers = [
    await Worker.create({
      ...shared,
      taskQueue: queues.soak,
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

describe.runIf(binary !== undefined)('the workflow of 48 hours', () => {
  let folder = '';
  let environment: TestWorkflowEnvironment;
  let stopWorkers: () => Promise<void>;
  let histories: History[];
  let historyBytes: number[];
  let result: RunResult;
  let progress: Progress;
  const stubs = createStubs();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'soakwave-stability-'));
    const names = ['SoakWave', 'SoakPhase', 'SoakTarget', 'SoakVerdict'];
    environment = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: binary ?? '' },
        port: await freePort(),
        dbFilename: join(folder, 'temporal.db'),
        extraArgs: ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
        searchAttributes: names.map((name) => ({ name, type: SearchAttributeType.KEYWORD })),
      },
    });
    stopWorkers = await startWorkers(environment, stubs.activities);
    const { workflow } = environment.client;
    const options = { taskQueue: queues.soak, workflowId: 'soak/48h', args: [{ wave: 'smoke' }] };
    const handle = await workflow.start('StabilityRun', options);
    result = (await handle.result()) as RunResult;
    progress = await workflow.getHandle('soak/48h').query<Progress>('progress');
    histories = [];
    historyBytes = [];
    let runId: string | undefined = handle.firstExecutionRunId;
    while (runId !== undefined) {
      const execution: WorkflowHandle = workflow.getHandle('soak/48h', runId);
      const { events } = await execution.fetchHistory();
      const { raw } = await execution.describe();
      histories.push({ events: events ?? [] });
      historyBytes.push(Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0));
      runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
    }
  }, 300_000);
  afterAll(async () => {
    await stopWorkers();
    await environment.teardown();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('is planned as 576 windows, with a checkpoint an hour', () => {
    expect(summary).toMatchObject({ loadMs: windows * 300_000, windowMs: 300_000, windowsPerCheckpoint: 12 });
  });

  it('comes to its verdict in six executions, each far from the bounds of a history', () => {
    expect(result.outcome).toBe('pass');
    const events = histories.map((history) => history.events?.length ?? 0);
    const database = ['', '-wal'].map((end) => statSync(join(folder, `temporal.db${end}`), { throwIfNoEntry: false }));
    const databaseBytes = database.reduce((sum, file) => sum + (file?.size ?? 0), 0);
    console.log({ events, historyBytes, databaseBytes });
    expect(histories).toHaveLength(Math.ceil(windows / summary.windowsPerExecution));
    expect(Math.max(...events)).toBeLessThanOrEqual(eventsMax);
    expect(Math.max(...historyBytes)).toBeGreaterThan(0);
    expect(Math.max(...historyBytes)).toBeLessThan(historyBytesMax);
  });

  it('holds every window of every shard exactly once and in order', () => {
    const [first] = stubs.held;
    const startsAt = first?.startsAt ?? 0;
    const ends = Array.from({ length: windows }, (_, index) => startsAt + (index + 1) * 300_000);
    for (const { shard } of plan.load.shards) {
      const ofShard = stubs.held.filter((each) => each.shard === shard);
      expect(ofShard.map(({ until }) => until)).toEqual(ends);
    }
    expect(new Set(stubs.held.map((each) => each.startsAt))).toEqual(new Set([startsAt]));
  });

  it('carries a state over its seams that does not grow', () => {
    const carried = histories.slice(1).map(carriedOf);
    expect(carried.map(({ nextWindow }) => nextWindow)).toEqual([100, 200, 300, 400, 500]);
    const bytes = carried.map((state) => JSON.stringify(state).length);
    expect(Math.max(...bytes)).toBeLessThan(carriedBytesMax);
    expect(Math.max(...bytes) - Math.min(...bytes)).toBeLessThan(1_000);
    expect(new Set(carried.map(({ steps }) => steps.length)).size).toBe(1);
    expect(new Set(carried.map(({ startsAt }) => startsAt)).size).toBe(1);
  });

  it('prepares once at the beginning, cleans up once at the end, and does neither at a seam', () => {
    const count = (name: string) =>
      histories.map((history) => activitiesOf(history).filter((each) => each.name === name).length);
    const middle = [0, 0, 0, 0];
    // Every four minutes, as in 48 hours: without it the events above would be too few.
    expect(count('holdWatch').reduce((sum, each) => sum + each, 0)).toBeGreaterThan(600);
    for (const name of ['planRun', 'preflight', 'provision', 'finishSeed', 'warmCache']) {
      expect({ name, count: count(name) }).toEqual({ name, count: [1, ...middle, 0] });
    }
    for (const name of ['verify', 'healFaults', 'stopWatching', 'judge', 'report', 'release']) {
      expect({ name, count: count(name) }).toEqual({ name, count: [0, ...middle, 1] });
    }
    expect(count('placeShard')).toEqual([2, ...middle, 0]);
    expect(count('stopLoad')).toEqual([0, ...middle, 2]);
  });

  it('begins checkpoint n when 12 × n windows are held, leaves out what a slow one stands for, and none after the last window', () => {
    const order = histories.flatMap(activitiesOf).filter(({ name, shard }) => name === 'checkpoint' || shard === 0);
    const begun = order.flatMap(({ name, number }, index) => {
      if (name !== 'checkpoint') return [];
      return [{ number, held: order.slice(0, index).filter((each) => each.name === 'holdLoad').length }];
    });
    const expected = Array.from({ length: failingCheckpoint }, (_, index) => index + 1)
      // Number 10 takes 30 windows: 11 and 12 would have begun meanwhile.
      .filter((number) => number !== 11 && number !== 12)
      .map((number) => ({ number, held: number * 12 }));
    expect(begun).toEqual(expected);
    expect(stubs.checkpoints).toEqual(expected.map(({ number }) => number));
  });

  it('tells a checkpoint that failed as one that says nothing', () => {
    expect(progress.checkpoint).toMatchObject({ number: 47, of: 47, outcome: 'inconclusive' });
    expect(progress.checkpoint?.headline).toContain('not taken: StepFailed: the store is gone');
  });
});

interface Scheduled {
  readonly name: string;
  readonly shard?: number;
  readonly number?: number;
}

/** Every activity that was scheduled, in the order of the history. */
function activitiesOf({ events }: History): Scheduled[] {
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => {
    if (scheduled === null || scheduled === undefined) return [];
    const request = decode(scheduled.input) as { shard?: number; number?: number } | undefined;
    const name = scheduled.activityType?.name ?? '';
    const { shard, number } = request ?? {};
    return [
      {
        name,
        ...(name === 'holdLoad' && shard !== undefined ? { shard } : {}),
        ...(number === undefined ? {} : { number }),
      },
    ];
  });
}

function carriedOf({ events }: History): CarriedRun {
  const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input;
  return (decode(input) as { carried: CarriedRun }).carried;
}

function decode(payloads: Payloads): unknown {
  const data = payloads?.payloads?.[0]?.data;
  return data === null || data === undefined ? undefined : JSON.parse(Buffer.from(data).toString());
}
