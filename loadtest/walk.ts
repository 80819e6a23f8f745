import { type Connection, createConnection } from './connection.ts';

export interface WalkOptions<T> {
  readonly items: Iterable<T>;
  /** Connections side by side, one request each. */
  readonly concurrency: number;
  /** Passed by `allowedOrigin`. */
  readonly origin: string;
  readonly requestTimeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Visits every item once, several side by side, each visitor with a connection of its own. The signal ends it between
 * items and cuts off requests; then it resolves early. Rejects with the first rejection of `visit`.
 */
export async function walk<T>(
  { items, concurrency, origin, requestTimeoutMs, signal }: WalkOptions<T>,
  visit: (connection: Connection, item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const connections = Array.from({ length: concurrency }, () => createConnection(origin, requestTimeoutMs));
  const abandonAll = (): void => {
    for (const connection of connections) connection.abandon();
  };
  let broken = false;

  async function visitRest(connection: Connection): Promise<void> {
    while (!signal.aborted && !broken) {
      const next = iterator.next();
      if (next.done === true) return;
      try {
        await visit(connection, next.value);
      } catch (error) {
        broken = true;
        throw error;
      }
    }
  }

  signal.addEventListener('abort', abandonAll);
  try {
    await Promise.all(connections.map(visitRest));
  } finally {
    signal.removeEventListener('abort', abandonAll);
    await Promise.all(connections.map((connection) => connection.close()));
  }
}
