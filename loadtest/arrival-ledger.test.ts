import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '#model/evidence.ts';
import { createLedger, type LedgerSecond } from '#model/ledger.ts';
import { dueIterations, type Stage, totalLoadMs } from '#model/load-plan.ts';
import { openOrders } from '../test/open-orders.ts';
import { createArrivalLedger } from './arrival-ledger.ts';
import { createArrivals } from './arrivals.ts';
import type { IterationOutcome } from './presence-ledger.ts';

const startsAt = 1_000_000;
const hold = (seconds: number, rate: number): Stage[] => [
  {
    name: 'hold',
    durationMs: seconds * 1_000,
    usersFrom: 10,
    usersTo: 10,
    ratePerSecondFrom: rate,
    ratePerSecondTo: rate,
  },
];

/** An engine without users of flesh: iterations last as long as they are told to. */
function createLife(stages: Stage[], incarnation: number, beginsAt: number) {
  const orders = openOrders({ stages, startsAt });
  const records: LedgerRecord[] = [];
  const arrivals = createArrivals(orders, beginsAt);
  const append = (record: LedgerRecord): void => void records.push(record);
  const ledger = createArrivalLedger({ orders, incarnation, now: beginsAt, onSecond: append, onAgain: append });
  const flying: { told: number; endsAt: number; outcome: IterationOutcome }[] = [];
  let free = orders.plan.virtualUsers;

  function endUntil(now: number): void {
    for (const each of flying.filter(({ endsAt }) => endsAt <= now)) {
      flying.splice(flying.indexOf(each), 1);
      ledger.requestEnded();
      ledger.iterationEnded(each.told, each.outcome);
      free += 1;
    }
  }

  function tick(now: number, service: { ms: number; outcome: IterationOutcome }): void {
    endUntil(now);
    for (const { at, count } of arrivals.take(now)) {
      const begun = Math.min(count, free);
      const told = ledger.fellDue(at, { begun, dropped: count - begun });
      free -= begun;
      for (let index = 0; index < begun; index += 1) {
        flying.push({ told, endsAt: now + service.ms, outcome: service.outcome });
      }
    }
    ledger.advance(now);
  }
  const stop = (now: number): void => {
    ledger.cutOff(arrivals.left());
    ledger.end(now);
  };
  return { records, ledger, flying, tick, stop, endUntil };
}

const isBalanced = (
  of: Pick<LedgerSecond, 'due' | 'delivered' | 'dropped' | 'abandoned' | 'inFlight'> & { unknown?: number },
) => of.due === of.delivered + of.dropped + of.abandoned + of.inFlight + (of.unknown ?? 0);

function balance(
  stages: Stage[],
  records: readonly LedgerRecord[],
  { until = Infinity, goesOn = false }: { until?: number; goesOn?: boolean } = {},
) {
  const ledger = createLedger({ ...openOrders({ stages, startsAt }).plan, stages }, startsAt);
  for (const record of records) ledger.add(record);
  const seconds: LedgerSecond[] = [];
  const end = Math.min(until, startsAt + totalLoadMs({ stages }));
  return { ...ledger.balance(end, (second) => seconds.push(second), goesOn), seconds };
}

const quick = { ms: 5, outcome: 'ok' } as const;

describe('the ledger of an open load', () => {
  it('tells a second when it is over, and again when what was in flight has ended', () => {
    const life = createLife(hold(3, 2), 1, startsAt);
    life.tick(startsAt + 900, { ms: 700, outcome: 'failed' });
    life.tick(startsAt + 1_000, quick);
    expect(life.records.at(-1)).toMatchObject({ at: startsAt, due: 2, delivered: 0, inFlight: 2, iterationsFailed: 0 });
    life.tick(startsAt + 1_700, quick);
    life.tick(startsAt + 2_000, quick);
    const told = life.records.map(({ at, due, delivered, inFlight, iterationsFailed }) => {
      return [at - startsAt, due, delivered, inFlight, iterationsFailed];
    });
    // What failed did so in the second second, though it fell due in the first.
    expect(told).toEqual([[0, 2, 0, 2, 0], [1_000, 2, 1, 1, 2], [0, 2, 2, 0, 0]]); // prettier-ignore
  });

  it('counts what fell due while the engine stood still: begun as far as users are free, else dropped', () => {
    const stages = hold(5, 20);
    const life = createLife(stages, 1, startsAt);
    life.tick(startsAt + 3_250, quick);
    expect(life.ledger.totals()).toMatchObject({ due: 65, dropped: 55, inFlight: 10 });
    expect(life.records.map(({ due, dropped, inFlight }) => [due, dropped, inFlight])).toEqual([[20, 10, 10], [20, 20, 0], [20, 20, 0]]); // prettier-ignore
  });

  it('abandons at its stop what is in flight, and what was still due of the second', () => {
    const life = createLife(hold(5, 10), 1, startsAt);
    life.tick(startsAt + 500, { ms: 60_000, outcome: 'ok' });
    life.stop(startsAt + 500);
    expect(life.records.at(-1)).toMatchObject({ due: 10, delivered: 0, abandoned: 10, inFlight: 0 });
    expect(life.ledger.totals()).toMatchObject({ due: 10, abandoned: 10, inFlight: 0 });
  });

  it('leaves unknown what a killed engine had in flight, and the rest of the second in which it was succeeded', () => {
    const stages = hold(6, 10);
    const first = createLife(stages, 1, startsAt);
    first.tick(startsAt + 950, quick);
    first.tick(startsAt + 1_000, { ms: 60_000, outcome: 'ok' });
    first.tick(startsAt + 2_000, { ms: 60_000, outcome: 'ok' });
    const second = createLife(stages, 2, startsAt + 2_600);
    for (let at = 2_700; at <= 7_000; at += 100) second.tick(startsAt + at, quick);
    const { totals, gaps, seconds } = balance(stages, [...first.records, ...second.records]);
    expect(gaps).toEqual([]);
    expect(totals).toMatchObject({ due: 60, delivered: 44, unknown: 16, dropped: 0, inFlight: 0 });
    expect(seconds.map(({ unknown, recorded }) => [unknown, recorded]).slice(0, 4)).toEqual([[0, true], [10, true], [6, false], [0, true]]); // prettier-ignore
  });

  it('says what is in flight while the load goes on, of the newest engine alone', () => {
    const stages = hold(6, 10);
    const life = createLife(stages, 1, startsAt);
    life.tick(startsAt + 2_000, { ms: 60_000, outcome: 'ok' });
    expect(balance(stages, life.records, { until: startsAt + 2_000, goesOn: true }).totals).toMatchObject({
      inFlight: 10,
      unknown: 0,
    });
    expect(balance(stages, life.records, { until: startsAt + 2_000 }).totals).toMatchObject({
      inFlight: 0,
      unknown: 10,
    });
  });

  const anyStep = fc.record({
    ms: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 300, max: 4_000 })),
    service: fc.record({
      ms: fc.oneof(fc.nat(50), fc.nat(6_000)),
      outcome: fc.constantFrom<IterationOutcome>('ok', 'failed'),
    }),
    event: fc.constantFrom('none', 'none', 'none', 'none', 'kill', 'stop'),
    goneMs: fc.nat(3_000),
  });

  it('balances at every moment and in every record, whatever stalls, fails, is stopped and is killed', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), fc.nat(60), fc.nat(2_000), (steps, rate, lateMs) => {
        const stages = hold(20, rate);
        const planned = dueIterations({ stages }, 0, 20_000);
        let life = createLife(stages, 1, startsAt + lateMs);
        const records: LedgerRecord[] = [];
        let now = startsAt + lateMs;
        let incarnation = 1;
        const next = (goneMs: number): void => {
          records.push(...life.records);
          now += goneMs;
          incarnation += 1;
          life = createLife(stages, incarnation, now);
        };
        for (const { ms, service, event, goneMs } of steps) {
          now += ms;
          life.tick(now, service);
          expect(isBalanced(life.ledger.totals())).toBe(true);
          if (event === 'stop') life.stop(now);
          if (event !== 'none') next(goneMs);
        }
        for (const end = Math.max(now, startsAt + 20_000) + 8_000; now < end; now += 500) life.tick(now, quick);
        life.stop(now);
        expect(life.ledger.totals()).toMatchObject({ inFlight: 0 });
        records.push(...life.records);
        expect(records.filter((record) => !isBalanced(record))).toEqual([]);
        const { totals, seconds } = balance(stages, records);
        expect(seconds.filter((second) => !isBalanced(second))).toEqual([]);
        expect(totals).toMatchObject({ due: planned, inFlight: 0 });
        expect(balance(stages, [...records, ...records].reverse()).totals).toEqual(totals);
        if (incarnation === 1) expect(totals.unknown).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
