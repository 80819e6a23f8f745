import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpRequest } from '#model/operation.ts';
import { loopbackIdentities, type LoopbackTarget, startLoopbackTarget } from '../test/loopback-target.ts';
import { createConnections } from './connections.ts';

const [identity] = loopbackIdentities(1);
let target: LoopbackTarget;
let request: HttpRequest;

beforeEach(async () => {
  target = await startLoopbackTarget();
  if (identity === undefined) throw new Error('no identity');
  request = target.speech.request({ kind: 'list-team-tools', teamId: 1, limit: 50 }, identity);
});

afterEach(() => target.close());

describe('shared connections', () => {
  it('carry many users’ requests on as many as there are, and close with the last user', async () => {
    const connections = createConnections(target.baseUrl, 3);
    const users = Array.from({ length: 20 }, () => connections.open(5_000));
    for (let round = 0; round < 3; round += 1) {
      const exchanges = await Promise.all(users.map((user) => user.send(request)));
      expect(exchanges.every(({ outcome }) => outcome === 'answered')).toBe(true);
    }
    expect(target.connections()).toBe(3);
    await Promise.all(users.slice(1).map((user) => user.close()));
    expect(await users[0]?.send(request)).toMatchObject({ outcome: 'answered' });
    expect(target.connections()).toBe(3);
    await users[0]?.close();
    expect(await users[0]?.send(request)).toEqual({ outcome: 'abandoned', sent: false });
  });

  it('let who waits for one too long go unsent', async () => {
    target.mischief = () => 'silence';
    const connections = createConnections(target.baseUrl, 1);
    const [first, second] = [connections.open(300), connections.open(150)];
    const exchanges = await Promise.all([first.send(request), second.send(request)]);
    expect(exchanges).toEqual([
      { outcome: 'timeout', sent: true },
      { outcome: 'timeout', sent: false },
    ]);
    target.mischief = () => undefined;
    expect(await second.send(request)).toMatchObject({ outcome: 'answered' });
    const [, waited] = await Promise.all([first.send(request), second.send(request)]);
    expect(waited.outcome === 'answered' && (waited.waitedUs ?? 0)).toBeGreaterThan(0);
    expect([first.reopened(), second.reopened()]).toEqual([0, 1]);
    await Promise.all([first.close(), second.close()]);
  });

  it('go on for the others when one user is cut off, in flight or waiting', async () => {
    target.mischief = () => 'silence';
    const connections = createConnections(target.baseUrl, 1);
    const [first, second, third] = [connections.open(5_000), connections.open(5_000), connections.open(5_000)];
    const pending = [first.send(request), second.send(request), third.send(request)];
    await expect.poll(() => target.asked.get('list-team-tools')).toBe(1);
    target.mischief = () => undefined;
    second.abandon();
    first.abandon();
    expect(await Promise.all(pending)).toMatchObject([
      { outcome: 'abandoned', sent: true },
      { outcome: 'abandoned', sent: false },
      { outcome: 'answered' },
    ]);
    await Promise.all([first.close(), second.close(), third.close()]);
  });
});
