import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { SearchAttributeType } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBinary } from '#compose/binaries.ts';
import type { LoadActivities, RunRef, ShardSchedule } from '#model/activities.ts';
import { placedAnewAfterMs, spreadLeaseMs } from '#model/held.ts';
import { planRun, summarisePlan } from '#model/plan-run.ts';
import type { RunResult } from '#model/progress.ts';
import { queues } from '#model/queues.ts';
import { SoakWaveInput } from '#model/run-input.ts';
import { freePort } from './free-port.ts';

/** The real workflow on a real server, with hosts that only write down what they are asked: when one joins, dies and leaves. */
const binary = findBinary('temporal', {
  searchPath: ['/usr/local/bin', '/usr/bin', '/bin'],
  cacheFolder: join(homedir(), '.cache', 'soakwave', 'bin'),
});
const plan = planRun({
  workflow: 'SoakWave',
  input: SoakWaveInput.parse({ wave: 'smoke', scale: 1, shards: 2, duration: '10m', window: '3s', faults: 'none' }),
  machine: { cores: 2, memoryBytes: 8 * 2 ** 30, diskFreeBytes: 59e9 },
});
const totals = { due: 1, delivered: 1, dropped: 0, abandoned: 0, requests: 1, failed: 0, users: 1 };
const verification = {
  ...{ checked: 0, lost: [], resurrected: [], indeterminate: 0, remaining: 0 },
  ...{ scopeAudited: 0, scopeDifferences: [], seedDifferences: [] },
};

interface Asked {
  readonly at: number;
  readonly host: string;
  readonly what: keyof LoadActivities;
  readonly shard?: number | undefined;
  readonly placing?: number | undefined;
}

const world = {
  asked: [] as Asked[],
  /** What the stack's host hears of; a load of one host hears of nobody. */
  hosts: undefined as readonly string[] | undefined,
  dead: new Set<string>(),
  /** When whoever holds a shard was last there, by host and shard: its engine may live for so much longer. */
  heard: new Map<string, number>(),
  twice: [] as string[],
  /** The longest time that a living host's shard was not held, once the load is spread: no lease may lapse in it. */
  unheldMsMax: 0,
};

/** One host's activities. A dead one is silent for ever, as a machine is that lost its power. */
function hostActivities(host: string): LoadActivities {
  const note = (what: Asked['what'], request: Partial<ShardSchedule>): void => {
    world.asked.push({ at: Date.now(), host, what, shard: request.shard, placing: request.placing });
  };
  const hear = ({ shard, placing }: ShardSchedule): void => {
    const before = world.heard.get(`${host} ${shard}`);
    if (placing !== undefined && before !== undefined) {
      world.unheldMsMax = Math.max(world.unheldMsMax, Date.now() - before);
    }
    world.heard.set(`${host} ${shard}`, Date.now());
  };
  const silence = async (): Promise<void> => {
    while (world.dead.has(host)) await sleep(100);
  };
  return {
    async placeShard(request) {
      note('placeShard', request);
      await silence();
      const { shard, placing } = request;
      if (placing === undefined && world.hosts !== undefined) return { host, hosts: world.hosts };
      for (const [key, at] of world.heard) {
        const isElsewhere = key.endsWith(` ${shard}`) && !key.startsWith(`${host} `);
        if (isElsewhere && Date.now() - at < placedAnewAfterMs - 500) world.twice.push(`${key} and ${host}`);
      }
      // Whatever was there before is this host's own: it was lost, or is adopted.
      world.heard.delete(`${host} ${shard}`);
      hear(request);
      return { host };
    },
    steerLoad: () => Promise.resolve({ steered: true }),
    async holdLoad({ until, ...request }) {
      note('holdLoad', request);
      const { cancellationSignal } = Context.current();
      while (Date.now() < until) {
        await silence();
        cancellationSignal.throwIfAborted();
        hear(request);
        Context.current().heartbeat();
        await sleep(50);
      }
      return { ...totals, ...(world.hosts === undefined ? {} : { hosts: world.hosts }) };
    },
    measureProbe: () => Promise.reject(new Error('nothing is searched for')),
    async stopLoad(request) {
      note('stopLoad', request);
      await silence();
      world.heard.delete(`${host} ${request.shard}`);
      return { stopped: true };
    },
    handOverLoad() {
      note('handOverLoad', {});
      return Promise.resolve({ batches: 1, journals: 1 });
    },
  };
}

const otherActivities = {
  planRun: () => Promise.resolve(summarisePlan(plan, 'hash')),
  locateHost: () => Promise.resolve({ host: 'home' }),
  preflight: () => Promise.resolve({ note: '' }),
  provision: () => Promise.resolve({ note: '', processes: 0 }),
  startWatching: () => Promise.resolve({ note: '' }),
  async holdWatch({ until }: { until: number }) {
    const { cancellationSignal } = Context.current();
    while (Date.now() < until && !cancellationSignal.aborted) {
      Context.current().heartbeat();
      await sleep(100);
    }
    cancellationSignal.throwIfAborted();
    return {};
  },
  stopWatching: () => Promise.resolve({ note: '' }),
  prepareSeed: () => Promise.resolve({ shards: 0, alreadyComplete: true }),
  seedShards: () => Promise.resolve({ shards: 0, rows: 0 }),
  finishSeed: () => Promise.resolve({ entities: [], rows: 0 }),
  warmCache: () => Promise.resolve({ requests: 0, settled: true, elapsedMs: 0 }),
  verify: () => Promise.resolve(verification),
  healFaults: () => Promise.resolve({ healed: [] }),
  collectSpools: () => Promise.resolve({ batches: 1 }),
  audit: () => Promise.resolve(),
  judge: () => Promise.resolve({ outcome: 'inconclusive', headline: '', reasons: [] }),
  report: ({ runKey }: RunRef) => Promise.resolve({ runId: runKey, outcome: 'inconclusive', reasons: [], report: '', result: '' }), // prettier-ignore
  release: () => Promise.resolve({ note: '' }),
};

describe.runIf(binary !== undefined)('the workflow of a load on several hosts', () => {
  let folder = '';
  let environment: TestWorkflowEnvironment;
  const running = new Map<string, { worker: Worker; ended: Promise<void> }>();

  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const work = async (taskQueue: string, activities: object): Promise<void> => {
    const worker = await Worker.create({
      ...{ connection: environment.nativeConnection, taskQueue, activities },
      ...{ maxHeartbeatThrottleInterval: 100, defaultHeartbeatThrottleInterval: 100 },
      ...(taskQueue === queues.soak ? { workflowsPath } : {}),
    });
    running.set(taskQueue, { worker, ended: worker.run() });
  };
  const guest = (host: string): Promise<void> => work(queues.loadOn(host), hostActivities(host));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'soakwave-spread-'));
    const names = ['SoakWave', 'SoakPhase', 'SoakTarget', 'SoakVerdict'];
    environment = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: binary ?? '' },
        port: await freePort(),
        dbFilename: join(folder, 'temporal.db'),
        searchAttributes: names.map((name) => ({ name, type: SearchAttributeType.KEYWORD })),
      },
    });
    const home = { ...otherActivities, ...hostActivities('home') };
    await work(queues.soak, home);
    for (const queue of [queues.host, queues.seed, queues.load, queues.hostOn('home'), queues.loadOn('home')]) {
      await work(queue, home);
    }
    await environment.client.workflow.start('SoakWave', {
      ...{ taskQueue: queues.soak, workflowId: 'soak/spread', args: [{ wave: 'smoke' }] },
    });
  }, 120_000);
  afterAll(async () => {
    world.dead.clear();
    for (const { worker } of running.values()) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.all([...running.values()].map(({ ended }) => ended));
    await environment.teardown();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const asked = (what: Asked['what'], host: string): Asked[] =>
    world.asked.filter((each) => each.what === what && each.host === host);
  const until = async (isSo: () => boolean, withinMs: number): Promise<number> => {
    const from = Date.now();
    while (!isSo()) {
      if (Date.now() > from + withinMs) throw new Error(`not so: ${JSON.stringify(world.asked.slice(-8))}`);
      await sleep(50);
    }
    return Date.now() - from;
  };

  it('places everything where the stack is while that is the only one', async () => {
    await until(() => asked('holdLoad', 'home').length >= 2, 60_000);
    expect(world.asked.map(({ placing }) => placing)).not.toContainEqual(expect.any(Number));
    expect(asked('placeShard', 'home')).toHaveLength(2);
  });

  it('hands a shard over, between two windows, to one that joins', async () => {
    await guest('b');
    world.hosts = ['b', 'home'];
    await until(() => asked('holdLoad', 'b').length > 0, 30_000);
    const [stopped] = asked('stopLoad', 'home');
    const [placed] = asked('placeShard', 'b');
    expect(stopped?.shard).toBe(placed?.shard);
    expect(stopped?.at).toBeLessThanOrEqual(placed?.at ?? 0);
    expect(placed?.placing).toBe(2);
  });

  it('gives the shard of one that dies to another within 40 s, and not before its engine has ended', async () => {
    const shard = asked('placeShard', 'b')[0]?.shard;
    world.dead.add('b');
    running.get(queues.loadOn('b'))?.worker.shutdown();
    const before = asked('placeShard', 'home').length;
    const tookMs = await until(() => asked('placeShard', 'home').length > before, 60_000);
    expect(asked('placeShard', 'home').at(-1)).toMatchObject({ shard });
    expect(tookMs).toBeGreaterThanOrEqual(placedAnewAfterMs - 500);
    expect(tookMs).toBeLessThan(40_000);
    expect(world.twice).toEqual([]);
    // The other shard was held all the while, though windows are much shorter than that.
    expect(world.unheldMsMax).toBeLessThan(spreadLeaseMs / 2);
  });

  it('takes the shard back from one that leaves, and what engines wrote there with it', async () => {
    await guest('c');
    world.hosts = ['c', 'home'];
    await until(() => asked('holdLoad', 'c').length > 0, 30_000);
    world.hosts = ['home'];
    await until(() => asked('handOverLoad', 'c').length > 0, 30_000);
    expect(asked('stopLoad', 'c')).toHaveLength(1);
    const held = asked('holdLoad', 'c').length;
    const windows = asked('holdLoad', 'home').length;
    await until(() => asked('holdLoad', 'home').length >= windows + 4, 30_000);
    expect(asked('holdLoad', 'c')).toHaveLength(held);
    expect(world.twice).toEqual([]);
  });

  it('asks every host that ever had a shard for what was written there, when it ends', async () => {
    const handle = environment.client.workflow.getHandle('soak/spread');
    const before = asked('handOverLoad', 'c').length;
    await handle.executeUpdate<string, [object]>('abort', { args: [{ why: 'seen enough' }] });
    const result = (await handle.result()) as RunResult;
    expect(result.outcome).toBe('inconclusive');
    expect(asked('handOverLoad', 'c').length).toBeGreaterThan(before);
    const { steps } = await handle.query<{ steps: { phase: string; note?: string }[] }>('progress');
    expect(steps.findLast(({ phase }) => phase === 'collect')?.note).toBe('2 batches of evidence stored, none from b');
  }, 150_000);
});
