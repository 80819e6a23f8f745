import { type EngineOrders, usersOfShard } from '#model/load-plan.ts';
import { type CrowdOptions, createSpawner, type Member } from './crowd.ts';
import type { IterationOutcome } from './presence-ledger.ts';

/** One iteration of an open load, on its way to a user. */
export interface DueIteration {
  readonly dueAt: number;
  readonly onEnd: (outcome: IterationOutcome) => void;
}

/** The virtual users of one engine in the open model: each is there for whichever iteration falls due when it is free. */
export interface UserPool {
  /** Users who are free now. */
  free(): number;
  /** The user who has been idle for longest takes it; somebody must be free. */
  begin(iteration: DueIteration): void;
  /** New orders: the pool grows with their stages. It never shrinks; who is not needed is idle. */
  revise(orders: EngineOrders): void;
  /** Users in mid-iteration. */
  size(): number;
  /** Cuts off every iteration. */
  abandon(): void;
  close(): Promise<void>;
}

export function createUserPool(options: CrowdOptions): UserPool {
  let { orders } = options;
  const { spawn, nextTask } = createSpawner(options);
  const members = new Map<number, Member>();
  const iterations = new Set<Promise<void>>();
  const idle = createQueue();
  let capacity = 0;
  const grow = (): void => {
    for (const wanted = poolOf(orders); capacity < wanted; capacity += 1) idle.push(capacity);
  };
  grow();

  /** Connected when it is first needed. */
  function memberOf(slot: number): Member {
    const member = members.get(slot) ?? spawn(slot, orders);
    members.set(slot, member);
    return member;
  }

  function abandon(): void {
    // Whoever waits for the disk shall not wait for ever.
    void options.journal.close();
    for (const { user, connection } of members.values()) {
      connection.abandon();
      user.abandon();
    }
  }

  return {
    free: () => idle.length(),
    begin({ dueAt, onEnd }) {
      const slot = idle.take();
      const waitedUs = (): number => Math.max(0, (options.clock() - dueAt) * 1_000);
      const iteration = memberOf(slot)
        .user.iterate(nextTask(), waitedUs)
        .then(onEnd, (error: unknown) => {
          options.onFailure(new Error('a behaviour broke', { cause: error }));
        })
        .finally(() => {
          iterations.delete(iteration);
          idle.push(slot);
        });
      iterations.add(iteration);
    },
    revise(next) {
      orders = next;
      grow();
    },
    size: () => iterations.size,
    abandon,
    async close() {
      abandon();
      await Promise.all(iterations);
      await Promise.all([...members.values()].map(({ connection }) => connection.close()));
    },
  };
}

/** The most users of this shard that any stage wants. */
const poolOf = ({ plan, shard }: EngineOrders): number =>
  usersOfShard(plan, shard.shard, Math.floor(Math.max(...plan.stages.map(({ usersTo }) => usersTo))));

const tidiedBeyond = 1_024;

/** First in, first out, of at most as many as there are users. */
function createQueue() {
  let slots: number[] = [];
  let head = 0;
  return {
    length: (): number => slots.length - head,
    push(slot: number): void {
      slots.push(slot);
    },
    take(): number {
      const slot = slots[head];
      if (slot === undefined) throw new Error('no virtual user is free');
      head += 1;
      if (head > tidiedBeyond && head * 2 > slots.length) {
        slots = slots.slice(head);
        head = 0;
      }
      return slot;
    },
  };
}
