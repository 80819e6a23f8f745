import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, it, type TestContext } from 'vitest';
import type { EngineOrders, LoadPlan } from '#model/load-plan.ts';
import { loopbackIdentities, seededTools, startLoopbackTarget } from '../../test/loopback-target.ts';
import { createMemoryJournal } from '../../test/memory-journal.ts';
import { memorySink } from '../../test/memory-sink.ts';
import { createEngine, type Engine } from '../engine.ts';
import type { Scenario, ScenarioClass, ScenarioUser } from '../scenario.ts';
import { behavioursOfScenario } from './scenario-behaviours.ts';
import { parseScenario } from './scenario-file.ts';

const users = 3;
/** Longer than any test: each stops when it has seen what it wants. */
const scheduleMs = 60_000;

async function setUp({ onTestFinished }: TestContext) {
  const target = await startLoopbackTarget();
  onTestFinished(() => target.close());
  const sink = memorySink();
  const { of } = sink;
  const { journal, written } = createMemoryJournal();

  function engineOf(scenario: Scenario, shape: Partial<LoadPlan> = {}) {
    const read = parseScenario(scenario);
    if (!read.ok) throw new Error(read.problems.join('; '));
    const startsAt = Date.now();
    const shard = { shard: 0, firstSlot: 0, slots: users };
    const stages = [{ name: 'hold', durationMs: scheduleMs, usersFrom: users, usersTo: users }];
    const orders: EngineOrders = {
      plan: {
        ...{ model: 'closed', mix: 'enterprise', seed: 1, virtualUsers: users, usersMax: users, stages },
        ...{ spawnRatePerSecond: 100, thinkTimeMsMin: 10, thinkTimeMsMax: 20, shards: [shard], windowMs: 1_000 },
        ...{ drainMs: 5_000, requestTimeoutMs: 5_000, liveObjectsMax: 3, growth: false },
        ...shape,
      },
      ...{ shard, startsAt, endsAt: startsAt + scheduleMs, baseUrl: target.baseUrl, allowedHosts: [] },
      ...{ identitiesFile: '', secretFile: '', spoolFolder: '' },
    };
    return createEngine({
      ...{ orders, identities: loopbackIdentities(users), speech: target.speech, sink, journal, runTag: 'r' },
      ...{ incarnation: 1, seededTools, behaviours: behavioursOfScenario(read.scenario) },
    });
  }

  /** Counts by operation, failures by their cause. */
  const counts = (): Record<string, Record<string, number>> => {
    const sums: Record<string, Record<string, number>> = {};
    for (const { operation, ok, abandoned, failed } of of('operation')) {
      const sum = (sums[operation] ??= {});
      for (const [how, count] of Object.entries({ ok, abandoned, ...failed })) {
        if (count > 0) sum[how] = (sum[how] ?? 0) + count;
      }
    }
    return sums;
  };
  /** A second of an open load is told again when more of it has ended. */
  const iterations = () =>
    [...new Map(of('ledger').map((record) => [record.at, record])).values()].reduce(
      (sum, { iterationsOk, iterationsFailed, iterationsAbandoned }) => ({
        ok: sum.ok + iterationsOk,
        failed: sum.failed + iterationsFailed,
        abandoned: sum.abandoned + iterationsAbandoned,
      }),
      { ok: 0, failed: 0, abandoned: 0 },
    );
  return { target, engineOf, of, counts, iterations, written };
}

/** Runs an engine until its users have done enough, and then to its end. */
async function drive(engine: Engine, isEnough: (load: ReturnType<Engine['totals']>['load']) => boolean): Promise<void> {
  const running = engine.run();
  const deadline = Date.now() + 15_000;
  while (!isEnough(engine.totals().load) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await Promise.all([engine.stop(), running]);
}

const oneClass = (run: (user: ScenarioUser) => unknown, rest: Partial<ScenarioClass & Scenario> = {}): Scenario => {
  const { thinkTimeMs = [10, 20], ...scenario } = rest;
  return { classes: [{ name: 'some', weight: 1, thinkTimeMs, tasks: { it: { weight: 1, run } } }], ...scenario };
};

/** The loopback target takes its operations as JSON on one path. */
const read = { method: 'POST', path: '/', body: { operation: { kind: 'search-tools' }, userId: 1 } } as const;

describe.concurrent('the engine with a scenario', { timeout: 20_000 }, () => {
  it('books its requests by name, as the identity that it says', async (context) => {
    const { engineOf, counts, iterations, target } = await setUp(context);
    const scenario = oneClass((user) => user.request({ name: 'look', ...read }));
    await drive(engineOf(scenario), ({ requests }) => requests > 20);
    const { expect } = context;
    const asked = target.asked.get('search-tools') ?? 0;
    expect(asked).toBeGreaterThan(20);
    expect(counts()).toEqual({ look: { ok: asked } });
    expect(iterations()).toEqual({ ok: asked, failed: 0, abandoned: 0 });
  });

  it('counts a task that throws, names the first of them, and neither ends nor spins', async (context) => {
    const { engineOf, counts, iterations, of } = await setUp(context);
    const scenario = oneClass(
      () => {
        throw new TypeError('x is not a function');
      },
      { thinkTimeMs: [0, 0] },
    );
    const startedAt = performance.now();
    await drive(engineOf(scenario), ({ failed: broken }) => broken >= 12);
    const tookMs = performance.now() - startedAt;
    const { expect } = context;
    const { failed, ok } = iterations();
    expect(ok).toBe(0);
    expect(counts()).toEqual({ 'task it': { 'task-error': failed } });
    // Without think time, an iteration that breaks at once is followed by a pause of a tenth of a second.
    expect(failed).toBeGreaterThanOrEqual(12);
    expect(failed).toBeLessThanOrEqual(users * (tookMs / 100 + 2));
    expect(of('finding')[0]).toMatchObject({
      finding: 'task-error',
      detail: 'task it: TypeError: x is not a function',
    });
  });

  it('names each broken task once, however often it breaks', async (context) => {
    const { engineOf, of, iterations } = await setUp(context);
    const scenario = oneClass(async (user) => {
      await user.request({ name: 'look', ...read });
      if (user.draw() < 0.5) throw new Error('the same as ever');
      throw new Error(`no ${user.slot} ${user.draw()}`);
    });
    await drive(engineOf(scenario), ({ failed }) => failed > 30);
    const told = of('finding').map(({ detail }) => detail);
    context.expect(new Set(told).size).toBe(told.length);
    context.expect(told).toContain('task it: Error: the same as ever');
    context.expect(told.length).toBeLessThanOrEqual(100);
    context.expect(iterations().failed).toBeGreaterThan(told.length);
  });

  it('cuts off a task that never settles, and lets nothing of it reach into the next iteration', async (context) => {
    const { engineOf, counts, iterations } = await setUp(context);
    const late: unknown[] = [];
    const scenario = oneClass(
      async (user) => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        await user.request({ name: 'late', ...read }).catch((error: unknown) => late.push(error));
      },
      { iterationMsMax: 150 },
    );
    await drive(engineOf(scenario), ({ failed }) => failed > users);
    const { expect } = context;
    const { failed } = iterations();
    expect(failed).toBeGreaterThan(users);
    expect(counts()['task it']).toEqual({ 'task-timeout': failed });
    expect(counts()['late']).toBeUndefined();
    expect(late.every((error) => (error as Error).name === 'IterationOver')).toBe(true);
  });

  it('abandons a task that the stop cuts off, whatever it waits for', async (context) => {
    const { engineOf, iterations, counts } = await setUp(context);
    const scenario = oneClass(() => new Promise(() => undefined));
    await drive(engineOf(scenario), (load) => load.users === users);
    const { expect } = context;
    expect(iterations()).toEqual({ ok: 0, failed: 0, abandoned: users });
    expect(counts()).toEqual({});
  });

  it('is not kept from its end by a task that catches everything and asks on', async (context) => {
    const { engineOf, iterations, target } = await setUp(context);
    let goesOn = true;
    context.onTestFinished(() => {
      goesOn = false;
    });
    const scenario = oneClass(async (user) => {
      while (goesOn) await user.request({ name: 'look', ...read }).catch(() => undefined);
    });
    await drive(engineOf(scenario), (load) => load.users === users);
    context.expect(iterations()).toEqual({ ok: 0, failed: 0, abandoned: users });
    context.expect(target.asked.get('search-tools')).toBeGreaterThan(0);
  });

  it('tells refusals, lost connections, time-outs and what its own checks find apart', async (context) => {
    const { engineOf, counts, of, target } = await setUp(context);
    target.mischief = ({ kind }) => (kind === 'search-tools' ? 503 : kind === 'read-tool' ? 'cut' : undefined);
    const asking = (kind: string) => ({ ...read, body: { operation: { kind, toolId: 1 }, userId: 1 } });
    const scenario = oneClass(async (user) => {
      await user.request({ name: 'refused', ...asking('search-tools') });
      await user.request({
        name: 'refused as it should be',
        ...asking('search-tools'),
        check: ({ status }) => status === 503,
      });
      await user.request({ name: 'lost', ...asking('read-tool') });
      await user.request({
        name: 'empty',
        ...asking('team-tools'),
        check: ({ json }) => (json() as { no?: [] }).no !== undefined || 'nothing in it',
      });
      await user.request({ name: 'broken check', ...asking('team-tools'), check: () => JSON.parse('{') as boolean });
    });
    await drive(engineOf(scenario), ({ requests }) => requests > 30);
    const { expect } = context;
    const found = counts();
    expect(Object.keys(found['refused'] ?? {})).toEqual(['http-503']);
    expect(Object.keys(found['refused as it should be'] ?? {})).toEqual(['ok']);
    expect(Object.keys(found['lost'] ?? {})).toEqual(['connection-CLOSED']);
    expect(Object.keys(found['empty'] ?? {})).toEqual(['check-own']);
    expect(Object.keys(found['broken check'] ?? {})).toEqual(['check-own']);
    expect(of('finding').map(({ detail }) => detail)).toContain('empty: nothing in it');
  });

  it('takes iterations at a rate, of each class as often as its weight says, and tells latency from when they were meant to begin', async (context) => {
    const { engineOf, counts, of, iterations } = await setUp(context);
    const asks = (name: string, beforeMs: number) => async (user: ScenarioUser) => {
      await new Promise((resolve) => setTimeout(resolve, beforeMs));
      await user.request({ name, ...read });
    };
    const scenario: Scenario = {
      classes: [
        { name: 'most', weight: 3, tasks: { it: { weight: 1, run: asks('at once', 0) } } },
        { name: 'few', weight: 1, tasks: { it: { weight: 1, run: asks('after a while', 60) } } },
      ],
    };
    const rate = { ratePerSecondFrom: 40, ratePerSecondTo: 40 };
    const stages = [{ name: 'hold', durationMs: scheduleMs, usersFrom: users, usersTo: users, ...rate }];
    await drive(engineOf(scenario, { model: 'open', stages }), ({ requests }) => requests > 40);
    const { expect } = context;
    const { 'at once': most, 'after a while': few } = counts();
    expect((most?.['ok'] ?? 0) / (few?.['ok'] ?? 1)).toBeGreaterThan(2);
    expect((most?.['ok'] ?? 0) / (few?.['ok'] ?? 1)).toBeLessThan(4.5);
    expect(iterations().ok).toBe((most?.['ok'] ?? 0) + (few?.['ok'] ?? 0));
    const [late] = of('operation').filter(({ operation }) => operation === 'after a while');
    const p50Of = (text = ''): number => decodeFromCompressedBase64(text).getValueAtPercentile(50);
    expect(p50Of(late?.latencyHistogram) - p50Of(late?.histogram)).toBeGreaterThan(50_000);
  });

  it('begins iterations on a grid under fixed pacing, whatever its classes say of thinking', async (context) => {
    const { engineOf, counts } = await setUp(context);
    const scenario = oneClass((user) => user.request({ name: 'look', ...read }), { thinkTimeMs: [60_000, 60_000] });
    const startedAt = performance.now();
    await drive(engineOf(scenario, { pacingMs: 100 }), ({ requests }) => requests > 20);
    const tookMs = performance.now() - startedAt;
    context.expect(counts()['look']?.['ok']).toBeLessThanOrEqual(users * (tookMs / 100 + 2));
  });

  it('abandons what a pool of users does when the stop cuts it off', async (context) => {
    const { engineOf, iterations } = await setUp(context);
    const rate = { ratePerSecondFrom: 20, ratePerSecondTo: 20 };
    const stages = [{ name: 'hold', durationMs: scheduleMs, usersFrom: users, usersTo: users, ...rate }];
    const scenario = oneClass(() => new Promise(() => undefined));
    await drive(engineOf(scenario, { model: 'open', stages }), (load) => load.users === users);
    context.expect(iterations()).toEqual({ ok: 0, failed: 0, abandoned: users });
  });

  it('keeps what is written with send for the oracle, within the bound of live objects', async (context) => {
    const { engineOf, written, target, counts } = await setUp(context);
    const scenario = oneClass(
      async (user) => {
        const { toolIds } = await user.send({ kind: 'create-tool' });
        const [toolId = 0] = toolIds;
        await user.send({ kind: 'update-tool', toolId });
        const [oldest] = user.ownToolIds;
        if (user.draw() < 0.3 && oldest !== undefined) await user.send({ kind: 'delete-tool', toolId: oldest });
      },
      { requests: 'none' },
    );
    await drive(engineOf(scenario), () => written.counts().deleted > 3);
    const { expect } = context;
    const held = new Map<number, number>();
    for (const { ownerId } of target.tools.values()) held.set(ownerId, (held.get(ownerId) ?? 0) + 1);
    expect(Math.max(...held.values())).toBeLessThanOrEqual(3);
    expect(written.counts().deleted).toBeGreaterThan(0);
    expect([...written.objects.keys()].sort()).toEqual([...target.tools.keys()].sort());
    expect(counts()['task it']).toBeUndefined();
  });

  it.for<[string, (user: ScenarioUser) => unknown, string]>([
    [
      'wordless',
      (user) => user.request({ name: '', path: '/' }),
      'TaskMisuse: a request needs a name of 1 to 80 printable characters, given is ""',
    ],
    [
      'elsewhere',
      (user) => user.request({ name: 'out', path: 'http://gateway.test/' }),
      'TaskMisuse: the path of out must begin with /, given is "http://gateway.test/": load goes to the run\'s own stack only',
    ],
    [
      'write',
      (user) => user.request({ name: 'post', method: 'POST', path: '/' }),
      "TaskMisuse: post: the scenario says requests: 'reads', and POST may write",
    ],
    [
      'alias',
      (user) => user.request({ name: 'read-tool', path: '/' }),
      'TaskMisuse: a request cannot be called read-tool: the report uses that name already',
    ],
    [
      'foreign',
      (user) => user.send({ kind: 'delete-tool', toolId: 1 }),
      "TaskMisuse: delete-tool: tool 1 is not one of the user's own (ownToolIds)",
    ],
  ])('refuses what a task may not ask: %s', async ([, run, message], context) => {
    const { engineOf, of, target } = await setUp(context);
    await drive(engineOf(oneClass(run, { requests: 'reads' })), ({ failed }) => failed > 0);
    context.expect(of('finding')[0]?.detail).toBe(`task it: ${message}`);
    context.expect(target.asked.size).toBe(0);
  });
});
