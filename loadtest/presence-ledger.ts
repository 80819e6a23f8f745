import type { LedgerRecord } from '#model/evidence.ts';
import { type EngineOrders, plannedUsers, usersOfShard } from '#model/load-plan.ts';
import type { LoadLedger } from './load-ledger.ts';

export type IterationOutcome = 'ok' | 'failed' | 'abandoned';

/**
 * The closed model's planned against delivered load, second by second (R3.5). Sums are over the seconds that are over, in
 * flight is what is due of the one in progress. At every record
 * due = delivered + dropped + abandoned + in flight.
 */
export interface PresenceLedger extends LoadLedger {
  /** What was planned and what was there at `now`; called every tick. Closes the seconds that are over. */
  readonly observe: (now: number, planned: number, present: number) => void;
  readonly iterationEnded: (outcome: IterationOutcome) => void;
  follow(orders: EngineOrders): void;
}

export function createPresenceLedger(options: {
  readonly orders: EngineOrders;
  readonly incarnation: number;
  readonly now: number;
  /** Called with each second's record, in order, none left out. */
  onSecond(record: LedgerRecord): void;
}): PresenceLedger {
  let { orders } = options;
  const totals = { due: 0, delivered: 0, dropped: 0, abandoned: 0, requests: 0, iterationsFailed: 0 };
  let activity = noActivity();
  let second = firstSecond(orders, options.now);
  const absence = createAbsence(second);
  let hasEnded = false;

  function close(cutOff: boolean): void {
    // A slot is due when its virtual user should be there as the second begins.
    const due = plannedAt(orders, second);
    const slots = splitSlots(due, absence.takeUserMs(), cutOff);
    for (const key of ['due', 'delivered', 'dropped', 'abandoned'] as const) totals[key] += slots[key];
    const { incarnation } = options;
    const record = {
      kind: 'ledger',
      at: second,
      shard: orders.shard.shard,
      incarnation,
      ...slots,
      ...activity,
    } as const;
    second = nextSecond(orders, second + 1_000);
    absence.skipTo(second);
    activity = noActivity();
    options.onSecond(record);
  }

  function advance(now: number): void {
    while (now >= second + 1_000) {
      absence.accrue(second + 1_000, plannedAt(orders, second));
      close(false);
    }
    absence.accrue(now, plannedAt(orders, second));
  }

  return {
    observe(now, planned, present) {
      advance(now);
      absence.observe(now, Math.max(0, planned - present));
    },
    requestEnded() {
      activity.requests += 1;
      totals.requests += 1;
    },
    iterationEnded(outcome) {
      if (outcome === 'ok') activity.iterationsOk += 1;
      else if (outcome === 'abandoned') activity.iterationsAbandoned += 1;
      else {
        activity.iterationsFailed += 1;
        totals.iterationsFailed += 1;
      }
    },
    follow(next) {
      orders = next;
    },
    end(now) {
      if (hasEnded) return;
      advance(now);
      hasEnded = true;
      if (now > second || Object.values(activity).some((counted) => counted > 0)) close(true);
    },
    totals: () => ({ ...totals, inFlight: hasEnded ? 0 : inProgress(second, absence.accruedTo(), orders) }),
  };
}

function splitSlots(due: number, absentUserMs: number, cutOff: boolean) {
  const dropped = Math.min(due, Math.round(absentUserMs / 1_000));
  const abandoned = cutOff ? due - dropped : 0;
  return { due, delivered: due - dropped - abandoned, dropped, abandoned, inFlight: 0 };
}

/** A tick that comes later than this leaves users that nobody drove: they were not present. */
const staleMs = 250;

/** Adds up, in user-milliseconds, who was missing. */
function createAbsence(from: number) {
  let accruedTo = from;
  let userMs = 0;
  let observed = { at: -Infinity, missing: 0 };
  return {
    observe(at: number, missing: number): void {
      observed = { at, missing };
    },
    /** Up to `to`: as last observed while that is fresh, then everybody who was due. */
    accrue(to: number, due: number): void {
      if (to <= accruedTo) return;
      const freshMs = Math.max(0, Math.min(to, observed.at + staleMs) - accruedTo);
      userMs += freshMs * observed.missing + (to - accruedTo - freshMs) * due;
      accruedTo = to;
    },
    takeUserMs(): number {
      const taken = userMs;
      userMs = 0;
      return taken;
    },
    skipTo(at: number): void {
      accruedTo = Math.max(accruedTo, at);
    },
    accruedTo: (): number => accruedTo,
  };
}

const noActivity = () => ({ requests: 0, iterationsOk: 0, iterationsFailed: 0, iterationsAbandoned: 0 });

const inProgress = (second: number, now: number, orders: EngineOrders): number =>
  now > second ? plannedAt(orders, second) : 0;

/** Users of this shard that the schedule wants at `now`; none outside it. */
export function plannedAt({ plan, shard, startsAt, endsAt }: EngineOrders, now: number): number {
  if (now < startsAt || now >= endsAt) return 0;
  return usersOfShard(plan, shard.shard, plannedUsers(plan, now - startsAt));
}

/** The second that `now` lies in, counted from the start of the schedule; the first one when that is to come. */
function firstSecond({ startsAt }: EngineOrders, now: number): number {
  return startsAt + Math.max(0, Math.floor((now - startsAt) / 1_000)) * 1_000;
}

/** New orders may have moved the start: the first whole second of theirs that is not before `at`. */
function nextSecond({ startsAt }: EngineOrders, at: number): number {
  return startsAt + Math.ceil((at - startsAt) / 1_000) * 1_000;
}
