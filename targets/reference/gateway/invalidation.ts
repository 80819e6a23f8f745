import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import * as z from 'zod';

const channel = 'gateway:invalidate';
/** An instance that has not confirmed by then is stuck or dying; its L1 entries end by themselves within the cache bound. */
const confirmWithinMs = 500;

const Message = z.strictObject({ from: z.string(), number: z.int(), tags: z.array(z.string()) });

interface Listener {
  /** Tags whose entries are void from now on. */
  onInvalidated(tags: readonly string[]): void;
  /** Invalidations can no longer be heard: nothing may be served from L1. */
  onDeaf(): void;
  /** Invalidations are heard again; some may have been missed. */
  onHearing(): void;
}

/** Tells every instance what is void, and waits until each has confirmed, so that an answered write is seen everywhere at once. */
export interface InvalidationBus {
  /** Throws when Redis did not take the message. */
  publish(tags: readonly string[]): Promise<void>;
}

/** `subscriber` is a connection of its own (a subscribed one takes no other commands), not yet connected, without automatic resubscription. */
export function createInvalidationBus(
  connections: { redis: Redis; subscriber: Redis },
  listener: Listener,
): InvalidationBus {
  const { redis, subscriber } = connections;
  const instance = randomUUID();
  const confirmations = createConfirmations();
  const ownChannel = confirmChannel(instance);

  subscriber.on('ready', () => {
    subscriber.subscribe(channel, ownChannel).then(
      () => {
        listener.onHearing();
      },
      () => {
        subscriber.disconnect(true);
      },
    );
  });
  subscriber.on('close', () => {
    listener.onDeaf();
  });
  subscriber.on('message', (from: string, text: string) => {
    if (from === ownChannel) {
      confirmations.confirm(Number(text));
      return;
    }
    const message = Message.parse(JSON.parse(text));
    if (message.from === instance) {
      confirmations.confirm(message.number);
      return;
    }
    listener.onInvalidated(message.tags);
    // Not confirmed: the writer waits its bound and goes on.
    redis.publish(confirmChannel(message.from), String(message.number)).catch(() => undefined);
  });

  return {
    async publish(tags) {
      listener.onInvalidated(tags);
      const confirmed = confirmations.open();
      try {
        const receivers = await redis.publish(
          channel,
          JSON.stringify({ from: instance, number: confirmed.number, tags }),
        );
        await confirmed.by(receivers);
      } finally {
        confirmed.close();
      }
    },
  };
}

const confirmChannel = (instance: string): string => `gateway:confirm:${instance}`;

interface Pending {
  confirmed: number;
  expected: number;
  settle: () => void;
}

/** Confirmations may come before the number of receivers is known: they travel on another connection. */
function createConfirmations() {
  const pending = new Map<number, Pending>();
  let opened = 0;
  return {
    confirm(number: number): void {
      const entry = pending.get(number);
      if (entry === undefined) return;
      entry.confirmed += 1;
      if (entry.confirmed >= entry.expected) entry.settle();
    },
    open() {
      const number = (opened += 1);
      const entry: Pending = { confirmed: 0, expected: Infinity, settle: () => undefined };
      pending.set(number, entry);
      return {
        number,
        by: async (receivers: number): Promise<void> => {
          entry.expected = receivers;
          if (entry.confirmed >= receivers) return;
          await new Promise<void>((resolve) => {
            const bound = setTimeout(resolve, confirmWithinMs);
            entry.settle = () => {
              clearTimeout(bound);
              resolve();
            };
          });
        },
        close: (): void => {
          pending.delete(number);
        },
      };
    },
  };
}
