import type { EvidenceSink } from '#model/evidence.ts';
import type { EngineOrders } from '#model/load-plan.ts';
import type { Books } from './conversation.ts';
import { createPresenceLedger, type PresenceLedger } from './presence-ledger.ts';
import { createSelfSamples } from './self-samples.ts';
import { createTally } from './tally.ts';
import type { EngineTotals } from './totals.ts';

/** Everything that an engine writes down, on its way to the evidence sink. */
export interface EngineBooks extends Books {
  /** Called every tick; appends the records of the seconds that are over. */
  readonly observe: PresenceLedger['observe'];
  readonly iterationEnded: PresenceLedger['iterationEnded'];
  follow(orders: EngineOrders): void;
  /** Appends what is pending. */
  close(): void;
  totals(users: number): EngineTotals;
}

const histogramMs = 10_000;
const leaksMax = 100;
/** Of what a scenario's own code found or broke; all of it is counted. */
const toldMax = 100;

export function createEngineBooks(options: {
  readonly orders: EngineOrders;
  readonly incarnation: number;
  readonly sink: EvidenceSink;
  readonly now: () => number;
}): EngineBooks {
  const { sink, incarnation, now } = options;
  let { orders } = options;
  const { shard } = orders.shard;
  const self = createSelfSamples(shard, incarnation);
  const tally = createTally(shard, incarnation);
  let flushedTo: number | undefined;
  let leaks = 0;
  const told = { 'wrong-answer': new Set<string>(), 'task-error': new Set<string>() };

  const ledger = createPresenceLedger({
    ...{ orders, incarnation, now: now() },
    onSecond(record) {
      sink.append(record);
      flushedTo ??= record.at;
      const until = record.at + 1_000;
      // After a stall several seconds close at once, and the process is only seen as it is now.
      if (now() - until < 1_000) sink.append(self.take(until));
      if ((until - orders.startsAt) % histogramMs === 0) flush(until);
    },
  });

  function flush(until: number): void {
    for (const record of tally.flush(flushedTo ?? until, until)) sink.append(record);
    flushedTo = until;
  }

  function tell(finding: keyof typeof told, detail: string): void {
    // The same is told once: what a scenario breaks, it breaks again and again.
    if (told[finding].has(detail) || told[finding].size >= toldMax) return;
    told[finding].add(detail);
    sink.append({ kind: 'finding', at: now(), source: `engine-${shard}`, finding, detail: detail.slice(0, 400) });
  }

  return {
    observe: ledger.observe,
    iterationEnded: ledger.iterationEnded,
    operationEnded(operation, end) {
      tally.note(operation.kind, end);
      if (end.outcome !== 'abandoned') ledger.requestEnded();
    },
    scopeLeaked({ userId }, { detail }) {
      leaks += 1;
      if (leaks > leaksMax) return;
      const leak = `user ${userId}: ${detail}`.slice(0, 400);
      sink.append({ kind: 'finding', at: now(), source: `engine-${shard}`, finding: 'scope-leak', detail: leak });
    },
    answeredWrong(request, detail) {
      tell('wrong-answer', `${request}: ${detail}`);
    },
    taskFailed(task, cause, detail) {
      tally.note(`task ${task}`, { outcome: 'failed', cause, bytesIn: 0 });
      tell('task-error', `task ${task}: ${detail}`);
    },
    follow(next) {
      orders = next;
      ledger.follow(next);
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
}
