import { Client, type Dispatcher } from 'undici';
import type { HttpRequest, HttpResponse } from '#model/operation.ts';

/** How one request ended. `sent`: the target may have acted on it. Durations are service time in microseconds. */
export type Exchange =
  | {
      readonly outcome: 'answered';
      readonly response: HttpResponse;
      readonly bytesIn: number;
      readonly durationUs: number;
    }
  | { readonly outcome: 'timeout'; readonly sent: boolean }
  | { readonly outcome: 'connection'; readonly sent: boolean; readonly code: string }
  | { readonly outcome: 'abandoned'; readonly sent: boolean };

/** One keep-alive connection, one request at a time; it connects again by itself after a loss. */
export interface Connection {
  /** Never rejects. */
  send(request: HttpRequest): Promise<Exchange>;
  /** Cuts off what is in flight; every later `send` is abandoned unsent. */
  abandon(): void;
  close(): Promise<void>;
}

const responseBytesMax = 64 * 1024 * 1024;
const idleMsMax = 60_000;

/** `origin` has passed `allowedOrigin`. Redirects are not followed, so nothing else is ever spoken to. */
export function createConnection(origin: string, requestTimeoutMs: number): Connection {
  let client = createClient(origin, requestTimeoutMs);
  let abandoned = false;
  let cutOff: ((outcome: 'timeout' | 'abandoned') => void) | undefined;

  function send(request: HttpRequest): Promise<Exchange> {
    if (abandoned) return Promise.resolve({ outcome: 'abandoned', sent: false });
    return new Promise((resolve) => {
      const reception = createReception(settle);
      const cut = (outcome: 'timeout' | 'abandoned'): void => {
        settle({ outcome, sent: reception.sent() });
        // An unread answer would be taken for the next one's: the connection goes with its request.
        void client.destroy();
        client = createClient(origin, requestTimeoutMs);
      };
      const timer = setTimeout(cut, requestTimeoutMs, 'timeout');
      cutOff = cut;
      client.dispatch({ ...request, headers: { ...request.headers }, body: request.body ?? null }, reception.handler);

      /** The end counts that comes first: a connection that was cut off reports its loss later, in another's time. */
      function settle(exchange: Exchange): void {
        if (cutOff !== cut) return;
        clearTimeout(timer);
        cutOff = undefined;
        resolve(exchange);
      }
    });
  }

  return {
    send,
    abandon() {
      abandoned = true;
      cutOff?.('abandoned');
    },
    close: () => client.destroy(),
  };
}

const createClient = (origin: string, requestTimeoutMs: number): Client =>
  new Client(origin, {
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: idleMsMax,
    maxResponseSize: responseBytesMax,
    connect: { timeout: requestTimeoutMs },
    // The connection's own timer is exact; these two are rounded to half seconds.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

interface Reception {
  readonly handler: Dispatcher.DispatchHandler;
  sent(): boolean;
}

function createReception(settle: (exchange: Exchange) => void): Reception {
  const startedAtMs = performance.now();
  const chunks: Buffer[] = [];
  let begun = false;
  let status = 0;
  let headers: HttpResponse['headers'] = {};
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart() {
      begun = true;
    },
    onResponseStart(_controller, statusCode, received) {
      if (statusCode < 200) return;
      status = statusCode;
      headers = received;
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      const body = Buffer.concat(chunks);
      const durationUs = Math.max(1, Math.round((performance.now() - startedAtMs) * 1_000));
      const response = { status, headers, body: body.toString('utf8') };
      settle({ outcome: 'answered', response, bytesIn: body.length, durationUs });
    },
    onResponseError(_controller, error) {
      settle({ outcome: 'connection', sent: begun, code: codeOf(error) });
    },
  };
  return { handler, sent: () => begun };
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : error.name);
