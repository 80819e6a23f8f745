import type { HttpRequest } from '#model/operation.ts';
import { type Connection, createConnection, type Exchange } from './connection.ts';

/** Where the virtual users of one engine get their connections. */
export interface Connections {
  /** For one user: a connection of its own, or its way to those that all of them share. */
  open(requestTimeoutMs: number): Connection;
}

/** `shared` undefined: one connection a user. Shared ones are opened as they are needed, and closed with the last user. */
export function createConnections(origin: string, shared: number | undefined): Connections {
  if (shared === undefined) return { open: (requestTimeoutMs) => createConnection(origin, requestTimeoutMs) };
  const pool = createPool(origin, shared);
  return { open: (requestTimeoutMs) => createWay(pool, requestTimeoutMs) };
}

interface Pool {
  users: number;
  /** Undefined when none is free and no more may be opened: then the user is told in its turn, by `onFree`. */
  take(requestTimeoutMs: number): Connection | undefined;
  /** Whoever waits longest gets it. */
  give(connection: Connection): void;
  /** It is of no further use: another may be opened in its place. */
  lose(connection: Connection): void;
  wait(onFree: () => void): void;
  stopWaiting(onFree: () => void): void;
  close(): Promise<void>;
}

function createPool(origin: string, size: number): Pool {
  const all = new Set<Connection>();
  const free: Connection[] = [];
  /** As many as there are users at most: each asks for one thing at a time. */
  const waiting = new Set<() => void>();
  const callNext = (): void => {
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    next();
  };
  return {
    users: 0,
    take(requestTimeoutMs) {
      const known = free.pop();
      if (known !== undefined || all.size >= size) return known;
      const made = createConnection(origin, requestTimeoutMs);
      all.add(made);
      return made;
    },
    give(connection) {
      free.push(connection);
      callNext();
    },
    lose(connection) {
      all.delete(connection);
      callNext();
    },
    wait: (onFree) => void waiting.add(onFree),
    stopWaiting: (onFree) => void waiting.delete(onFree),
    async close() {
      await Promise.all([...all].map((connection) => connection.close()));
    },
  };
}

/**
 * One user's way to the shared connections. Its requests wait for one in the order in which they came, for as long as a request
 * may take; that time is not service time, which counts from when the request has a connection.
 */
function createWay(pool: Pool, requestTimeoutMs: number): Connection {
  let isAbandoned = false;
  let isClosed = false;
  let reopened = 0;
  let current: Connection | undefined;
  let stopWaiting: ((why: 'timeout' | 'abandoned') => void) | undefined;
  pool.users += 1;

  const free = (): Promise<Connection | 'timeout' | 'abandoned'> =>
    new Promise((resolve) => {
      const end = (result: Connection | 'timeout' | 'abandoned'): void => {
        clearTimeout(timer);
        pool.stopWaiting(onFree);
        stopWaiting = undefined;
        resolve(result);
      };
      const onFree = (): void => {
        const taken = pool.take(requestTimeoutMs);
        if (taken === undefined) pool.wait(onFree);
        else end(taken);
      };
      const timer = setTimeout(end, requestTimeoutMs, 'timeout');
      stopWaiting = end;
      onFree();
    });

  const isCutOff = (): boolean => isAbandoned;

  async function send(request: HttpRequest): Promise<Exchange> {
    if (isCutOff()) return { outcome: 'abandoned', sent: false };
    const askedAtMs = performance.now();
    const taken = pool.take(requestTimeoutMs) ?? (await free());
    if (typeof taken === 'string') return { outcome: taken, sent: false };
    if (isCutOff()) {
      pool.give(taken);
      return { outcome: 'abandoned', sent: false };
    }
    const waitedUs = Math.round((performance.now() - askedAtMs) * 1_000);
    current = taken;
    const before = taken.reopened();
    const exchange = await taken.send(request);
    reopened += taken.reopened() - before;
    current = undefined;
    // One that was cut off sends nothing any more.
    if (exchange.outcome === 'abandoned') pool.lose(taken);
    else pool.give(taken);
    return exchange.outcome === 'answered' ? { ...exchange, waitedUs } : exchange;
  }

  return {
    send,
    abandon() {
      isAbandoned = true;
      stopWaiting?.('abandoned');
      current?.abandon();
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      this.abandon();
      pool.users -= 1;
      if (pool.users === 0) await pool.close();
    },
    reopened: () => reopened,
  };
}
