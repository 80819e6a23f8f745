import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '#model/evidence.ts';
import { accountLedger } from './ledger-account.ts';

const startsAt = 1_000_000;
const load = {
  stages: [{ name: 'hold', durationMs: 4_000, usersFrom: 2, usersTo: 2 }],
  shards: [{ shard: 0, firstSlot: 0, slots: 2 }],
} as unknown as Parameters<typeof accountLedger>[1];

const second = (index: number, incarnation = 1): LedgerRecord => ({
  kind: 'ledger',
  at: startsAt + index * 1_000,
  shard: 0,
  incarnation,
  due: 2,
  delivered: 2,
  dropped: 0,
  abandoned: 0,
  inFlight: 0,
  requests: 1,
  iterationsOk: 1,
  iterationsFailed: 0,
  iterationsAbandoned: 0,
});

async function* streamed(records: readonly LedgerRecord[]): AsyncGenerator<LedgerRecord> {
  for (const record of records) yield await Promise.resolve(record);
}
const account = (...records: LedgerRecord[]) => accountLedger(streamed(records), load, startsAt);

describe('accountLedger', () => {
  it('adds up, and says when each engine first asked', async () => {
    const { totals, problems, firstRequestAt } = await account(second(0), second(1), second(3, 2));
    expect(problems).toEqual([]);
    expect(totals).toMatchObject({ due: 8, delivered: 6, unknown: 2 });
    expect(firstRequestAt).toEqual({ 'engine-0.1': startsAt, 'engine-0.2': startsAt + 3_000 });
  });

  it('names a second that one engine told twice', async () => {
    expect((await account(second(0), second(0))).problems.join()).toContain('twice');
  });

  it('names two engines of one shard that ran at one time, and not one that follows in the same second', async () => {
    expect((await account(second(0), second(1), second(1, 2))).problems).toEqual([]);
    expect((await account(second(0), second(2), second(1, 2))).problems.join()).toContain('ran at one time');
  });
});
