import type { EvidenceSink, OperationRecord } from '#model/evidence.ts';
import type { EngineOrders } from '#model/load-plan.ts';
import { metrics } from '#model/metrics.ts';
import { createTally, type Tally } from '../tally.ts';
import { createTeller } from '../told-findings.ts';
import type { EngineTotals } from '../totals.ts';
import { createDriverSeconds, type DriverSeconds, type DriverSecondsOptions } from './driver-seconds.ts';
import type { RequestCount, ToldThing, ToolReport, ToolSelf } from './tool-report.ts';

/** What a tool did, as evidence: seconds, operations, what it used, what its file broke or found. */
export interface DriverBooks extends Pick<DriverSeconds, 'died' | 'follow' | 'advance' | 'close'> {
  add(report: ToolReport): void;
  told(thing: ToldThing, at: number): void;
  /** What it uses, seen from outside. */
  used(at: number, self: ToolSelf): void;
  totals(now: number): EngineTotals;
}

export interface DriverBooksOptions extends Omit<DriverSecondsOptions, 'onSecond' | 'onGap'> {
  readonly sink: EvidenceSink;
}

const histogramMs = 10_000;

export function createDriverBooks(options: DriverBooksOptions): DriverBooks {
  const { sink, incarnation, orders } = options;
  const { shard } = orders.shard;
  const source = `engine-${shard}`;
  const tally = createTally(shard, incarnation);
  const account = createSelfAccount();
  const sums = { requests: 0, failed: 0 };
  const seconds = createDriverSeconds({
    ...options,
    onSecond: (record) => {
      sink.append(record);
    },
    onGap: (gap) => {
      sink.append({ kind: 'gap', source, ...gap });
    },
  });
  const flush = createFlush({ tally, sink, orders, now: options.now });
  const say = createTeller(sink, source);

  function tell({ finding, failed, detail }: ToldThing, at: number): void {
    const { operation = '', count = 0 } = failed ?? {};
    for (let index = 0; index < count; index += 1) {
      tally.note(operation, { outcome: 'failed', cause: finding, bytesIn: 0 });
    }
    say(finding, detail, at);
  }

  function use(at: number, self: ToolSelf): void {
    sink.append({ kind: 'sample', at, role: source, incarnation, values: account.take(self) });
  }

  return {
    add({ at, users, requests, self, told: things }) {
      seconds.seen(at);
      if (users !== undefined) seconds.users(at, users);
      for (const each of requests ?? []) {
        const counted = noteRequests(tally, each);
        seconds.requests(at, counted);
        sums.requests += counted.requests;
        sums.failed += counted.failed;
      }
      for (const thing of things ?? []) tell(thing, at);
      if (self !== undefined) use(at, self);
    },
    told: tell,
    used: use,
    died(at, reason) {
      account.restart();
      seconds.died(at, reason);
    },
    follow: seconds.follow,
    advance(now) {
      seconds.advance(now);
      flush.whenDue(now);
    },
    close(now) {
      seconds.close(now);
      flush.rest(now);
    },
    totals(now) {
      const latencyMsP95 = tally.latencyMsP95();
      const latency = latencyMsP95 === undefined ? {} : { latencyMsP95 };
      return { shard, incarnation, at: now, load: { ...seconds.totals(), ...sums, ...latency }, inFlight: 0 };
    },
  };
}

function createFlush({
  tally,
  sink,
  ...from
}: {
  tally: Tally;
  sink: EvidenceSink;
  orders: EngineOrders;
  now: number;
}) {
  let flushedTo = Math.max(from.now, from.orders.startsAt);
  const flush = (until: number): void => {
    for (const record of tally.flush(flushedTo, until)) sink.append(withoutWire(record));
    flushedTo = until;
  };
  return {
    whenDue(now: number): void {
      if (now - flushedTo >= histogramMs) flush(now);
    },
    rest(now: number): void {
      flush(Math.max(now, flushedTo));
    },
  };
}

/** What a tool does not tell of is unknown, and not zero. */
function withoutWire(record: OperationRecord): OperationRecord {
  const told = { ...record };
  delete told.bytesOut;
  delete told.reconnects;
  delete told.statuses;
  return told;
}

function noteRequests(tally: Tally, count: RequestCount): { requests: number; failed: number } {
  const { operation, ok, failed, bytesIn, durationsUs } = count;
  const durations = durationsUs.flatMap(([us, times]) => Array.from({ length: times }, () => Math.max(1, us)));
  const causes = Object.entries(failed).flatMap(([cause, times]) => Array.from({ length: times }, () => cause));
  // Bytes are told of all together, and booked with the first.
  const bytesOf = (index: number): number => (index === 0 ? bytesIn : 0);
  for (let index = 0; index < ok; index += 1) {
    const durationUs = durations.pop() ?? 1;
    tally.note(operation, { outcome: 'ok', durationUs, bytesIn: bytesOf(index), partial: false });
  }
  for (const [index, cause] of causes.entries()) {
    const durationUs = durations.pop();
    const timed = durationUs === undefined ? {} : { durationUs };
    tally.note(operation, { outcome: 'failed', cause, bytesIn: bytesOf(ok + index), ...timed });
  }
  return { requests: ok + causes.length, failed: causes.length };
}

/** CPU seconds go on counting over the tool's restarts: the driver is one incarnation. */
function createSelfAccount() {
  let before = 0;
  let latest = 0;
  return {
    take({ cpuSeconds, rssBytes, eventLoopDelayP99Seconds }: ToolSelf): Record<string, number> {
      latest = cpuSeconds;
      const values = { [metrics.cpuSeconds]: before + cpuSeconds, [metrics.rssBytes]: rssBytes };
      if (eventLoopDelayP99Seconds === undefined) return values;
      return { ...values, [metrics.eventLoopDelayP99Seconds]: eventLoopDelayP99Seconds };
    },
    restart(): void {
      before += latest;
      latest = 0;
    },
  };
}
