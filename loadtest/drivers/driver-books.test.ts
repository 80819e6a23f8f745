import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { createLedger } from '#model/ledger.ts';
import type { EngineOrders } from '#model/load-plan.ts';
import { memorySink } from '../../test/memory-sink.ts';
import { createDriverBooks } from './driver-books.ts';
import type { ToolReport } from './tool-report.ts';

const startsAt = 1_800_000_000_250;
const seconds = 20;
const users = 4;

function ordersOf(): EngineOrders {
  const shard = { shard: 0, firstSlot: 0, slots: users };
  const stages = [{ name: 'hold', durationMs: seconds * 1_000, usersFrom: users, usersTo: users }];
  return {
    plan: {
      ...{ model: 'closed', mix: 'enterprise', seed: 1, virtualUsers: users, usersMax: users, spawnRatePerSecond: 50 },
      ...{ thinkTimeMsMin: 0, thinkTimeMsMax: 0, stages, shards: [shard], windowMs: 1_000, drainMs: 1_000 },
      ...{ requestTimeoutMs: 1_000, liveObjectsMax: 1, growth: false },
    },
    ...{ shard, startsAt, endsAt: startsAt + seconds * 1_000, baseUrl: 'http://127.0.0.1:1', allowedHosts: [] },
    ...{ identitiesFile: '', secretFile: '', spoolFolder: '' },
  };
}

/** Books whose clock is told; times are seconds from the start of the load. */
function openBooks() {
  const sink = memorySink();
  const { of } = sink;
  const at = (second: number): number => startsAt + second * 1_000;
  const books = createDriverBooks({
    ...{ orders: ordersOf(), incarnation: 1, now: at(-4), tool: 'Locust', backMs: 0 },
    sink,
  });
  return {
    books,
    at,
    of,
    report: (second: number, rest: Omit<ToolReport, 'at'>) => {
      books.add({ at: at(second), ...rest });
    },
    /** Seconds of the schedule that have a record. */
    recorded: () => of('ledger').map((record) => (record.at - startsAt) / 1_000),
    balance: () => {
      const ledger = createLedger(ordersOf().plan, startsAt);
      for (const record of of('ledger')) ledger.add(record);
      return ledger.balance(at(seconds));
    },
  };
}

const requests = (ok: number, failed: Record<string, number> = {}) => [
  { operation: 'GET /', ok, failed, bytesIn: 10 * ok, durationsUs: [[5_000, ok] as const] },
];

describe('the books of a driver', () => {
  it('book a load that was there from beginning to end as delivered', () => {
    const { books, at, of, report, balance } = openBooks();
    report(-3, { users: 0 });
    report(-0.1, { users });
    for (let second = 0; second < seconds; second += 1) {
      report(second + 0.5, { users, requests: requests(7, { 'http-503': 1 }) });
      books.advance(at(second + 1));
    }
    report(seconds, { users: 0 });
    books.close(at(seconds + 1));
    const { totals, gaps } = balance();
    expect(totals).toMatchObject({ due: 80, delivered: 80, dropped: 0, abandoned: 0, unknown: 0, requests: 160 });
    expect(totals).toMatchObject({ iterationsOk: 140, iterationsFailed: 20 });
    expect(gaps).toEqual([]);
    expect(of('gap')).toEqual([]);
    const operations = of('operation');
    expect(operations.length).toBeGreaterThanOrEqual(2);
    expect(operations.reduce((sum, { ok }) => sum + ok, 0)).toBe(140);
    const timed = operations.map(({ histogram }) => decodeFromCompressedBase64(histogram));
    expect(timed.reduce((sum, { totalCount }) => sum + totalCount, 0)).toBe(140);
    expect(timed[0]?.getValueAtPercentile(50)).toBeCloseTo(5_000, -2);
    expect(books.totals(at(seconds)).load).toMatchObject({ due: 80, delivered: 80, requests: 160, failed: 20 });
  });

  it('book users that were not there as dropped, by the time that they were away', () => {
    const { books, at, report, balance } = openBooks();
    report(-1, { users });
    for (let second = 0; second < 10; second += 1) report(second, { users });
    report(10, { users: 2 });
    for (let second = 10.5; second < seconds; second += 1) report(second, { users: 2 });
    books.close(at(seconds));
    expect(balance().totals).toMatchObject({ delivered: 60, dropped: 20, unknown: 0 });
  });

  it('leave the seconds of a death out, cut off what was due of its first, and tell the gap', () => {
    const { books, at, of, report, recorded, balance } = openBooks();
    report(-1, { users });
    for (let second = 0; second <= 5; second += 1) report(second, { users, requests: requests(2) });
    books.died(at(5.25), 'Locust died (SIGKILL) and was started again; its users spawn anew');
    books.advance(at(7));
    report(7.5, { users: 0 });
    for (let second = 8; second < seconds; second += 1) report(second, { users, requests: requests(2) });
    books.close(at(seconds));
    expect(recorded()).toEqual([0, 1, 2, 3, 4, 5, ...Array.from({ length: 12 }, (_, index) => index + 8)]);
    expect(of('ledger').find((record) => record.at === at(5))).toMatchObject({
      delivered: 1,
      abandoned: 3,
      dropped: 0,
    });
    expect(of('gap')).toMatchObject([{ at: at(5.25), until: at(7.5), source: 'engine-0' }]);
    const { totals, gaps } = balance();
    expect(gaps).toMatchObject([{ from: at(6), to: at(8), cause: 'unrecorded' }]);
    expect(totals).toMatchObject({ due: 80, abandoned: 3, unknown: 8, requests: 36 });
    expect(totals.due).toBe(totals.delivered + totals.dropped + totals.abandoned + totals.unknown);
  });

  it('tell of a tool that began late, and of one that never came back', () => {
    const late = openBooks();
    late.report(3.5, { users });
    late.books.died(late.at(10.5), 'it died');
    late.books.close(late.at(seconds + 2));
    expect(late.recorded()).toEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(late.of('gap')).toMatchObject([
      { at: late.at(0), until: late.at(3.5), reason: 'Locust had not begun' },
      { at: late.at(10.5), until: late.at(seconds), reason: 'it died' },
    ]);
    const never = openBooks();
    never.books.close(never.at(seconds));
    expect(never.of('ledger')).toEqual([]);
    expect(never.of('gap')).toMatchObject([{ at: never.at(0), until: never.at(seconds) }]);
  });

  it('count CPU on over the lives of the tool', () => {
    const { books, at, of, report } = openBooks();
    const self = { cpuSeconds: 3, rssBytes: 1, eventLoopDelayP99Seconds: 0.01 };
    report(1, { self });
    books.died(at(2), 'it died');
    report(3, { self: { ...self, cpuSeconds: 1 } });
    expect(of('sample').map(({ values }) => values['cpu_seconds_total'])).toEqual([3, 4]);
  });

  it('name a hundred different things that its file broke, and count all', () => {
    const { books, at, of, report } = openBooks();
    for (let index = 0; index < 150; index += 1) {
      report(1, {
        told: [{ finding: 'task-error', detail: `no ${index % 120}`, failed: { operation: 'task A', count: 2 } }],
      });
    }
    books.close(at(2));
    expect(of('finding')).toHaveLength(100);
    expect(of('operation')).toMatchObject([{ operation: 'task A', ok: 0, failed: { 'task-error': 300 } }]);
  });
});
