import type { LedgerRecord } from '#model/evidence.ts';
import type { EngineOrders } from '#model/load-plan.ts';
import type { LoadLedger } from './load-ledger.ts';
import type { IterationOutcome } from './presence-ledger.ts';

/**
 * The open model's planned against delivered load (R3.5), by the second in which iterations fall due. At every moment, and in
 * every record, due so far = delivered + dropped + abandoned + in flight.
 *
 * A second is told as soon as it is over, with what of it is in flight. It is told again in each later second in which some
 * of that has ended, until all of it has: the later telling of a second replaces the earlier one, so records are appended
 * only, and what a dead engine leaves in flight is what nobody knows. Requests and iterations are counted in the second in
 * which they end, whenever they fell due.
 */
export interface ArrivalLedger extends LoadLedger {
  /**
   * So many iterations of the second that begins at `second` fell due: some have begun, nobody was free for the others.
   * Answers with the second that they are counted in.
   */
  readonly fellDue: (second: number, count: { readonly begun: number; readonly dropped: number }) => number;
  /** One of the iterations that are counted in `second` is over. */
  readonly iterationEnded: (second: number, outcome: IterationOutcome) => void;
  /** Tells the seconds that are over; everything that fell due in them has been said. */
  readonly advance: (now: number) => void;
  follow(orders: EngineOrders): void;
  /** A stop cuts off what is still to fall due of the second in progress; later ones are none of this engine's. */
  readonly cutOff: (count: number) => void;
}

interface ArrivalLedgerOptions {
  readonly orders: EngineOrders;
  readonly incarnation: number;
  readonly now: number;
  /** Called with each second's first record, in order, none left out. */
  readonly onSecond: (record: LedgerRecord) => void;
  /** Called with a record that replaces an earlier one. */
  readonly onAgain: (record: LedgerRecord) => void;
}

export function createArrivalLedger(options: ArrivalLedgerOptions): ArrivalLedger {
  let { orders } = options;
  const seconds = createSeconds(options);
  let second = firstSecond(orders, options.now);
  let iterationsFailed = 0;
  let requests = 0;
  let hasEnded = false;

  function close(): void {
    const entry = seconds.at(second);
    // New orders may have moved the start: the first whole second of theirs that is not before the next one.
    second = orders.startsAt + Math.ceil((second + 1_000 - orders.startsAt) / 1_000) * 1_000;
    seconds.tell(entry);
  }

  function advance(now: number): void {
    if (now < second + 1_000) return;
    while (now >= second + 1_000) close();
    seconds.tellAgain();
  }

  return {
    fellDue(at, { begun, dropped }) {
      const entry = seconds.at(Math.max(at, second));
      seconds.count(entry, { due: begun + dropped, inFlight: begun, dropped });
      return entry.at;
    },
    iterationEnded(at, outcome) {
      const entry = seconds.find(at);
      if (hasEnded || entry === undefined) return;
      seconds.count(entry, { inFlight: -1, ...(outcome === 'abandoned' ? { abandoned: 1 } : { delivered: 1 }) });
      seconds.at(second).activity[activityOf[outcome]] += 1;
      if (outcome === 'failed') iterationsFailed += 1;
    },
    requestEnded() {
      seconds.at(second).activity.requests += 1;
      requests += 1;
    },
    advance,
    follow(next) {
      orders = next;
    },
    cutOff(left) {
      seconds.count(seconds.at(second), { due: left, abandoned: left });
    },
    end(now) {
      if (hasEnded) return;
      advance(now);
      hasEnded = true;
      seconds.abandonAll();
      if (now > second || seconds.find(second) !== undefined) close();
      seconds.tellAgain();
    },
    totals: () => ({ ...seconds.totals(), requests, iterationsFailed }),
  };
}

const activityOf = {
  ok: 'iterationsOk',
  failed: 'iterationsFailed',
  abandoned: 'iterationsAbandoned',
} as const satisfies Record<IterationOutcome, string>;

const noSlots = () => ({ due: 0, delivered: 0, dropped: 0, abandoned: 0, inFlight: 0 });
const noActivity = () => ({ requests: 0, iterationsOk: 0, iterationsFailed: 0, iterationsAbandoned: 0 });
type Slots = ReturnType<typeof noSlots>;

interface Entry {
  readonly at: number;
  readonly slots: Slots;
  readonly activity: ReturnType<typeof noActivity>;
  isTold: boolean;
  isChanged: boolean;
}

/** The second in progress, those ahead of it after a stall, and those of which something is in flight: no more than there are users. */
function createSeconds({ orders, incarnation, onSecond, onAgain }: ArrivalLedgerOptions) {
  const entries = new Map<number, Entry>();
  const totals = noSlots();
  const recordOf = ({ at, slots, activity }: Entry): LedgerRecord => ({
    ...{ kind: 'ledger', at, shard: orders.shard.shard, incarnation },
    ...slots,
    ...activity,
  });
  /** A second of which nothing is in flight is told for the last time. */
  const take = (entry: Entry): LedgerRecord => {
    entry.isTold = true;
    entry.isChanged = false;
    if (entry.slots.inFlight === 0) entries.delete(entry.at);
    return recordOf(entry);
  };

  function count(entry: Entry, changes: Partial<Slots>): void {
    for (const [key, by] of Object.entries(changes) as [keyof Slots, number][]) {
      entry.slots[key] += by;
      totals[key] += by;
    }
    entry.isChanged = true;
  }

  return {
    at(second: number): Entry {
      const known = entries.get(second);
      if (known !== undefined) return known;
      const made = { at: second, slots: noSlots(), activity: noActivity(), isTold: false, isChanged: false };
      entries.set(second, made);
      return made;
    },
    find: (second: number): Entry | undefined => entries.get(second),
    count,
    tell(entry: Entry): void {
      onSecond(take(entry));
    },
    tellAgain(): void {
      for (const entry of entries.values()) if (entry.isTold && entry.isChanged) onAgain(take(entry));
    },
    abandonAll(): void {
      for (const entry of entries.values()) {
        const { inFlight } = entry.slots;
        if (inFlight > 0) count(entry, { inFlight: -inFlight, abandoned: inFlight });
      }
    },
    totals: () => ({ ...totals }),
  };
}

/** The second that `now` lies in, counted from the start of the schedule; the first one when that is to come. */
function firstSecond({ startsAt }: EngineOrders, now: number): number {
  return startsAt + Math.max(0, Math.floor((now - startsAt) / 1_000)) * 1_000;
}
