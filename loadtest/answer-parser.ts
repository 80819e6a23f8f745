import type { HttpResponse } from '#model/operation.ts';
import { type AnswerHead, fieldsOf, readHead } from './answer-head.ts';

/** Why bytes are no answer; the connection that they came from is of no further use. */
export type AnswerFault = 'BAD_HTTP' | 'HEAD_TOO_LARGE' | 'BODY_TOO_LARGE';

/**
 *   begin() ─▶ head ──▶ body by length, by chunks or to the close ──▶ whole
 *               │  └─ an interim answer (1xx): the next head
 *               └──────────── anything that is not HTTP/1.x ────────▶ a fault
 *
 * Reads the answers of one connection, one after the other, from bytes however they are cut. It keeps nothing of the buffer
 * that it is shown, and what comes in one piece is copied nowhere.
 */
export interface AnswerParser {
  /** Before each request; the answer to a HEAD has no body. */
  begin(isHead: boolean): void;
  read(bytes: Buffer, length: number): 'more' | 'whole' | AnswerFault;
  /** The peer has closed: whether that is the end of a whole answer. */
  end(): boolean;
  /** Of the whole answer. */
  take(): ParsedAnswer;
}

export interface ParsedAnswer {
  readonly response: HttpResponse;
  readonly bodyBytes: number;
  /** As in `AnswerHead`; false too when more came than the answer: it would be taken for the next one's. */
  readonly keepsAlive: boolean;
  readonly idleMsMax: number | undefined;
}

export interface AnswerBounds {
  readonly headBytesMax: number;
  readonly bodyBytesMax: number;
}

const answerBounds: AnswerBounds = { headBytesMax: 64 * 1024, bodyBytesMax: 64 * 1024 * 1024 };

type Step = 'head' | 'length' | 'close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'whole';

const peekBytes = 1_024;
const sizeForm = /^[\da-f]{1,8}(?:;[\w!#$%&'*+.^`|~-]+(?:=[\w!#$%&'*+.^`|~-]+)?)*$/i;
const trailerForm = /^[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*$/;

class Answer implements HttpResponse {
  readonly status: number;
  readonly body: string;
  readonly #head: string;

  constructor(status: number, head: string, body: string) {
    this.status = status;
    this.#head = head;
    this.body = body;
  }

  /** Hardly anybody asks. */
  get headers(): HttpResponse['headers'] {
    return fieldsOf(this.#head);
  }
}

export const createAnswerParser = (bounds: AnswerBounds = answerBounds): AnswerParser => new Parser(bounds);

class Parser implements AnswerParser {
  readonly #bounds: AnswerBounds;
  #step: Step = 'head';
  #isHead = false;
  /** Of a head or a line that is not whole yet. */
  #held = '';
  #head: AnswerHead | undefined;
  #headText = '';
  /** Bytes that the body, or the chunk, still lacks. */
  #missing = 0;
  #bodyBytes = 0;
  /** A body that came in one piece; else it is in `#store`. */
  #body = '';
  #store: Buffer | undefined;
  #trailerBytes = 0;
  #hasRest = false;

  constructor(bounds: AnswerBounds) {
    this.#bounds = bounds;
  }

  begin(isHead: boolean): void {
    this.#step = 'head';
    this.#isHead = isHead;
    this.#held = '';
    this.#bodyBytes = 0;
    this.#body = '';
    this.#store = undefined;
    this.#trailerBytes = 0;
    this.#hasRest = false;
  }

  read(bytes: Buffer, length: number): 'more' | 'whole' | AnswerFault {
    let at = 0;
    while (at < length && this.#step !== 'whole') {
      const next = this.#readOn(bytes, at, length);
      if (typeof next === 'string') return next;
      at = next;
    }
    if (this.#step !== 'whole') return 'more';
    this.#hasRest ||= at < length;
    return 'whole';
  }

  end(): boolean {
    if (this.#step === 'close') this.#step = 'whole';
    return this.#step === 'whole';
  }

  take(): ParsedAnswer {
    const head = this.#head;
    if (head === undefined || this.#step !== 'whole') throw new Error('there is no whole answer to take');
    const body = this.#store === undefined ? this.#body : this.#store.toString('utf8', 0, this.#bodyBytes);
    const response = new Answer(head.status, this.#headText, body);
    this.#letGo();
    const keepsAlive = head.keepsAlive && !this.#hasRest;
    return { response, bodyBytes: this.#bodyBytes, keepsAlive, idleMsMax: head.idleMsMax };
  }

  /** A connection may be idle for long: what it holds of an answer survives collections, which take the longer for it. */
  #letGo(): void {
    this.#body = '';
    this.#headText = '';
    this.#head = undefined;
    this.#store = undefined;
  }

  /** Where to go on, after what the step has taken; at least one byte. */
  #readOn(bytes: Buffer, at: number, to: number): number | AnswerFault {
    switch (this.#step) {
      case 'head':
        return this.#readHead(bytes, at, to);
      case 'length':
      case 'close':
      case 'chunk':
        return this.#readBody(bytes, at, to);
      case 'chunk-size':
      case 'chunk-end':
      case 'trailer':
        return this.#readLine(bytes, at, to);
      case 'whole':
        return to;
    }
  }

  #readHead(bytes: Buffer, at: number, to: number): number | AnswerFault {
    const { headBytesMax, bodyBytesMax } = this.#bounds;
    const before = this.#held.length;
    const until = Math.min(to, at + peekBytes);
    const held = this.#held + bytes.toString('latin1', at, until);
    const end = held.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (end > headBytesMax || (end < 0 && held.length > headBytesMax)) return 'HEAD_TOO_LARGE';
    if (end < 0) {
      this.#held = held;
      // What begins otherwise may never come to an empty line.
      return 'HTTP/1.'.startsWith(held.slice(0, 7)) ? until : 'BAD_HTTP';
    }
    this.#held = '';
    this.#headText = held.slice(0, end + 2);
    const head = readHead(this.#headText, this.#isHead);
    if (head === undefined) return 'BAD_HTTP';
    if (head.body?.by === 'length' && head.body.bytes > bodyBytesMax) return 'BODY_TOO_LARGE';
    this.#head = head;
    if (head.status >= 200) this.#beginBody(head.body);
    return at + end + 4 - before;
  }

  #beginBody(body: AnswerHead['body']): void {
    if (body === undefined) this.#step = 'whole';
    else if (body.by === 'chunks') this.#step = 'chunk-size';
    else {
      this.#step = body.by;
      this.#missing = body.by === 'length' ? body.bytes : Infinity;
    }
  }

  #readBody(bytes: Buffer, at: number, to: number): number | AnswerFault {
    const until = Math.min(to, at + this.#missing);
    const taken = until - at;
    if (this.#bodyBytes + taken > this.#bounds.bodyBytesMax) return 'BODY_TOO_LARGE';
    const isOnePiece = this.#step === 'length' && this.#bodyBytes === 0 && taken === this.#missing;
    if (isOnePiece) this.#body = bytes.toString('utf8', at, until);
    else this.#keep(bytes, at, until);
    this.#bodyBytes += taken;
    this.#missing -= taken;
    if (this.#missing === 0) this.#step = this.#step === 'chunk' ? 'chunk-end' : 'whole';
    return until;
  }

  /** Grows with what has come, not with what was announced. */
  #keep(bytes: Buffer, at: number, until: number): void {
    const needed = this.#bodyBytes + until - at;
    let store = this.#store;
    if (store === undefined || store.length < needed) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * (store?.length ?? 0)));
      store?.copy(grown, 0, 0, this.#bodyBytes);
      store = grown;
    }
    this.#store = store;
    bytes.copy(store, this.#bodyBytes, at, until);
  }

  #readLine(bytes: Buffer, at: number, to: number): number | AnswerFault {
    const before = this.#held.length;
    const until = Math.min(to, at + peekBytes);
    const held = this.#held + bytes.toString('latin1', at, until);
    const end = held.indexOf('\r\n', Math.max(0, before - 1));
    if (end < 0) {
      this.#held = held;
      if (this.#step === 'chunk-end') return held === '\r' ? until : 'BAD_HTTP';
      return held.length > (this.#step === 'trailer' ? this.#bounds.headBytesMax : peekBytes) ? 'BAD_HTTP' : until;
    }
    this.#held = '';
    return this.#endLine(held.slice(0, end)) ? at + end + 2 - before : 'BAD_HTTP';
  }

  /** A chunk's size, the line break after a chunk, or a line after the last one. False when it is not that. */
  #endLine(line: string): boolean {
    if (this.#step === 'chunk-size') {
      if (!sizeForm.test(line)) return false;
      this.#missing = Number.parseInt(line, 16);
      this.#step = this.#missing === 0 ? 'trailer' : 'chunk';
      return true;
    }
    if (this.#step === 'chunk-end') {
      this.#step = 'chunk-size';
      return line === '';
    }
    if (line === '') this.#step = 'whole';
    this.#trailerBytes += line.length;
    return line === '' || (trailerForm.test(line) && this.#trailerBytes <= this.#bounds.headBytesMax);
  }
}
