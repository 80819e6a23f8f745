import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '#model/evidence.ts';
import { createLedger } from '#model/ledger.ts';
import type { EngineOrders, LoadPlan } from '#model/load-plan.ts';
import { createPresenceLedger, plannedAt } from './presence-ledger.ts';

const startsAt = 1_000_000;

function ordersOf(stages: LoadPlan['stages']): EngineOrders {
  const durationMs = stages.reduce((sum, stage) => sum + stage.durationMs, 0);
  return {
    plan: {
      ...{
        model: 'closed',
        mix: 'enterprise',
        seed: 1,
        virtualUsers: 20,
        usersMax: 20,
        spawnRatePerSecond: 50,
        stages,
      },
      ...{ thinkTimeMsMin: 0, thinkTimeMsMax: 0, shards: [{ shard: 0, firstSlot: 0, slots: 20 }], windowMs: 1_000 },
      ...{ drainMs: 1_000, requestTimeoutMs: 1_000, liveObjectsMax: 20, growth: false },
    },
    shard: { shard: 0, firstSlot: 0, slots: 20 },
    ...{ startsAt, endsAt: startsAt + durationMs, baseUrl: 'http://127.0.0.1', allowedHosts: [] },
    ...{ identitiesFile: '', secretFile: '', spoolFolder: '' },
  };
}

const hold = (users: number, seconds: number): LoadPlan['stages'] => [
  { name: 'hold', durationMs: seconds * 1_000, usersFrom: users, usersTo: users },
];

function start(orders: EngineOrders, now = startsAt) {
  const records: LedgerRecord[] = [];
  const ledger = createPresenceLedger({ orders, incarnation: 1, now, onSecond: (record) => records.push(record) });
  return { ledger, records };
}

/** Ticks every 100 ms in [from, to) with everybody there who is planned, less `missing`. */
function tick(
  { ledger }: ReturnType<typeof start>,
  orders: EngineOrders,
  span: { from: number; to: number; missing?: number },
) {
  for (let now = span.from; now < span.to; now += 100) {
    const planned = plannedAt(orders, now);
    ledger.observe(now, planned, Math.max(0, planned - (span.missing ?? 0)));
  }
}

function expectBalanced(records: readonly LedgerRecord[]): void {
  for (const { due, delivered, dropped, abandoned, inFlight } of records) {
    expect(delivered + dropped + abandoned + inFlight).toBe(due);
  }
}

describe('the presence ledger', () => {
  it('delivers what is there, at whole seconds from the start', () => {
    const orders = ordersOf(hold(20, 3));
    const run = start(orders);
    tick(run, orders, { from: startsAt, to: startsAt + 3_000 });
    run.ledger.end(startsAt + 3_000);
    expect(run.records.map(({ at, due, delivered }) => [at - startsAt, due, delivered])).toEqual([
      [0, 20, 20],
      [1_000, 20, 20],
      [2_000, 20, 20],
    ]);
  });

  it('drops nothing on ramps up and down that users follow', () => {
    const orders = ordersOf([
      { name: 'up', durationMs: 4_000, usersFrom: 0, usersTo: 20 },
      { name: 'down', durationMs: 4_000, usersFrom: 20, usersTo: 0 },
    ]);
    const run = start(orders);
    tick(run, orders, { from: startsAt, to: startsAt + 8_100 });
    expect(run.records.map(({ delivered }) => delivered)).toEqual([0, 5, 10, 15, 20, 15, 10, 5]);
    expect(run.ledger.totals().dropped).toBe(0);
  });

  it('drops the seconds of users that are missing', () => {
    const orders = ordersOf(hold(20, 2));
    const run = start(orders);
    tick(run, orders, { from: startsAt, to: startsAt + 2_100, missing: 3 });
    expect(run.records.map(({ delivered, dropped }) => [delivered, dropped])).toEqual([
      [17, 3],
      [17, 3],
    ]);
  });

  it('drops what a stalled engine did not drive, and still balances', () => {
    const orders = ordersOf(hold(20, 8));
    const run = start(orders);
    tick(run, orders, { from: startsAt, to: startsAt + 2_000 });
    tick(run, orders, { from: startsAt + 5_500, to: startsAt + 8_100 });
    expectBalanced(run.records);
    expect(run.records.map(({ dropped }) => dropped)).toEqual([0, 0, 17, 20, 20, 10, 0, 0]);
  });

  it('begins with the second that a late engine joins in', () => {
    const orders = ordersOf(hold(20, 8));
    const run = start(orders, startsAt + 4_600);
    tick(run, orders, { from: startsAt + 4_600, to: startsAt + 6_100 });
    expect(run.records.map(({ at, dropped }) => [at - startsAt, dropped])).toEqual([
      [4_000, 12],
      [5_000, 0],
    ]);
  });

  it('counts the second that a stop cuts off as abandoned', () => {
    const orders = ordersOf(hold(20, 8));
    const run = start(orders);
    tick(run, orders, { from: startsAt, to: startsAt + 1_500 });
    expect(run.ledger.totals()).toMatchObject({ due: 20, inFlight: 20 });
    run.ledger.end(startsAt + 1_500);
    expectBalanced(run.records);
    expect(run.records.at(-1)).toMatchObject({ due: 20, delivered: 0, abandoned: 20 });
    expect(run.ledger.totals()).toMatchObject({ due: 40, delivered: 20, abandoned: 20, inFlight: 0 });
  });

  it('follows orders that end earlier', () => {
    const orders = ordersOf(hold(20, 8));
    const run = start(orders);
    tick(run, orders, { from: startsAt, to: startsAt + 2_000 });
    const shorter = { ...orders, endsAt: startsAt + 2_000 };
    run.ledger.follow(shorter);
    tick(run, shorter, { from: startsAt + 2_000, to: startsAt + 4_100 });
    expect(run.records.map(({ due }) => due)).toEqual([20, 20, 0, 0]);
  });

  it('agrees with the ledger that the verdict balances', () => {
    const orders = ordersOf(hold(20, 8));
    const run = start(orders);
    tick(run, orders, { from: startsAt, to: startsAt + 8_100, missing: 2 });
    const judged = createLedger(orders.plan, startsAt);
    for (const record of run.records) judged.add(record);
    const { totals, gaps } = judged.balance(startsAt + 8_000);
    const own = run.ledger.totals();
    expect([totals.due, totals.delivered, totals.dropped]).toEqual([own.due, own.delivered, own.dropped]);
    expect(gaps).toEqual([]);
  });
});
