import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
