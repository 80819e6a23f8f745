import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { describe, it, type TestContext } from 'vitest';
import type { EvidenceRecord } from '#model/evidence.ts';
import { createLedger } from '#model/ledger.ts';
import type { EngineOrders, LoadPlan } from '#model/load-plan.ts';
import { loopbackIdentities, seededTools, startLoopbackTarget } from '../test/loopback-target.ts';
import { createMemoryJournal } from '../test/memory-journal.ts';
import { memorySink } from '../test/memory-sink.ts';
import { openOrders } from '../test/open-orders.ts';
import { createEngine } from './engine.ts';

type Load = Partial<LoadPlan> & { readonly rate?: number; readonly users?: number; readonly seconds?: number };

async function setUp(onTestFinished: TestContext['onTestFinished']) {
  const target = await startLoopbackTarget();
  onTestFinished(() => target.close());
  const sink = memorySink();
  const { records, of } = sink;
  const { journal } = createMemoryJournal();
  const ordersOf = (
    { rate = 40, users = 20, seconds = 2, ...plan }: Load,
    startsAt = Date.now() + 100,
  ): EngineOrders => {
    const stage = { name: 'hold', durationMs: seconds * 1_000, usersFrom: users, usersTo: users };
    const stages = [{ ...stage, ratePerSecondFrom: rate, ratePerSecondTo: rate }];
    return openOrders({ stages, startsAt, users, plan, baseUrl: target.baseUrl });
  };
  const engineOf = (orders: EngineOrders) =>
    createEngine({ ...{ orders, identities: loopbackIdentities(6), speech: target.speech, sink, journal, runTag: 'r' }, incarnation: 1, seededTools }); // prettier-ignore
  const balance = ({ plan, startsAt, endsAt }: EngineOrders) => {
    const ledger = createLedger(plan, startsAt);
    for (const record of of('ledger')) ledger.add(record);
    return ledger.balance(endsAt).totals;
  };
  const merged = (pick: (record: EvidenceRecord) => string | undefined): Histogram => {
    const decoded = records.flatMap((record) => pick(record) ?? []).map((text) => decodeFromCompressedBase64(text));
    const [first, ...rest] = decoded;
    if (first === undefined) throw new Error('there is no histogram');
    for (const next of rest) first.add(next);
    return first;
  };
  return { target, of, ordersOf, engineOf, balance, merged };
}

const serviceOf = (record: EvidenceRecord) => (record.kind === 'operation' ? record.histogram : undefined);
const latencyOf = (record: EvidenceRecord) => (record.kind === 'operation' ? record.latencyHistogram : undefined);

describe.concurrent('the engine of an open load', { timeout: 30_000 }, () => {
  it('begins every iteration that falls due, and balances with nothing in flight', async ({
    expect,
    onTestFinished,
  }) => {
    const { of, ordersOf, engineOf, balance, merged } = await setUp(onTestFinished);
    const orders = ordersOf({ mix: 'multi-tenant' });
    const engine = engineOf(orders);
    await engine.run();
    const totals = balance(orders);
    expect(totals).toMatchObject({ due: 80, unknown: 0, inFlight: 0, abandoned: 0 });
    expect(totals.delivered + totals.dropped).toBe(80);
    expect(totals.delivered).toBe(totals.iterationsOk + totals.iterationsFailed);
    expect(engine.totals()).toMatchObject({ inFlight: 0, load: { due: 80, delivered: totals.delivered, users: 0 } });
    const begun = of('schedule').reduce((sum, record) => sum + record.begun, 0);
    expect(begun).toBe(totals.delivered);
    expect(merged((record) => (record.kind === 'schedule' ? record.histogram : undefined)).totalCount).toBe(begun);
  });

  it('takes whoever has been idle for longest, so that everybody has a turn', async ({ expect, onTestFinished }) => {
    const { target, ordersOf, engineOf, balance } = await setUp(onTestFinished);
    const orders = ordersOf({ rate: 60, users: 25, mix: 'multi-tenant' });
    await engineOf(orders).run();
    expect(balance(orders).delivered).toBeGreaterThanOrEqual(25);
    expect(target.connections()).toBe(25);
  });

  it('drops what falls due while nobody is free, and counts it', async ({ expect, onTestFinished }) => {
    const { target, ordersOf, engineOf, balance } = await setUp(onTestFinished);
    target.mischief = () => 'silence';
    const orders = ordersOf({ users: 3, mix: 'multi-tenant', requestTimeoutMs: 60_000, drainMs: 200 });
    await engineOf(orders).run();
    const totals = balance(orders);
    expect(totals).toMatchObject({ due: 80, delivered: 0, dropped: 77, abandoned: 3, inFlight: 0, unknown: 0 });
    expect(totals.iterationsAbandoned).toBe(3);
  });

  it('tells latency from when an iteration was due, in which its waiting is', async ({ expect, onTestFinished }) => {
    const { ordersOf, engineOf, merged } = await setUp(onTestFinished);
    const engine = engineOf(ordersOf({ rate: 50, users: 60, seconds: 3, mix: 'multi-tenant' }));
    const running = engine.run();
    // The generator stands still for half a second: what fell due meanwhile begins late, and is answered as quickly as ever.
    await expect.poll(() => engine.totals().load.requests).toBeGreaterThan(10);
    const until = performance.now() + 500;
    while (performance.now() < until);
    await running;
    const [service, latency] = [merged(serviceOf), merged(latencyOf)];
    expect(latency.totalCount).toBe(service.totalCount);
    expect(latency.maxValue).toBeGreaterThan(400_000);
    expect(latency.getValueAtPercentile(90)).toBeGreaterThan(service.getValueAtPercentile(50) + 100_000);
  });

  it('joins at the present moment, and owes nothing of what came before', async ({ expect, onTestFinished }) => {
    const { of, ordersOf, engineOf, balance } = await setUp(onTestFinished);
    const orders = ordersOf({ mix: 'multi-tenant', seconds: 4 }, Date.now() - 2_500);
    await engineOf(orders).run();
    expect(of('ledger')[0]?.at).toBe(orders.startsAt + 2_000);
    const totals = balance(orders);
    expect(totals).toMatchObject({ due: 160, inFlight: 0, unknown: 0 });
    expect(totals.dropped).toBeGreaterThanOrEqual(100);
    expect(totals.delivered).toBeGreaterThan(0);
  });

  it('follows another rate and a pause, and ends its users’ iterations when it is stopped', async ({
    expect,
    onTestFinished,
  }) => {
    const { of, ordersOf, engineOf } = await setUp(onTestFinished);
    const orders = ordersOf({ rate: 20, seconds: 60, mix: 'multi-tenant' });
    const engine = engineOf(orders);
    const running = engine.run();
    await expect.poll(() => engine.totals().load.due).toBeGreaterThan(5);
    engine.follow(ordersOf({ rate: 0, seconds: 60 }, orders.startsAt));
    const { due } = engine.totals().load;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(engine.totals().load.due).toBeLessThanOrEqual(due + 1);
    engine.follow(ordersOf({ rate: 100, seconds: 60 }, orders.startsAt));
    await expect.poll(() => engine.totals().load.due).toBeGreaterThan(due + 30);
    await engine.stop();
    await running;
    expect(engine.totals().inFlight).toBe(0);
    const sums = of('ledger').map(
      (record) => record.due - record.delivered - record.dropped - record.abandoned - record.inFlight,
    );
    expect(sums.every((difference) => difference === 0)).toBe(true);
  });
});

describe.concurrent('the engine under fixed pacing', { timeout: 30_000 }, () => {
  it('begins an iteration of each user once in so long, and tells latency from then', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, of, engineOf, merged } = await setUp(onTestFinished);
    const startsAt = Date.now() + 100;
    const stages = [{ name: 'hold', durationMs: 3_000, usersFrom: 4, usersTo: 4 }];
    const plan = { model: 'closed', pacingMs: 500, mix: 'federation' } as const;
    const engine = engineOf(openOrders({ stages, startsAt, users: 4, plan, baseUrl: target.baseUrl }));
    const running = engine.run();
    await expect.poll(() => engine.totals().load.requests).toBeGreaterThan(3);
    const until = performance.now() + 1_200;
    while (performance.now() < until);
    await running;
    const iterations = of('ledger').reduce(
      (sum, { iterationsOk, iterationsFailed }) => sum + iterationsOk + iterationsFailed,
      0,
    );
    // Six each; those that were late have been caught up with.
    expect(iterations).toBeGreaterThanOrEqual(20);
    expect(iterations).toBeLessThanOrEqual(28);
    expect(merged(latencyOf).maxValue).toBeGreaterThan(500_000);
    expect(merged(serviceOf).totalCount).toBe(merged(latencyOf).totalCount);
  });
});
