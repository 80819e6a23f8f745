import type { EvidenceSink, LedgerRecord } from '#model/evidence.ts';
import { type EngineOrders, hasIntendedStarts } from '#model/load-plan.ts';
import type { Books } from './conversation.ts';
import { createLateness } from './lateness.ts';
import type { LoadLedger } from './load-ledger.ts';
import { createSelfSamples } from './self-samples.ts';
import { createTally } from './tally.ts';
import { createTeller } from './told-findings.ts';
import type { EngineTotals } from './totals.ts';

/** Everything that an engine writes down, on its way to the evidence sink. */
export interface EngineBooks extends Books {
  /** An iteration whose time was fixed began so late. */
  readonly iterationBegan: (lateMs: number) => void;
  follow(orders: EngineOrders): void;
  /** Appends what is pending. */
  close(): void;
  totals(users: number): EngineTotals;
}

export interface BooksOptions {
  readonly orders: EngineOrders;
  readonly incarnation: number;
  readonly sink: EvidenceSink;
  readonly now: () => number;
}

/** Where a ledger says its seconds: the first time, and again when more of one has ended. */
interface SecondBooks {
  readonly first: (record: LedgerRecord) => void;
  readonly again: (record: LedgerRecord) => void;
}

const histogramMsDefault = 10_000;
const leaksMax = 100;

export function createEngineBooks<Ledger extends LoadLedger>(
  options: BooksOptions,
  createLedger: (books: SecondBooks) => Ledger,
): { books: EngineBooks; ledger: Ledger } {
  const { sink, incarnation, now } = options;
  let { orders } = options;
  const { histogramMs = histogramMsDefault } = orders.plan;
  const { shard } = orders.shard;
  const self = createSelfSamples(shard, incarnation);
  const tally = createTally(shard, incarnation, hasIntendedStarts(orders.plan));
  const lateness = createLateness(shard, incarnation);
  let flushedTo: number | undefined;
  let leaks = 0;
  const tell = createTeller(sink, `engine-${shard}`);

  const ledger = createLedger({
    first(record) {
      sink.append(record);
      flushedTo ??= record.at;
      const until = record.at + 1_000;
      // After a stall several seconds close at once, and the process is only seen as it is now.
      if (now() - until < 1_000) sink.append(self.take(until));
      if ((until - orders.startsAt) % histogramMs === 0) flush(until);
    },
    again: (record) => {
      sink.append(record);
    },
  });

  function flush(until: number): void {
    const from = flushedTo ?? until;
    for (const record of tally.flush(from, until)) sink.append(record);
    const late = lateness.flush(from, until);
    if (late !== undefined) sink.append(late);
    flushedTo = until;
  }

  const books: EngineBooks = {
    iterationBegan: lateness.note,
    operationEnded(operation, end, waitedUs) {
      tally.note(operation.kind, end, waitedUs);
      if (end.outcome !== 'abandoned') ledger.requestEnded();
    },
    scopeLeaked({ userId }, { detail }) {
      leaks += 1;
      if (leaks > leaksMax) return;
      const leak = `user ${userId}: ${detail}`.slice(0, 400);
      sink.append({ kind: 'finding', at: now(), source: `engine-${shard}`, finding: 'scope-leak', detail: leak });
    },
    answeredWrong(request, detail) {
      tell('wrong-answer', `${request}: ${detail}`, now());
    },
    taskFailed(task, cause, detail) {
      tally.note(`task ${task}`, { outcome: 'failed', cause, bytesIn: 0 });
      tell('task-error', `task ${task}: ${detail}`, now());
    },
    follow(next) {
      orders = next;
    },
    close() {
      ledger.end(now());
      flush(Math.max(now(), flushedTo ?? 0));
      self.stop();
    },
    totals(users) {
      const { inFlight, iterationsFailed: failed, ...load } = ledger.totals();
      const latencyMsP95 = tally.latencyMsP95();
      const latency = latencyMsP95 === undefined ? {} : { latencyMsP95 };
      return { shard, incarnation, at: now(), load: { ...load, failed, users, ...latency }, inFlight };
    },
  };
  return { books, ledger };
}
