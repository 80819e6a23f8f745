import { type AddressInfo, createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { Client } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnswerBounds, createAnswerParser } from './answer-parser.ts';

type Reading = { status: number; body: string; keepsAlive: boolean } | string;

/** What the parser makes of the pieces, one after the other, and of the close after them. */
function readPieces(pieces: readonly Buffer[], isHead = false, bounds?: AnswerBounds): Reading {
  const parser = createAnswerParser(bounds);
  parser.begin(isHead);
  // As the connection has it: one buffer for everything, which later bytes overwrite.
  const shared = Buffer.alloc(Math.max(64, ...pieces.map(({ length }) => length)));
  for (const [index, piece] of pieces.entries()) {
    piece.copy(shared);
    const read = parser.read(shared, piece.length);
    shared.fill(0x78);
    if (read === 'more') continue;
    if (read !== 'whole') return read;
    const { response, keepsAlive } = parser.take();
    const isLast = pieces.slice(index + 1).every(({ length }) => length === 0);
    return { status: response.status, body: response.body, keepsAlive: keepsAlive && isLast };
  }
  if (!parser.end()) return 'CLOSED';
  const { response, keepsAlive } = parser.take();
  return { status: response.status, body: response.body, keepsAlive };
}

const read = (text: string, isHead = false): Reading => readPieces([Buffer.from(text)], isHead);
const ok = (body: string, keepsAlive = true) => ({ status: 200, body, keepsAlive });

describe('an answer', () => {
  it('ends where its length, its chunks or the close say', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')).toEqual(ok('hello'));
    expect(read('HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\nA\r\n over there\r\n0\r\n\r\n')).toEqual('BAD_HTTP'); // prettier-ignore
    expect(read('HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b;c\r\nhello\r\nB\r\n over there\r\n0\r\nx-sum: 1\r\n\r\n')).toEqual(ok('hello over there')); // prettier-ignore
    expect(read('HTTP/1.1 200 OK\r\n\r\nhello')).toEqual(ok('hello', false));
    expect(read('HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n')).toEqual(ok(''));
  });

  it('has no body where there can be none', () => {
    expect(read('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', true)).toEqual(ok(''));
    for (const status of [204, 304]) {
      expect(read(`HTTP/1.1 ${status} x\r\ncontent-length: 5\r\n\r\n`)).toEqual({ ...ok(''), status });
    }
  });

  it('comes after those that are interim', () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
    expect(read(`HTTP/1.1 100 Continue\r\n\r\n${early}HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na`)).toEqual(ok('a'));
    expect(read('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n')).toBe('BAD_HTTP');
  });

  it('says whether the connection may go on', () => {
    const of = (version: string, connection: string) =>
      read(`HTTP/${version} 200 OK\r\ncontent-length: 0\r\n${connection}\r\n`);
    expect(of('1.1', 'Connection: Close\r\n')).toMatchObject({ keepsAlive: false });
    expect(of('1.0', '')).toMatchObject({ keepsAlive: false });
    expect(of('1.0', 'connection: keep-alive\r\n')).toMatchObject({ keepsAlive: true });
    expect(read('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab')).toEqual(ok('a', false));
    const parser = createAnswerParser();
    parser.begin(false);
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nkeep-alive: timeout=5, max=9\r\ncontent-length: 0\r\n\r\n');
    expect(parser.read(bytes, bytes.length)).toBe('whole');
    expect(parser.take()).toMatchObject({ idleMsMax: 5_000, keepsAlive: true });
  });

  it('shows its headers to whoever asks', () => {
    const parser = createAnswerParser();
    parser.begin(false);
    const bytes = Buffer.from(
      'HTTP/1.1 200 OK\r\nX-A:  b \r\nset-cookie: 1\r\nSet-Cookie: 2\r\ncontent-length: 0\r\n\r\n',
    );
    expect(parser.read(bytes, bytes.length)).toBe('whole');
    expect(parser.take().response.headers).toEqual({ 'x-a': 'b', 'set-cookie': ['1', '2'], 'content-length': '0' });
  });

  it('is a fault when it is none', () => {
    const bad = [
      'SSH-2.0-OpenSSH_9.2\r\n',
      'HTTP/2 200 OK\r\n\r\n',
      'HTTP/1.1 2x0 OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 0x5\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nx: a\nb: c\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5 ;a\r\nhello\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello!',
    ];
    for (const text of bad) expect(read(text), text).toBe('BAD_HTTP');
    expect(read('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello')).toBe('CLOSED');
    expect(read('')).toBe('CLOSED');
  });

  it('is bounded', () => {
    const bounds = { headBytesMax: 2_000, bodyBytesMax: 10 };
    const of = (text: string): Reading => readPieces([Buffer.from(text)], false, bounds);
    expect(of('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n')).toBe('BODY_TOO_LARGE');
    expect(of(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(11)}`)).toBe('BODY_TOO_LARGE');
    expect(of('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhello.\r\n6\r\nhello.\r\n')).toBe('BODY_TOO_LARGE'); // prettier-ignore
    expect(of(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(4_000)}`)).toBe('HEAD_TOO_LARGE');
    expect(of(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'0'.repeat(4_000)}`)).toBe('BAD_HTTP');
    expect(of(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(1_000)}`)).toBe(
      'BAD_HTTP',
    );
  });

  it('is read anew after every request', () => {
    const parser = createAnswerParser();
    for (const body of ['first', 'second', '']) {
      parser.begin(false);
      const bytes = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      expect(parser.read(bytes, bytes.length)).toBe('whole');
      expect(parser.take()).toMatchObject({ response: { body }, bodyBytes: body.length, keepsAlive: true });
    }
  });
});

type Generated<A> = A extends fc.Arbitrary<infer Value> ? Value : never;

const fieldOf = fc.tuple(
  fc.constantFrom('X-Request-Id', 'date', 'vary', 'Server', 'x-a', 'content-type'),
  fc.constantFrom('', ' ', '\t ', '  '),
  fc.stringMatching(/^[\x21-\x7e]{0,20}$/),
);

const answerOf = fc.record({
  status: fc.constantFrom(200, 201, 204, 304, 404, 429, 500, 503),
  reason: fc.constantFrom(' OK', '', ' ', ' Not Found'),
  fields: fc.array(fieldOf, { maxLength: 6 }),
  body: fc.string({ unit: 'binary', maxLength: 60 }),
  framing: fc.constantFrom('length', 'chunked', 'close'),
  chunkBytes: fc.integer({ min: 1, max: 30 }),
  interim: fc.boolean(),
});

/** A right answer as bytes, and what it says. */
function word(answer: Generated<typeof answerOf>): { bytes: Buffer; expected: { status: number; body: string } } {
  const { status, reason, framing, chunkBytes } = answer;
  const isBodiless = status === 204 || status === 304;
  const body = isBodiless ? Buffer.alloc(0) : Buffer.from(answer.body);
  const fields = answer.fields.map(([name, blank, value]) => `${name}:${blank}${value}\r\n`).join('');
  const framed = {
    length: [`Content-Length: ${body.length}\r\n\r\n`, body],
    chunked: ['transfer-encoding: chunked\r\n\r\n', isBodiless ? body : chunked(body, chunkBytes)],
    close: ['\r\n', body],
  } as const;
  const [end, sent] = framed[framing];
  const interim = answer.interim ? 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n' : '';
  const head = Buffer.from(`${interim}HTTP/1.1 ${status}${reason}\r\n${fields}${end}`);
  return { bytes: Buffer.concat([head, sent]), expected: { status, body: body.toString() } };
}

function chunked(body: Buffer, chunkBytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += chunkBytes) {
    const part = body.subarray(at, at + chunkBytes);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

const damageOf = fc.record({
  kind: fc.constantFrom('none', 'replace', 'insert', 'remove', 'truncate', 'repeat'),
  place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  byte: fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x20, 0x3a, 0x30, 0x3b, 0x00), fc.integer({ min: 0, max: 255 })),
});

function damage(bytes: Buffer, { kind, place, byte }: Generated<typeof damageOf>): Buffer {
  const at = Math.floor(place * bytes.length);
  const [before, from, after] = [bytes.subarray(0, at), bytes.subarray(at), bytes.subarray(at + 1)];
  const one = Buffer.of(byte);
  const damaged = {
    none: [bytes],
    replace: [before, one, after],
    insert: [before, one, from],
    remove: [before, after],
    truncate: [before],
    repeat: [before, from.subarray(0, 8), from],
  } as const;
  return Buffer.concat(damaged[kind]);
}

describe('bytes, however they are cut', () => {
  it('are the answer that they were made of', { timeout: 20_000 }, () => {
    fc.assert(
      fc.property(answerOf, (answer) => {
        const { bytes, expected } = word(answer);
        for (let cut = 0; cut <= bytes.length; cut += 1) {
          expect(readPieces([bytes.subarray(0, cut), bytes.subarray(cut)])).toMatchObject(expected);
        }
        expect(readPieces([...bytes].map((byte) => Buffer.of(byte)))).toMatchObject(expected);
      }),
      { numRuns: 50 },
    );
  });

  it('are the same answer, or none, when they are damaged', () => {
    fc.assert(
      fc.property(answerOf, damageOf, (answer, how) => {
        const bytes = damage(word(answer).bytes, how);
        const whole = readPieces([bytes]);
        const singly = readPieces([...bytes].map((byte) => Buffer.of(byte)));
        expect(typeof singly).toBe(typeof whole);
        if (typeof whole !== 'string') expect(singly).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });
});

describe('beside undici', () => {
  let server: Server;
  let pieces: readonly Buffer[] = [];

  beforeAll(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        for (const piece of pieces) socket.write(piece);
        socket.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  async function ask(): Promise<Reading> {
    const { port } = server.address() as AddressInfo;
    const client = new Client(`http://127.0.0.1:${port}`, { headersTimeout: 2_000, bodyTimeout: 2_000 });
    try {
      const { statusCode, body } = await client.request({ method: 'GET', path: '/' });
      return { status: statusCode, body: await body.text(), keepsAlive: false };
    } catch (error) {
      return String(error);
    } finally {
      await client.destroy();
    }
  }

  it('reads every right answer the same', { timeout: 20_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(answerOf, fc.nat(), async (answer, cut) => {
        const { bytes } = word(answer);
        const at = cut % (bytes.length + 1);
        pieces = [bytes.subarray(0, at), bytes.subarray(at)];
        const theirs = await ask();
        expect(readPieces(pieces)).toEqual({ ...(theirs as object), keepsAlive: expect.any(Boolean) as boolean });
      }),
      { numRuns: 150 },
    );
  });

  it(
    'takes nothing for an answer that undici does not, and reads what both take the same',
    { timeout: 20_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(answerOf, damageOf, async (answer, how) => {
          pieces = [damage(word(answer).bytes, how)];
          const ours = readPieces(pieces);
          if (typeof ours === 'string') return;
          const theirs = await ask();
          expect(ours).toEqual({ ...(theirs as object), keepsAlive: expect.any(Boolean) as boolean });
        }),
        { numRuns: 300 },
      );
    },
  );
});
