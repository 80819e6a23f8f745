import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, it, type TestContext } from 'vitest';
import type { EngineOrders, LoadPlan } from '#model/load-plan.ts';
import { loopbackIdentities, seededTools, startLoopbackTarget } from '../test/loopback-target.ts';
import { createMemoryJournal } from '../test/memory-journal.ts';
import { memorySink } from '../test/memory-sink.ts';
import { createEngine } from './engine.ts';
import { EngineTotals } from './totals.ts';

/** A target, what an engine wrote down about it, and an engine for it; each test has its own, so that they run side by side. */
async function setUp(onTestFinished: TestContext['onTestFinished']) {
  const target = await startLoopbackTarget();
  onTestFinished(() => target.close());
  const sink = memorySink();
  const { of } = sink;
  const { journal, written } = createMemoryJournal();
  const engineOf = (orders: EngineOrders, speech = target.speech) =>
    createEngine({ ...{ orders, identities: loopbackIdentities(6), speech, sink, journal, runTag: 'r' }, incarnation: 1, seededTools }); // prettier-ignore
  const sumOf = (key: 'due' | 'delivered' | 'dropped' | 'abandoned' | 'requests' | 'iterationsFailed'): number =>
    of('ledger').reduce((sum, record) => sum + record[key], 0);
  const ordersOf = (plan: Partial<LoadPlan>, seconds: number, startsAt = Date.now()): EngineOrders =>
    planOrders(plan, { baseUrl: target.baseUrl, startsAt, endsAt: startsAt + seconds * 1_000 });
  return { target, engineOf, of, sumOf, ordersOf, written };
}

function planOrders(
  plan: Partial<LoadPlan>,
  place: Pick<EngineOrders, 'baseUrl' | 'startsAt' | 'endsAt'>,
): EngineOrders {
  const stages = [{ name: 'hold', durationMs: place.endsAt - place.startsAt, usersFrom: 6, usersTo: 6 }];
  const shard = { shard: 0, firstSlot: 0, slots: 6 };
  return {
    plan: {
      ...{ model: 'closed', mix: 'enterprise', seed: 1, virtualUsers: 6, usersMax: 6, spawnRatePerSecond: 100, stages },
      ...{ thinkTimeMsMin: 10, thinkTimeMsMax: 30, shards: [shard], windowMs: 1_000, drainMs: 1_000 },
      ...{ requestTimeoutMs: 300, liveObjectsMax: 3, growth: false },
      ...plan,
    },
    ...{ shard, ...place, allowedHosts: [], identitiesFile: '', secretFile: '', spoolFolder: '' },
  };
}

describe.concurrent('the engine', { timeout: 20_000 }, () => {
  it('drives its schedule to the end and balances, with nothing left in flight', async ({ expect, onTestFinished }) => {
    const { target, engineOf, of, sumOf, ordersOf } = await setUp(onTestFinished);
    const orders = ordersOf({}, 2);
    const engine = engineOf(orders);
    await engine.run();
    expect(of('ledger').every(({ at }) => (at - orders.startsAt) % 1_000 === 0)).toBe(true);
    expect(sumOf('due')).toBe(12);
    expect(sumOf('delivered')).toBeGreaterThanOrEqual(9);
    expect(sumOf('delivered') + sumOf('dropped') + sumOf('abandoned')).toBe(12);
    const asked = [...target.asked.values()].reduce((sum, count) => sum + count, 0);
    expect(sumOf('requests')).toBe(asked);
    const totals = EngineTotals.parse(engine.totals());
    expect(totals).toMatchObject({ inFlight: 0, load: { requests: asked, failed: 0, users: 0, due: 12 } });
    expect(of('sample').map(({ role }) => role)).toContain('engine-0');
  });

  it('books every answered request in a histogram, and one connection a user', async ({ expect, onTestFinished }) => {
    const { target, engineOf, of, sumOf, ordersOf } = await setUp(onTestFinished);
    await engineOf(ordersOf({}, 1)).run();
    const operations = of('operation');
    const ok = operations.reduce((sum, record) => sum + record.ok, 0);
    const recorded = operations.reduce(
      (sum, record) => sum + decodeFromCompressedBase64(record.histogram).totalCount,
      0,
    );
    expect(ok).toBe(sumOf('requests'));
    expect(recorded).toBe(ok);
    expect(target.connections()).toBe(6);
    const partial = operations.filter((record) => record.partial > 0).map(({ operation }) => operation);
    expect(partial).toEqual(['federation-aggregate']);
  });

  it('shares connections where it is told to, and counts what goes over them', async ({ expect, onTestFinished }) => {
    const { target, engineOf, of, ordersOf } = await setUp(onTestFinished);
    await engineOf(ordersOf({ connections: 2 }, 1)).run();
    expect(target.connections()).toBe(2);
    const answered = of('operation').map(({ ok, statuses, reconnects, bytesOut = 0 }) => ({ statuses, reconnects, isMore: bytesOut > ok })); // prettier-ignore
    expect(answered.length).toBeGreaterThan(0);
    for (const each of answered) expect(each).toMatchObject({ reconnects: 0, isMore: true });
    expect(of('operation').every(({ ok, statuses }) => statuses?.['2xx'] === ok)).toBe(true);
  });

  it('keeps each user within its live objects, and writes what the target holds at the end', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, engineOf, written, ordersOf } = await setUp(onTestFinished);
    await engineOf(ordersOf({ mix: 'write-heavy' }, 2)).run();
    const held = new Map<number, number>();
    for (const { ownerId } of target.tools.values()) held.set(ownerId, (held.get(ownerId) ?? 0) + 1);
    expect(Math.max(...held.values())).toBeLessThanOrEqual(3);
    expect(written.counts().deleted).toBeGreaterThan(0);
    expect([...written.objects.keys()].sort()).toEqual([...target.tools.keys()].sort());
    for (const [objectId, { values }] of written.objects) {
      const { description, teamId } = target.tools.get(objectId) ?? {};
      expect(values).toEqual([{ description, teamId }]);
    }
  });

  it('tells timeouts from lost connections, and books lost writes as indeterminate', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, engineOf, of, sumOf, ordersOf, written } = await setUp(onTestFinished);
    target.mischief = ({ kind }) => (kind === 'create-tool' ? 'silence' : kind === 'search-tools' ? 'cut' : undefined);
    await engineOf(ordersOf({}, 2)).run();
    const causes = new Map(of('operation').map(({ operation, failed }) => [operation, Object.keys(failed)]));
    expect(causes.get('create-tool')).toEqual(['timeout']);
    expect(causes.get('search-tools')).toEqual(['connection-CLOSED']);
    expect(written.objects.size).toBe(0);
    expect(written.creations.size).toBe(target.asked.get('create-tool'));
    expect(sumOf('iterationsFailed')).toBeGreaterThan(0);
  });

  it('sends no write before its intent is kept', async ({ expect, onTestFinished }) => {
    const { target, engineOf, written, ordersOf } = await setUp(onTestFinished);
    const unkept: string[] = [];
    let writes = 0;
    target.mischief = (operation) => {
      const isCreation = operation.kind === 'create-tool';
      const isChange = operation.kind === 'update-tool' || operation.kind === 'delete-tool';
      if (isCreation || isChange) writes += 1;
      if (isCreation && !written.creations.has(operation.name)) unkept.push(operation.name);
      if (isChange && written.objects.get(operation.toolId)?.change === undefined) unkept.push(operation.kind);
      return undefined;
    };
    await engineOf(ordersOf({ mix: 'write-heavy' }, 1)).run();
    expect(writes).toBeGreaterThan(20);
    expect(unkept).toEqual([]);
  });

  it('joins at the present moment and respects the spawn rate', async ({ expect, onTestFinished }) => {
    const { target, engineOf, of, sumOf, ordersOf } = await setUp(onTestFinished);
    const orders = ordersOf({ spawnRatePerSecond: 2 }, 5, Date.now() - 3_000);
    await engineOf(orders).run();
    const [first] = of('ledger');
    expect(first?.at).toBe(orders.startsAt + 3_000);
    expect(target.connections()).toBeLessThanOrEqual(5);
    expect(sumOf('dropped')).toBeGreaterThan(0);
  });

  it('stops within its grace, abandoning what does not end', async ({ expect, onTestFinished }) => {
    const { target, engineOf, of, sumOf, ordersOf } = await setUp(onTestFinished);
    target.mischief = ({ kind }) => (kind === 'federated-tools' ? 'silence' : undefined);
    const engine = engineOf(ordersOf({ requestTimeoutMs: 60_000, mix: 'federation' }, 60));
    const running = engine.run();
    await expect.poll(() => target.asked.get('federated-tools') ?? 0).toBeGreaterThan(0);
    const stoppedAt = performance.now();
    await engine.stop();
    await running;
    expect(performance.now() - stoppedAt).toBeLessThan(5_000);
    expect(of('operation').some(({ abandoned }) => abandoned > 0)).toBe(true);
    expect(sumOf('abandoned')).toBeGreaterThan(0);
    expect(sumOf('due')).toBe(sumOf('delivered') + sumOf('dropped') + sumOf('abandoned'));
  });

  it('follows a revision: nobody while paused, an earlier end', async ({ expect, onTestFinished }) => {
    const { engineOf, ordersOf } = await setUp(onTestFinished);
    const orders = ordersOf({}, 60);
    const engine = engineOf(orders);
    const running = engine.run();
    await expect.poll(() => engine.totals().load.users).toBe(6);
    const stages = [{ name: 'pause', durationMs: 60_000, usersFrom: 0, usersTo: 0 }];
    engine.follow({ ...orders, plan: { ...orders.plan, stages } });
    await expect.poll(() => engine.totals().load.users).toBe(0);
    engine.follow({ ...orders, endsAt: Date.now() + 500 });
    await expect.poll(() => engine.totals().load.users).toBe(6);
    await running;
    expect(engine.totals().inFlight).toBe(0);
  });

  it('names scope leaks, a hundred at most', async ({ expect, onTestFinished }) => {
    const { target, engineOf, of, ordersOf } = await setUp(onTestFinished);
    const speech = {
      ...target.speech,
      check: () => ({
        failures: [{ kind: 'scope', detail: 'tool 9 is private' } as const],
        toolIds: [],
        partial: false,
      }),
    };
    const orders = ordersOf({ mix: 'multi-tenant', thinkTimeMsMin: 0, thinkTimeMsMax: 1 }, 1);
    await engineOf(orders, speech).run();
    expect(of('finding').length).toBe(100);
    expect(of('finding')[0]).toMatchObject({ finding: 'scope-leak', source: 'engine-0' });
    expect(of('operation').every(({ ok, failed }) => ok === 0 && failed['check-scope'] !== undefined)).toBe(true);
  });

  it('refuses a host that is not allowed, before it sends anything', async ({ expect, onTestFinished }) => {
    const { target, engineOf, ordersOf } = await setUp(onTestFinished);
    const orders = ordersOf({}, 1);
    expect(() => engineOf({ ...orders, baseUrl: 'http://gateway.test' })).toThrow('not on the list');
    const engine = engineOf(orders);
    expect(() => {
      engine.follow({ ...orders, baseUrl: 'http://gateway.test' });
    }).toThrow('not on the list');
    expect(target.connections()).toBe(0);
  });
});
