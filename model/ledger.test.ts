import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from './evidence.ts';
import { createLedger, type LedgerSecond } from './ledger.ts';

const startsAt = 1_000_000;
const load = {
  stages: [{ name: 'hold', durationMs: 10_000, usersFrom: 4, usersTo: 4 }],
  shards: [
    { shard: 0, firstSlot: 0, slots: 2 },
    { shard: 1, firstSlot: 2, slots: 2 },
  ],
};

function record(second: number, change: Partial<LedgerRecord> = {}): LedgerRecord {
  return {
    kind: 'ledger',
    at: startsAt + second * 1_000,
    shard: 0,
    incarnation: 1,
    due: 2,
    delivered: 2,
    dropped: 0,
    abandoned: 0,
    inFlight: 0,
    requests: 5,
    iterationsOk: 3,
    iterationsFailed: 0,
    iterationsAbandoned: 0,
    ...change,
  };
}

const holds = (row: LedgerSecond): boolean =>
  row.due === row.delivered + row.dropped + row.abandoned + row.unknown + row.inFlight;

function balance(records: readonly LedgerRecord[], until = startsAt + 10_000) {
  const ledger = createLedger(load, startsAt);
  for (const next of records) ledger.add(next);
  const seconds: LedgerSecond[] = [];
  return { ...ledger.balance(until, (second) => seconds.push(second)), seconds };
}

describe('createLedger', () => {
  it('counts a second that two shards delivered', () => {
    const { totals, gaps } = balance([record(0), record(0, { shard: 1 })], startsAt + 1_000);
    expect(totals).toMatchObject({ due: 4, delivered: 4, dropped: 0, unknown: 0, requests: 10 });
    expect(gaps).toEqual([]);
  });

  it('drops all that was due when nothing was ever recorded', () => {
    const { totals, gaps } = balance([]);
    expect(totals).toMatchObject({ due: 40, delivered: 0, dropped: 40, unknown: 0 });
    expect(gaps.map(({ shard, cause }) => [shard, cause])).toEqual([[0, 'not-begun'], [1, 'not-begun']]); // prettier-ignore
  });

  it('calls the first second after a death unknown and the rest dropped', () => {
    const records = [record(0), record(1), record(5, { incarnation: 2 }), ...[6, 7, 8, 9].map((second) => record(second, { incarnation: 2 }))]; // prettier-ignore
    const { shards, gaps } = balance(records);
    expect(shards[0]).toMatchObject({ due: 20, delivered: 14, unknown: 2, dropped: 4 });
    expect(gaps[0]).toEqual({ shard: 0, from: startsAt + 2_000, to: startsAt + 5_000, cause: 'dead' });
  });

  it('calls seconds unknown that a living engine did not record', () => {
    const { shards, gaps } = balance([record(0), record(3)], startsAt + 4_000);
    expect(shards[0]).toMatchObject({ delivered: 4, unknown: 4, dropped: 0 });
    expect(gaps[0]?.cause).toBe('unrecorded');
  });

  it('counts what ended in the drain, once, though nothing was due any more', () => {
    const whole = Array.from({ length: 10 }, (_, second) => record(second));
    const drained = record(10, { due: 0, delivered: 0, requests: 3, iterationsOk: 1 });
    const before = balance(whole).totals;
    const { totals } = balance([...whole, drained, drained]);
    expect(totals).toEqual({ ...before, requests: before.requests + 3, iterationsOk: before.iterationsOk + 1 });
  });

  it('never delivers more than was due when two incarnations share a second', () => {
    const { shards } = balance(
      [record(0, { delivered: 2 }), record(0, { incarnation: 2, delivered: 2 })],
      startsAt + 1,
    );
    expect(shards[0]).toMatchObject({ due: 2, delivered: 2, dropped: 0, requests: 10 });
  });

  it('adds what two incarnations delivered of one second', () => {
    const first = record(0, { delivered: 1, dropped: 1 });
    const { shards } = balance([first, record(0, { incarnation: 2, delivered: 1, dropped: 1 })], startsAt + 1);
    expect(shards[0]).toMatchObject({ due: 2, delivered: 2, dropped: 0 });
  });

  it('counts a record that came twice once', () => {
    expect(balance([record(0), record(0)], startsAt + 1).shards[0]).toMatchObject({ delivered: 2, requests: 5 });
  });

  it('drops what an engine did not own up to', () => {
    const { shards } = balance([record(0, { due: 0, delivered: 0 })], startsAt + 1);
    expect(shards[0]).toMatchObject({ due: 2, delivered: 0, dropped: 2 });
  });

  it('is balanced in every second, whatever the order and the deaths', () => {
    const small = fc.integer({ min: 0, max: 4 });
    const anyRecord = fc
      .record({
        ...{ second: fc.integer({ min: -1, max: 11 }), shard: fc.integer({ min: 0, max: 2 }) },
        ...{ incarnation: fc.integer({ min: 1, max: 3 }), due: small, delivered: small, dropped: small },
        ...{ abandoned: small, inFlight: small },
      })
      .map(({ second, ...rest }) => record(second, rest));
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 40 }), (records) => {
        const forwards = balance(records);
        expect(forwards.seconds.filter((second) => !holds(second))).toEqual([]);
        expect(balance([...records].reverse())).toEqual(forwards);
      }),
    );
  });
});

describe('createLedger of an open load', () => {
  const stage = { name: 'hold', durationMs: 5_000, usersFrom: 4, usersTo: 4 };
  const open = {
    model: 'open' as const,
    stages: [{ ...stage, ratePerSecondFrom: 4, ratePerSecondTo: 4 }],
    shards: [{ shard: 0, firstSlot: 0, slots: 4 }],
  };
  const told = (second: number, change: Partial<LedgerRecord> = {}) =>
    record(second, { due: 4, delivered: 4, ...change });
  function balanceOpen(records: readonly LedgerRecord[], goesOn = false) {
    const ledger = createLedger(open, startsAt);
    for (const next of records) ledger.add(next);
    const seconds: LedgerSecond[] = [];
    return { ...ledger.balance(startsAt + 5_000, (second) => seconds.push(second), goesOn), seconds };
  }

  it('owes the iterations that fall due, second by second', () => {
    const { totals } = balanceOpen([0, 1, 2, 3, 4].map((second) => told(second)));
    expect(totals).toMatchObject({ due: 20, delivered: 20, dropped: 0 });
  });

  it('goes by the later telling of a second, in whatever order they come', () => {
    const tellings = [told(0, { delivered: 1, inFlight: 3 }), told(0, { delivered: 3, inFlight: 0, abandoned: 1 })];
    for (const records of [tellings, [...tellings].reverse()]) {
      expect(balanceOpen(records).seconds[0]).toMatchObject({
        due: 4,
        delivered: 3,
        abandoned: 1,
        inFlight: 0,
        unknown: 0,
      });
    }
  });

  it('takes what an engine left in flight for unknown when another has followed, or nobody goes on', () => {
    const left = told(0, { delivered: 1, inFlight: 3 });
    expect(balanceOpen([left], true).seconds[0]).toMatchObject({ delivered: 1, inFlight: 3 });
    expect(balanceOpen([left]).seconds[0]).toMatchObject({ delivered: 1, unknown: 3 });
    const followed = [left, told(3, { incarnation: 2, delivered: 2, inFlight: 2 })];
    expect(balanceOpen(followed, true).seconds[0]).toMatchObject({ unknown: 3, inFlight: 0 });
    expect(balanceOpen(followed, true).seconds[3]).toMatchObject({ unknown: 0, inFlight: 2, dropped: 0 });
  });

  it('takes what nobody tells of the second of a succession for unknown, and of a late beginning for dropped', () => {
    const succeeded = balanceOpen([told(0), told(1, { incarnation: 2, due: 1, delivered: 1 })]);
    expect(succeeded.seconds[1]).toMatchObject({ delivered: 1, unknown: 3, dropped: 0, recorded: false });
    const late = balanceOpen([told(1, { due: 1, delivered: 1 })]);
    expect(late.seconds[1]).toMatchObject({ delivered: 1, unknown: 0, dropped: 3, recorded: true });
    const afterGap = balanceOpen([told(0), told(3, { incarnation: 2, due: 1, delivered: 1 })]);
    expect(afterGap.seconds.map(({ unknown, dropped }) => [unknown, dropped])).toEqual([[0, 0], [4, 0], [0, 4], [0, 3], [4, 0]]); // prettier-ignore
  });
});
