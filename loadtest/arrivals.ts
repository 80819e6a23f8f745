import { dueOffsetMs, type EngineOrders, iterationsOfShardBefore } from '#model/load-plan.ts';

/** Iterations of the shard that fall due within one second of the schedule, one after the other. */
export interface DueIterations {
  /** Start of the second. */
  readonly at: number;
  readonly count: number;
  /** When the index-th of these falls due. */
  readonly dueAt: (index: number) => number;
}

/**
 * Which iterations of an open load fall due when, in absolute times: each is the integral of the rate from the start, so that
 * nothing drifts, and whoever asks late is handed all that fell due meanwhile. Begins at the present moment.
 */
export interface Arrivals {
  /** What has fallen due since the last call, by seconds of the schedule, oldest first. */
  take(until: number): DueIterations[];
  /** When the next one falls due; undefined when none does any more. */
  nextAt(): number | undefined;
  /** Of the second that was taken last, what is still to fall due. */
  left(): number;
  /** What was taken stays taken: the schedule is changed ahead of now. */
  follow(orders: EngineOrders): void;
}

export function createArrivals(first: EngineOrders, beginsAt: number): Arrivals {
  let orders = first;
  let takenTo = beginsAt;
  const numberOf = (at: number): number =>
    iterationsOfShardBefore(orders.plan, orders.shard.shard, at - orders.startsAt);
  const dueAt = (ownNumber: number): number | undefined => {
    const { plan, shard, startsAt } = orders;
    const offsetMs = dueOffsetMs(plan, ownNumber * plan.shards.length + shard.shard);
    return offsetMs === undefined ? undefined : startsAt + offsetMs;
  };
  const secondOf = (at: number): number => orders.startsAt + Math.floor((at - orders.startsAt) / 1_000) * 1_000;

  return {
    take(until) {
      const seconds: DueIterations[] = [];
      const to = Math.min(until, orders.endsAt);
      takenTo = Math.max(takenTo, Math.min(to, orders.startsAt));
      while (takenTo < to) {
        const at = secondOf(takenTo);
        const end = Math.min(to, at + 1_000);
        const [own, next] = [numberOf(takenTo), numberOf(end)];
        if (next > own)
          seconds.push({ at, count: next - own, dueAt: (index) => Math.min(dueAt(own + index) ?? end, end) });
        takenTo = end;
      }
      return seconds;
    },
    nextAt() {
      const at = dueAt(numberOf(takenTo));
      return at === undefined || at >= orders.endsAt ? undefined : at;
    },
    left() {
      if (takenTo < orders.startsAt) return 0;
      return Math.max(0, numberOf(Math.min(secondOf(takenTo) + 1_000, orders.endsAt)) - numberOf(takenTo));
    },
    follow(next) {
      orders = next;
    },
  };
}
