import type { LedgerRecord } from '#model/evidence.ts';
import type { EngineOrders } from '#model/load-plan.ts';
import { plannedAt } from '../presence-ledger.ts';
import { createPresence } from './presence.ts';

/**
 * The seconds of a tool's load: who was due and who was there. A second in which the tool was away has no record, so that
 * the ledger knows it for an outage of the harness. An iteration is a request: what else its users do, a tool does not tell.
 */
export interface DriverSeconds {
  /** The tool told something: it is there. */
  seen(at: number): void;
  users(at: number, users: number): void;
  requests(at: number, counted: { readonly requests: number; readonly failed: number }): void;
  /** It is gone for a reason that is nobody's will; until it is seen again, its seconds are missing. */
  died(at: number, reason: string): void;
  readonly follow: (orders: EngineOrders) => void;
  /** Writes the seconds that are over, two seconds after they are: reports come late. */
  advance(now: number): void;
  close(now: number): void;
  totals(): { due: number; delivered: number; dropped: number; abandoned: number; users: number };
}

export interface DriverSecondsOptions {
  readonly orders: EngineOrders;
  readonly incarnation: number;
  readonly now: number;
  /** How the tool is called in a gap. */
  readonly tool: string;
  /** See `createPresence`. */
  readonly backMs: number;
  readonly onSecond: (record: LedgerRecord) => void;
  readonly onGap: (gap: { readonly at: number; readonly until: number; readonly reason: string }) => void;
}

const lateMs = 2_000;
/** A tool that begins a little late has missed nothing that was due: users come one after the other. */
const beginMsMax = 1_000;

export function createDriverSeconds(options: DriverSecondsOptions): DriverSeconds {
  let { orders } = options;
  const presence = createPresence(options.backMs);
  const pending = createPending();
  const sums = { due: 0, delivered: 0, dropped: 0, abandoned: 0 };
  let absence: Absence | undefined = { from: -Infinity, reason: `${options.tool} had not begun` };
  let second = secondOf(orders, options.now);

  function closeSecond(): void {
    const at = second;
    second += 1_000;
    const due = plannedAt(orders, at);
    sums.due += due;
    if (absence !== undefined && absence.from <= at) {
      sums.dropped += due;
      return;
    }
    const delivered = Math.min(due, Math.round(presence.meanOver(at)));
    // Who died within a second cut off what was due of it.
    const missing = absence === undefined ? 'dropped' : 'abandoned';
    const slots = { due, delivered, dropped: 0, abandoned: 0, [missing]: due - delivered };
    sums.delivered += delivered;
    sums[missing] += due - delivered;
    const { requests, failed } = pending.takeUntil(second);
    options.onSecond({
      ...{ kind: 'ledger', at, shard: orders.shard.shard, incarnation: options.incarnation, ...slots, inFlight: 0 },
      ...{ requests, iterationsOk: requests - failed, iterationsFailed: failed, iterationsAbandoned: 0 },
    });
    presence.forget(at);
  }

  function tellGap({ from, reason }: Absence, until: number): void {
    const at = Math.max(from, orders.startsAt);
    if (until > at && at < orders.endsAt) options.onGap({ at, until, reason });
  }

  return {
    seen(at) {
      if (absence === undefined) return;
      // What is left of the second in which it came back has no record either.
      const firstWhole = secondOf(orders, at) + (at > orders.startsAt ? 1_000 : 0);
      while (second < firstWhole) closeSecond();
      if (absence.from !== -Infinity || at - orders.startsAt >= beginMsMax) tellGap(absence, at);
      absence = undefined;
    },
    users: (at, users) => {
      presence.add(at, users);
    },
    requests: (at, counted) => {
      pending.add(secondOf(orders, at), counted);
    },
    died(at, reason) {
      while (second + 1_000 <= at) closeSecond();
      presence.end(at);
      if (absence !== undefined) return;
      absence = { from: at, reason };
      if (second < at) closeSecond();
    },
    follow(next) {
      orders = next;
      second = secondOf(orders, second + 999);
    },
    advance(now) {
      while (second + 1_000 + lateMs <= now) closeSecond();
    },
    close(now) {
      while (second + 1_000 <= now || (pending.size() > 0 && second < now)) closeSecond();
      if (absence !== undefined) tellGap(absence, Math.min(now, orders.endsAt));
    },
    totals: () => ({ ...sums, users: presence.latest() }),
  };
}

interface Absence {
  readonly from: number;
  readonly reason: string;
}

/** Requests by the second that they ended in. Those of a second without a record are told with the next one that has one. */
function createPending() {
  const counts = new Map<number, { requests: number; failed: number }>();
  return {
    add(second: number, { requests, failed }: { requests: number; failed: number }): void {
      const before = counts.get(second) ?? { requests: 0, failed: 0 };
      counts.set(second, { requests: before.requests + requests, failed: before.failed + failed });
    },
    takeUntil(end: number): { requests: number; failed: number } {
      const taken = { requests: 0, failed: 0 };
      for (const [second, { requests, failed }] of counts) {
        if (second >= end) continue;
        taken.requests += requests;
        taken.failed += failed;
        counts.delete(second);
      }
      return taken;
    },
    size: () => counts.size,
  };
}

/** The whole second of the schedule that `at` lies in; its first one when that is to come. */
const secondOf = ({ startsAt }: EngineOrders, at: number): number =>
  startsAt + Math.max(0, Math.floor((at - startsAt) / 1_000)) * 1_000;
