import * as z from 'zod';
import type { LedgerRecord } from './evidence.ts';
import { dueIterationsOfShard, type LoadPlan, plannedUsers, totalLoadMs, usersOfShard } from './load-plan.ts';

const count = z.int().nonnegative();

/** Sums over shards and seconds. At every moment due = delivered + dropped + abandoned + unknown + inFlight (R3.5). */
export const LedgerTotals = z.strictObject({
  due: count,
  delivered: count,
  dropped: count,
  abandoned: count,
  unknown: count,
  inFlight: count,
  requests: count,
  iterationsOk: count,
  iterationsFailed: count,
  iterationsAbandoned: count,
});
export type LedgerTotals = z.infer<typeof LedgerTotals>;

/**
 * Seconds of one shard without a record, [from, to). `not-begun`: before the shard's first record. `dead`: after an
 * incarnation's last record. `unrecorded`: between two records of one incarnation, which therefore lived.
 */
export const LedgerGap = z.strictObject({
  shard: count,
  from: z.number(),
  to: z.number(),
  cause: z.enum(['not-begun', 'dead', 'unrecorded']),
});
export type LedgerGap = z.infer<typeof LedgerGap>;

/** One second of one shard, balanced. */
export interface LedgerSecond extends LedgerTotals {
  readonly at: number;
  readonly shard: number;
  /** False when no engine recorded this second; in the open model also when only the successor of one that died in it did. */
  readonly recorded: boolean;
}

export interface LedgerBalance {
  readonly totals: LedgerTotals;
  readonly shards: readonly (LedgerTotals & { readonly shard: number })[];
  readonly gaps: readonly LedgerGap[];
}

/** What should have been and what was, second by second, whatever died on the way. Memory is bounded by the plan's length. */
export interface Ledger {
  /**
   * Takes records in any order, of any incarnation, any number of times; those before the plan are left out. Nothing is due
   * after its end, but what ended in the drain was asked and answered: it counts into the totals.
   */
  add(record: LedgerRecord): void;
  /**
   * Balances every second that has begun before `until` (and the plan's end); calls `onSecond` for each, shard by shard.
   * What was in flight when its engine told of it last is in flight while `goesOn`, if that is the shard's newest engine;
   * else nobody will ever know, and it is unknown.
   */
  balance(until: number, onSecond?: (second: LedgerSecond) => void, goesOn?: boolean): LedgerBalance;
}

/** `model` absent: closed. */
type LedgerLoad = Pick<LoadPlan, 'stages' | 'shards'> & Partial<Pick<LoadPlan, 'model'>>;
type Row = number[];

const fields = [
  'due',
  'delivered',
  'dropped',
  'abandoned',
  'inFlight',
  'requests',
  'iterationsOk',
  'iterationsFailed',
  'iterationsAbandoned',
] as const;
const inFlightColumn = fields.indexOf('inFlight');
const activity = ['requests', 'iterationsOk', 'iterationsFailed', 'iterationsAbandoned'] as const;
/** Seconds of drain that are kept, over all shards; a drain is bounded by the plan and much shorter. */
const drainSecondsMax = 10_000;

export function createLedger(load: LedgerLoad, startsAt: number): Ledger {
  const secondsMax = Math.ceil(totalLoadMs(load) / 1_000);
  const shards = new Map(load.shards.map(({ shard }) => [shard, createShardLedger(secondsMax)]));
  const drain = new Map<string, LedgerRecord>();

  return {
    add(record) {
      const second = Math.floor((record.at - startsAt) / 1_000);
      if (second >= secondsMax && drain.size < drainSecondsMax && shards.has(record.shard)) {
        drain.set(`${record.shard}/${record.incarnation}/${second}`, record);
      }
      if (second < 0 || second >= secondsMax) return;
      shards.get(record.shard)?.add(second, record);
    },
    balance(until, onSecond, goesOn = false) {
      const seconds = Math.min(secondsMax, Math.max(0, Math.ceil((until - startsAt) / 1_000)));
      const totals = emptyTotals();
      const gaps: LedgerGap[] = [];
      const perShard = [...shards].map(([shard, ledger]) => {
        const ownGaps = ledger.gaps(seconds);
        gaps.push(
          ...ownGaps.map(({ from, to, cause }) => {
            return { shard, from: startsAt + from * 1_000, to: startsAt + to * 1_000, cause };
          }),
        );
        const ownTotals = { shard, ...emptyTotals() };
        for (let second = 0; second < seconds; second += 1) {
          const due = dueIn(load, shard, second);
          const row = ledger.row(second, goesOn);
          const isSucceeded = load.model === 'open' && ledger.isSucceeded(second);
          const balanced = row === undefined ? missingSecond(due, second, ownGaps) : balanceRow(row, due, isSucceeded);
          addTotals(totals, balanced);
          addTotals(ownTotals, balanced);
          onSecond?.({
            ...balanced,
            at: startsAt + second * 1_000,
            shard,
            recorded: row !== undefined && !isSucceeded,
          });
        }
        return ownTotals;
      });
      for (const record of seconds < secondsMax ? [] : drain.values()) {
        for (const key of activity) totals[key] += record[key];
      }
      return { totals, shards: perShard, gaps };
    },
  };
}

export function emptyTotals(): LedgerTotals {
  return {
    due: 0,
    delivered: 0,
    dropped: 0,
    abandoned: 0,
    unknown: 0,
    inFlight: 0,
    requests: 0,
    iterationsOk: 0,
    iterationsFailed: 0,
    iterationsAbandoned: 0,
  };
}

/** Adds the sums of `from` to those of `to`, in place. */
export function addTotals(to: LedgerTotals, from: LedgerTotals): void {
  for (const key of Object.keys(LedgerTotals.shape) as (keyof LedgerTotals)[]) to[key] += from[key];
}

/** What a shard owes of one second. Closed model: who should be there as it begins. Open model: what falls due in it. */
function dueIn(load: LedgerLoad, shard: number, second: number): number {
  if (load.model !== 'open') return usersOfShard(load, shard, plannedUsers(load, second * 1_000));
  return dueIterationsOfShard(load, shard, { fromMs: second * 1_000, toMs: (second + 1) * 1_000 });
}

/**
 * The plan says what was due, unless an engine was told of more; what nobody accounts for was dropped. Where one engine
 * followed on another within the second, the other took that, and did not record it.
 */
function balanceRow(row: Row, planned: number, isSucceeded: boolean): LedgerTotals {
  const [recorded = 0, delivered = 0, dropped = 0, abandoned = 0, inFlight = 0, ...activity] = row;
  const due = Math.max(planned, recorded);
  const [requests = 0, iterationsOk = 0, iterationsFailed = 0, iterationsAbandoned = 0, lost = 0] = activity;
  // Two incarnations in one second may claim more than was due between them: delivered counts first, never beyond due.
  let rest = due;
  const take = (claimed: number): number => {
    const taken = Math.min(claimed, rest);
    rest -= taken;
    return taken;
  };
  const kept = { delivered: take(delivered), abandoned: take(abandoned), inFlight: take(inFlight) };
  const unknown = take(lost);
  const droppedKept = take(dropped);
  return {
    ...{ due, ...kept, dropped: droppedKept + (isSucceeded ? 0 : rest), unknown: unknown + (isSucceeded ? rest : 0) },
    ...{ requests, iterationsOk, iterationsFailed, iterationsAbandoned },
  };
}

/** A dead engine had taken at most the second after its last record; the load of later ones was never begun. */
function missingSecond(due: number, second: number, gaps: readonly SecondGap[]): LedgerTotals {
  const gap = gaps.find(({ from, to }) => second >= from && second < to);
  const isUnknown = gap?.cause === 'unrecorded' || (gap?.cause === 'dead' && second === gap.from);
  return { ...emptyTotals(), due, ...(isUnknown ? { unknown: due } : { dropped: due }) };
}

interface SecondGap {
  readonly from: number;
  readonly to: number;
  readonly cause: LedgerGap['cause'];
}

interface ShardLedger {
  add(second: number, record: LedgerRecord): void;
  /** With one more column at its end: what was in flight when an engine that is no more told of it last. */
  row(second: number, goesOn: boolean): Row | undefined;
  /** The second is told by the successor alone of an engine that told the second before it. */
  isSucceeded(second: number): boolean;
  gaps(seconds: number): SecondGap[];
}

/** One row a second in columns; only the few seconds that two incarnations share are kept apart. */
function createShardLedger(seconds: number): ShardLedger {
  const columns = fields.map(() => new Uint32Array(seconds));
  const incarnations = new Uint32Array(seconds);
  const shared = new Map<number, Map<number, Row>>();
  const single = (second: number): Row => columns.map((column) => column[second] ?? 0);

  let newest = 0;

  function add(second: number, record: LedgerRecord): void {
    newest = Math.max(newest, record.incarnation);
    const row = fields.map((field) => record[field]);
    const holder = incarnations[second] ?? 0;
    const overlap = shared.get(second);
    if (overlap !== undefined) {
      overlap.set(record.incarnation, mergeTwins(overlap.get(record.incarnation), row));
    } else if (holder === 0 || holder === record.incarnation) {
      const merged = mergeTwins(holder === 0 ? undefined : single(second), row);
      columns.forEach((column, index) => (column[second] = merged[index] ?? 0));
      incarnations[second] = record.incarnation;
    } else {
      shared.set(
        second,
        new Map([
          [holder, single(second)],
          [record.incarnation, row],
        ]),
      );
    }
  }

  function row(second: number, goesOn: boolean): Row | undefined {
    const tellings = tellingsOf(second).map(([incarnation, told]) => {
      return goesOn && incarnation === newest ? [...told, 0] : withoutFlight(told);
    });
    if (tellings.length === 0) return undefined;
    return tellings.reduce((sum, next) =>
      sum.map((value, index) => (index === 0 ? Math.max(value, next[0] ?? 0) : value + (next[index] ?? 0))),
    );
  }

  function tellingsOf(second: number): (readonly [number, Row])[] {
    const holder = incarnations[second] ?? 0;
    if (holder === 0) return [];
    return [...(shared.get(second) ?? [[holder, single(second)] as const])];
  }

  function isSucceeded(second: number): boolean {
    if (second === 0) return false;
    const [before, now] = [incarnationsAt(second - 1), incarnationsAt(second)];
    return Math.max(...before) > 0 && Math.min(...now) > Math.max(...before);
  }

  const incarnationsAt = (second: number): number[] => [...(shared.get(second)?.keys() ?? [incarnations[second] ?? 0])];
  return { add, row, isSucceeded, gaps: (until) => findGaps(incarnations.subarray(0, until), incarnationsAt) };
}

/** What its engine had in flight is in flight no more: it went to the last column. */
const withoutFlight = (told: Row): Row => [
  ...told.map((value, index) => (index === inFlightColumn ? 0 : value)),
  told[inFlightColumn] ?? 0,
];

/** The same second of the same incarnation, told twice: the later telling has the larger counts and less in flight. */
function mergeTwins(first: Row | undefined, second: Row): Row {
  if (first === undefined) return second;
  return second.map((value, index) => {
    const other = first[index] ?? 0;
    return index === inFlightColumn ? Math.min(value, other) : Math.max(value, other);
  });
}

function findGaps(incarnations: Uint32Array, incarnationsAt: (second: number) => number[]): SecondGap[] {
  const gaps: SecondGap[] = [];
  let from = 0;
  const close = (to: number): void => {
    if (to === from) return;
    const before = from === 0 ? [] : incarnationsAt(from - 1);
    const after = to === incarnations.length ? [] : incarnationsAt(to);
    const lived = before.some((incarnation) => after.includes(incarnation));
    gaps.push({ from, to, cause: before.length === 0 ? 'not-begun' : lived ? 'unrecorded' : 'dead' });
  };
  incarnations.forEach((incarnation, second) => {
    if (incarnation === 0) return;
    close(second);
    from = second + 1;
  });
  close(incarnations.length);
  return gaps;
}
