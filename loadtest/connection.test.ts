import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import type { HttpRequest, Operation } from '#model/operation.ts';
import { loopbackIdentities, type LoopbackTarget, startLoopbackTarget } from '../test/loopback-target.ts';
import { allowedOrigin } from './allowed-hosts.ts';
import { type Connection, createConnection } from './connection.ts';

const [identity] = loopbackIdentities(1);
const listing: Operation = { kind: 'list-team-tools', teamId: 1, limit: 50 };
let target: LoopbackTarget;
let connection: Connection;

function requestOf(operation: Operation): HttpRequest {
  if (identity === undefined) throw new Error('no identity');
  return target.speech.request(operation, identity);
}

beforeEach(async () => {
  target = await startLoopbackTarget();
  connection = createConnection(target.baseUrl, 200);
});

afterEach(async () => {
  await connection.close();
  await target.close();
});

describe('a connection', () => {
  it('reads whole answers and keeps alive', async () => {
    for (let index = 0; index < 5; index += 1) {
      const exchange = await connection.send(requestOf(listing));
      expect(exchange).toMatchObject({ outcome: 'answered', response: { status: 200, body: '{"ids":[1,2,3]}' }, bytesIn: 15 }); // prettier-ignore
    }
    expect(target.connections()).toBe(1);
  });

  it('tells silence from a cut connection from an answer in trouble', async () => {
    target.mischief = () => 'silence';
    expect(await connection.send(requestOf(listing))).toEqual({ outcome: 'timeout', sent: true });
    target.mischief = () => 'cut';
    expect(await connection.send(requestOf(listing))).toMatchObject({ outcome: 'connection', sent: true });
    target.mischief = () => 503;
    expect(await connection.send(requestOf(listing))).toMatchObject({ outcome: 'answered', response: { status: 503 } });
    target.mischief = () => undefined;
    expect(await connection.send(requestOf(listing))).toMatchObject({ outcome: 'answered', response: { status: 200 } });
  });

  it('knows that a refused connection sent nothing', async () => {
    await target.close();
    const exchange = await connection.send(requestOf(listing));
    expect(exchange).toEqual({ outcome: 'connection', sent: false, code: 'ECONNREFUSED' });
  });

  it('cuts off what is in flight and sends nothing afterwards', async () => {
    target.mischief = () => 'silence';
    const inFlight = connection.send(requestOf(listing));
    await expect.poll(() => target.asked.get('list-team-tools')).toBe(1);
    connection.abandon();
    expect(await inFlight).toEqual({ outcome: 'abandoned', sent: true });
    expect(await connection.send(requestOf(listing))).toEqual({ outcome: 'abandoned', sent: false });
  });
});

describe('a connection to a peer of few words', () => {
  const question = { method: 'GET', path: '/', headers: {} } as const;
  const yes = 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes';

  /** Says its lines, one for each request, and then closes where it is told to. */
  async function setUp(onTestFinished: TestContext['onTestFinished'], lines: readonly string[], then?: 'close') {
    const heard: string[] = [];
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.setEncoding('latin1').on('data', (text: string) => {
        heard.push(text);
        socket.write(lines[heard.length - 1] ?? yes);
        if (then === 'close') socket.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const made = createConnection(`http://localhost:${port}`, 300);
    onTestFinished(async () => {
      await made.close();
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { made, heard, sockets, host: `localhost:${port}` };
  }

  it('says what it was given and nothing else', async ({ onTestFinished }) => {
    const { made, heard, host } = await setUp(onTestFinished, []);
    await made.send({ ...question, headers: { accept: 'text/plain' } });
    await made.send({ method: 'POST', path: '/a?b=c', headers: { 'x-a': '1' }, body: 'ä' });
    await made.send({ ...question, method: 'PUT' });
    expect(heard).toEqual([
      `GET / HTTP/1.1\r\nhost: ${host}\r\naccept: text/plain\r\n\r\n`,
      `POST /a?b=c HTTP/1.1\r\nhost: ${host}\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nÃ¤`,
      `PUT / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 0\r\n\r\n`,
    ]);
    expect(made.reopened()).toBe(0);
  });

  it('sends nothing that would be more than one request', async ({ onTestFinished }) => {
    const { made, heard } = await setUp(onTestFinished, []);
    const bad = [
      { ...question, path: '/ HTTP/1.1\r\nx: y' },
      { ...question, path: 'http://elsewhere/' },
      { ...question, headers: { 'x-a': '1\r\nx-b: 2' } },
      { ...question, headers: { 'x a': '1' } },
      { ...question, headers: { 'Content-Length': '9' } },
      { ...question, headers: { 'transfer-encoding': 'chunked' } },
    ];
    for (const request of bad) {
      const exchange = await made.send(request);
      expect(exchange).toEqual({ outcome: 'connection', sent: false, code: 'INVALID_REQUEST' });
    }
    expect(heard).toEqual([]);
  });

  it('counts an answer that is none as a lost connection, and connects again', async ({ onTestFinished }) => {
    const { made } = await setUp(onTestFinished, [
      'SSH-2.0-OpenSSH\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n',
    ]);
    for (let index = 0; index < 2; index += 1)
      expect(await made.send(question)).toEqual({ outcome: 'connection', sent: true, code: 'BAD_HTTP' });
    expect(await made.send(question)).toMatchObject({ outcome: 'answered', response: { body: 'yes' }, bytesIn: 3 });
    expect(made.reopened()).toBe(2);
  });

  it('does not take what is left over for the next answer', async ({ onTestFinished }) => {
    const { made } = await setUp(onTestFinished, [`${yes}HTTP/1.1 500 Left Over\r\ncontent-length: 0\r\n\r\n`]);
    expect(await made.send(question)).toMatchObject({ response: { status: 200 } });
    expect(await made.send(question)).toMatchObject({ response: { status: 200 } });
    expect(made.reopened()).toBe(1);
  });

  it('drops a connection on which something is said unasked', async ({ onTestFinished }) => {
    const { made, sockets } = await setUp(onTestFinished, []);
    await made.send(question);
    const [first] = sockets;
    first?.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
    await expect.poll(() => first?.destroyed).toBe(true);
    expect(await made.send(question)).toMatchObject({ response: { status: 200 } });
  });

  it('connects again after a close that was announced, or that came while it was idle', async ({ onTestFinished }) => {
    const announced = yes.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n');
    const short = yes.replace('\r\n\r\n', '\r\nkeep-alive: timeout=1\r\n\r\n');
    const { made, sockets } = await setUp(onTestFinished, [announced, short, yes, yes]);
    for (let index = 0; index < 3; index += 1) {
      expect(await made.send(question)).toMatchObject({ outcome: 'answered' });
      // The second peer closes what was idle for a second: it gets no request after as good as none.
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(made.reopened()).toBe(index);
    }
    sockets.at(-1)?.end();
    await expect.poll(() => sockets.at(-1)?.destroyed).toBe(true);
    expect(await made.send(question)).toMatchObject({ outcome: 'answered' });
    expect(made.reopened()).toBe(3);
  });

  it('reads an answer to its close, and calls one that was cut off lost', async ({ onTestFinished }) => {
    const open = 'HTTP/1.1 200 OK\r\n\r\nall of it';
    const cut = 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nnot all of it';
    const { made } = await setUp(onTestFinished, [open, cut], 'close');
    expect(await made.send(question)).toMatchObject({ outcome: 'answered', response: { body: 'all of it' } });
    expect(await made.send(question)).toEqual({ outcome: 'connection', sent: true, code: 'CLOSED' });
  });

  it('gives up on an answer that does not end', async ({ onTestFinished }) => {
    const { made } = await setUp(onTestFinished, [yes, 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2']);
    await made.send(question);
    const startedAt = performance.now();
    expect(await made.send(question)).toEqual({ outcome: 'timeout', sent: true });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(298);
    expect(await made.send(question)).toMatchObject({ outcome: 'answered' });
  });

  it('reads megabytes in many pieces', async ({ onTestFinished }) => {
    const body = 'ä€'.repeat(400_000);
    const big = `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    const other = await startRaw(onTestFinished, Buffer.concat([Buffer.from(big), Buffer.from(body)]));
    const reader = createConnection(other, 5_000);
    onTestFinished(() => reader.close());
    const exchange = await reader.send(question);
    expect(exchange.outcome === 'answered' && exchange.response.body === body).toBe(true);
  });
});

describe('a connection over TLS', () => {
  it('speaks to a peer whose certificate is trusted, and to nobody else', async ({ onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'soakwave-tls-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', [...args, '-subj', '/CN=localhost', '-addext', names, '-keyout', key, '-out', certificate], { stdio: 'ignore' }); // prettier-ignore
    const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (_, response) => {
      response.end('secret');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
    const question = { method: 'GET', path: '/', headers: {} } as const;
    const stranger = createConnection(origin, 5_000);
    const trusted = getCACertificates('default');
    onTestFinished(async () => {
      setDefaultCACertificates(trusted);
      await stranger.close();
      server.close();
    });
    const refused = await stranger.send(question);
    expect(refused).toEqual({ outcome: 'connection', sent: false, code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    setDefaultCACertificates([readFileSync(certificate, 'utf8')]);
    const friend = createConnection(origin, 5_000);
    for (let index = 0; index < 3; index += 1)
      expect(await friend.send(question)).toMatchObject({ outcome: 'answered', response: { body: 'secret' } });
    expect(friend.reopened()).toBe(0);
    await friend.close();
  });
});

async function startRaw(onTestFinished: TestContext['onTestFinished'], said: Buffer): Promise<string> {
  const server = createServer((socket) => socket.once('data', () => socket.write(said)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the list of allowed hosts', () => {
  it('lets loopback and what is named through', () => {
    for (const url of ['http://127.0.0.1:4444', 'http://localhost:1', 'http://[::1]:80', 'https://gateway.test/v1']) {
      expect(allowedOrigin(url, ['gateway.test'])).toBe(new URL(url).origin);
    }
    expect(allowedOrigin('http://gateway.test:8080', ['gateway.test:8080'])).toBe('http://gateway.test:8080');
  });

  it('refuses everything else', () => {
    for (const url of ['http://127.0.0.1.example.com', 'http://gateway.test', 'http://10.0.0.1', 'ftp://localhost']) {
      expect(() => allowedOrigin(url, ['other.test'])).toThrow(/not on the list|not an HTTP/);
    }
    expect(() => allowedOrigin('http://gateway.test:81', ['gateway.test:80'])).toThrow('not on the list');
  });
});
