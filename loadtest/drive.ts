import type { EngineOrders } from '#model/load-plan.ts';
import { createArrivalLedger } from './arrival-ledger.ts';
import { createArrivals, type DueIterations } from './arrivals.ts';
import { createCrowd, type CrowdOptions } from './crowd.ts';
import { createEngineBooks, type BooksOptions, type EngineBooks } from './engine-books.ts';
import { createPresenceLedger, type IterationOutcome, plannedAt } from './presence-ledger.ts';
import { createUserPool } from './user-pool.ts';

/** How the load of one model is carried, tick by tick (R3.3). */
export interface Drive {
  /** Does what is due by `at`; once stopped, nothing is due any more. */
  tick(at: number, isStopped: boolean): void;
  /** How long from `at` until the next tick is needed, a tenth of a second at most. */
  restMs(at: number): number;
  /** New orders: stages and end may differ. */
  follow(orders: EngineOrders): void;
  /** Users who are there; in the open model those in mid-iteration. */
  size(): number;
  /** Cuts off what is in flight. */
  abandon(): void;
  close(): Promise<void>;
  readonly books: EngineBooks;
}

export type DriveOptions = BooksOptions & Omit<CrowdOptions, 'books'>;

const tickMs = 100;

export const createDrive = (options: DriveOptions): Drive =>
  options.orders.plan.model === 'open' ? createArrivalDrive(options) : createPresenceDrive(options);

/** Closed model: users come and stay. */
function createPresenceDrive(options: DriveOptions): Drive {
  let { orders } = options;
  const { books, ledger } = createEngineBooks(options, (onSecond) =>
    createPresenceLedger({ ...options, now: options.now(), onSecond: onSecond.first }),
  );
  const crowd = createCrowd({ ...options, books: { ...books, iterationEnded: ledger.iterationEnded } });
  return {
    tick(at, isStopped) {
      const planned = isStopped ? 0 : plannedAt(orders, at);
      crowd.follow(planned, at);
      ledger.observe(at, planned, crowd.present());
    },
    restMs: () => tickMs,
    follow(next) {
      orders = next;
      books.follow(next);
      ledger.follow(next);
      crowd.revise(next);
    },
    size: () => crowd.size(),
    abandon() {
      crowd.abandon();
    },
    close: () => crowd.close(),
    books,
  };
}

/**
 * Open model: iterations begin when they fall due, and the pool takes them. What fell due while the engine stood still
 * begins at once, as far as users are free; for the rest nobody was there, and it is dropped.
 */
function createArrivalDrive(options: DriveOptions): Drive {
  const { orders, clock } = options;
  const arrivals = createArrivals(orders, clock());
  const { books, ledger } = createEngineBooks(options, ({ first, again }) =>
    createArrivalLedger({ ...options, now: options.now(), onSecond: first, onAgain: again }),
  );
  const pool = createUserPool({ ...options, books: { ...books, iterationEnded: () => undefined } });
  let isCutOff = false;

  function begin({ at, count, dueAt }: DueIterations): void {
    const begun = Math.min(count, pool.free());
    const second = ledger.fellDue(at, { begun, dropped: count - begun });
    const onEnd = (outcome: IterationOutcome): void => {
      ledger.iterationEnded(second, outcome);
    };
    for (let index = 0; index < begun; index += 1) {
      const due = dueAt(index);
      books.iterationBegan(Math.max(0, clock() - due));
      pool.begin({ dueAt: due, onEnd });
    }
  }

  return {
    tick(at, isStopped) {
      if (!isStopped) for (const due of arrivals.take(at)) begin(due);
      else if (!isCutOff) {
        isCutOff = true;
        ledger.cutOff(arrivals.left());
      }
      ledger.advance(at);
    },
    restMs(at) {
      const next = arrivals.nextAt();
      // Rounded down: a timer is late by up to a millisecond, and early is only looked at once more.
      return next === undefined ? tickMs : Math.min(tickMs, Math.max(1, Math.floor(next - at)));
    },
    follow(next) {
      arrivals.follow(next);
      books.follow(next);
      ledger.follow(next);
      pool.revise(next);
    },
    size: () => pool.size(),
    abandon() {
      pool.abandon();
    },
    close: () => pool.close(),
    books,
  };
}
