import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from '#model/operation.ts';
import { createAnswerParser } from './answer-parser.ts';
import { createRequestWriter, type RequestText } from './request-text.ts';
import { openSocket } from './socket.ts';

/** How one request ended. `sent`: the target may have acted on it. Durations are service time in microseconds. */
export type Exchange =
  | {
      readonly outcome: 'answered';
      readonly response: HttpResponse;
      /** Of the answer's body. */
      readonly bytesIn: number;
      /** Of the whole request, as it was written. */
      readonly bytesOut: number;
      readonly durationUs: number;
      /** Of a shared connection: how long it was waited for, before the service time began. */
      readonly waitedUs?: number;
    }
  | { readonly outcome: 'timeout'; readonly sent: boolean }
  | { readonly outcome: 'connection'; readonly sent: boolean; readonly code: string }
  | { readonly outcome: 'abandoned'; readonly sent: boolean };

/**
 *                  ┌───────────────── lost, closed by the peer ─────────────────┐
 *   nothing ─ send ─▶ connecting ─▶ asking ─ whole answer ─▶ idle ─ send ─▶ asking
 *      ▲                  └───────────┴── timeout, fault, loss ──┐
 *      └─────────────────────────────────────────────────────────┘
 *
 * One keep-alive connection, one request at a time; it connects again by itself after a loss, for the next request. No request
 * is ever sent twice.
 */
export interface Connection {
  /** Rejects only when one is in flight already: a defect of the caller. */
  send(request: HttpRequest): Promise<Exchange>;
  /** Cuts off what is in flight; every later `send` is abandoned unsent. */
  abandon(): void;
  close(): Promise<void>;
  /** How often it had to be opened again, after a loss or a close. No request is ever sent twice, so there are no retries to count. */
  reopened(): number;
}

interface Asking {
  readonly written: RequestText;
  readonly isHead: boolean;
  readonly startedAtMs: number;
  readonly resolve: (exchange: Exchange) => void;
  sent: boolean;
}

/** Longer than that, a peer may be about to close what looks alive; one that names its own time gets its request a second before. */
const idleMsMaxDefault = 60_000;
const idleMarginMs = 1_000;

/** `origin` has passed `allowedOrigin`. Redirects are not followed, so nothing else is ever spoken to. */
export const createConnection = (origin: string, requestTimeoutMs: number): Connection =>
  new HttpConnection(origin, requestTimeoutMs);

class HttpConnection implements Connection {
  readonly #origin: string;
  readonly #requestTimeoutMs: number;
  readonly #write: (request: HttpRequest) => RequestText | undefined;
  readonly #parser = createAnswerParser();
  #socket: Socket | undefined;
  #isConnected = false;
  #asking: Asking | undefined;
  #opened = 0;
  #usedAtMs = 0;
  #idleMsMax = idleMsMaxDefault;
  #isAbandoned = false;
  #alarm: NodeJS.Timeout | undefined;

  constructor(origin: string, requestTimeoutMs: number) {
    this.#origin = origin;
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#write = createRequestWriter(origin);
  }

  send(request: HttpRequest): Promise<Exchange> {
    if (this.#isAbandoned) return Promise.resolve({ outcome: 'abandoned', sent: false });
    return new Promise((resolve) => {
      this.#ask(request, resolve);
    });
  }

  abandon(): void {
    this.#isAbandoned = true;
    if (this.#asking !== undefined) this.#fail({ outcome: 'abandoned', sent: this.#asking.sent });
  }

  close(): Promise<void> {
    clearTimeout(this.#alarm);
    this.#alarm = undefined;
    const closed = whenClosed(this.#socket);
    this.abandon();
    this.#drop();
    return closed;
  }

  reopened(): number {
    return Math.max(0, this.#opened - 1);
  }

  #ask(request: HttpRequest, resolve: Asking['resolve']): void {
    if (this.#asking !== undefined) throw new Error('a connection carries one request at a time');
    const written = this.#write(request);
    if (written === undefined) {
      resolve({ outcome: 'connection', sent: false, code: 'INVALID_REQUEST' });
      return;
    }
    const startedAtMs = performance.now();
    const asking = { written, isHead: request.method === 'HEAD', startedAtMs, resolve, sent: false };
    this.#asking = asking;
    this.#alarm ??= setTimeout(this.#watch, this.#requestTimeoutMs);
    if (this.#isConnected && startedAtMs - this.#usedAtMs > this.#idleMsMax) this.#drop();
    if (this.#socket === undefined) this.#open();
    else this.#speak(this.#socket, asking);
  }

  #open(): void {
    this.#opened += 1;
    const socket = openSocket(this.#origin, {
      onConnected: () => {
        if (socket !== this.#socket) return;
        this.#isConnected = true;
        if (this.#asking !== undefined) this.#speak(socket, this.#asking);
      },
      onBytes: (bytes, length) => {
        if (socket === this.#socket) this.#receive(bytes, length);
      },
      onClosed: (code) => {
        if (socket === this.#socket) this.#lose(code);
      },
    });
    this.#socket = socket;
  }

  #speak(socket: Socket, asking: Asking): void {
    asking.sent = true;
    this.#parser.begin(asking.isHead);
    socket.write(asking.written.text, asking.written.encoding);
  }

  #receive(bytes: Buffer, length: number): void {
    const asking = this.#asking;
    if (asking === undefined) {
      // An answer to nothing would be taken for the next request's.
      this.#drop();
      return;
    }
    const read = this.#parser.read(bytes, length);
    if (read === 'more') return;
    if (read === 'whole') this.#answer(asking);
    else this.#fail({ outcome: 'connection', sent: asking.sent, code: read });
  }

  #answer({ written, startedAtMs }: Asking): void {
    this.#usedAtMs = performance.now();
    const durationUs = Math.max(1, Math.round((this.#usedAtMs - startedAtMs) * 1_000));
    const { response, bodyBytes, keepsAlive, idleMsMax } = this.#parser.take();
    if (!keepsAlive) this.#drop();
    this.#idleMsMax = idleMsMax === undefined ? idleMsMaxDefault : Math.max(0, idleMsMax - idleMarginMs);
    this.#settle({ outcome: 'answered', response, bytesIn: bodyBytes, bytesOut: written.bytes, durationUs });
  }

  /** The peer has closed, or the network has: the end of an answer that has no other, or the loss of the one in flight. */
  #lose(code: string | undefined): void {
    const asking = this.#asking;
    if (asking === undefined) this.#drop();
    else if (asking.sent && code === undefined && this.#parser.end()) this.#answer(asking);
    else this.#fail({ outcome: 'connection', sent: asking.sent, code: code ?? 'CLOSED' });
  }

  /** An unread answer would be taken for the next one's: the connection goes with its request. */
  #fail(exchange: Exchange): void {
    this.#drop();
    this.#settle(exchange);
  }

  #drop(): void {
    const dropped = this.#socket;
    this.#socket = undefined;
    this.#isConnected = false;
    dropped?.destroy();
  }

  #settle(exchange: Exchange): void {
    const asking = this.#asking;
    this.#asking = undefined;
    asking?.resolve(exchange);
  }

  /** One timer a connection and time-out, not one a request: it looks again when the request that it was set for has ended. */
  readonly #watch = (): void => {
    this.#alarm = undefined;
    if (this.#asking === undefined) return;
    const leftMs = this.#asking.startedAtMs + this.#requestTimeoutMs - performance.now();
    if (leftMs < 1) this.#fail({ outcome: 'timeout', sent: this.#asking.sent });
    else this.#alarm = setTimeout(this.#watch, leftMs);
  };
}

async function whenClosed(socket: Socket | undefined): Promise<void> {
  if (socket !== undefined && !socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}
