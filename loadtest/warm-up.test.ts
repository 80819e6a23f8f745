import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loopbackIdentities, type LoopbackTarget, startLoopbackTarget } from '../test/loopback-target.ts';
import { warmCache, type WarmUpOptions } from './warm-up.ts';

let target: LoopbackTarget;
beforeEach(async () => {
  target = await startLoopbackTarget();
});
afterEach(() => target.close());

const optionsOf = (over: Partial<WarmUpOptions>): WarmUpOptions => ({
  ...{ baseUrl: target.baseUrl, allowedHosts: [], speech: target.speech, identities: loopbackIdentities(40) },
  ...{ budgetMs: 10_000, hitRatioChangeMax: 0.01, concurrency: 2, seed: 1, signal: new AbortController().signal },
  readHitRatio: () => Promise.resolve(0.9),
  onProgress: () => undefined,
  ...over,
});

describe('the cache warm-up', () => {
  it('ends when three readings in a row are alike', async () => {
    const readings = [0.2, 0.6, 0.9, 0.905, 0.904];
    let read = 0;
    const readHitRatio = () => Promise.resolve(readings[Math.min(read++, readings.length - 1)]);
    const warm = await warmCache(optionsOf({ readHitRatio }));
    expect(warm).toMatchObject({ settled: true, hitRatio: 0.904 });
    expect(read).toBe(5);
    expect([...target.asked.keys()].sort()).toEqual(['list-team-tools', 'search-tools', 'team-members', 'team-tools']);
  }, 15_000);

  it('ends unsettled when the budget is used up or nobody can say the ratio', async () => {
    const warm = await warmCache(optionsOf({ budgetMs: 300, readHitRatio: () => Promise.resolve(undefined) }));
    expect(warm.settled).toBe(false);
    expect(warm.elapsedMs).toBeLessThan(2_000);
    expect(warm.hitRatio).toBeUndefined();
  });

  it('walks hot, warm and cold once each, then asks as load does', async () => {
    const asked: number[] = [];
    const request: LoopbackTarget['speech']['request'] = (operation, user) => {
      asked.push(user.userId);
      return target.speech.request(operation, user);
    };
    const tiers: string[] = [];
    const warm = await warmCache(
      optionsOf({
        speech: { ...target.speech, request },
        identities: loopbackIdentities(100),
        onProgress: ({ tier }) => tiers.push(tier),
      }),
    );
    expect(warm.settled).toBe(true);
    const first = [...new Set(asked)];
    expect(first).toEqual(loopbackIdentities(100).map(({ userId }) => userId));
    const walked = asked.lastIndexOf(first.at(-1) ?? 0, 100 * 30);
    const after = asked.slice(walked + 1);
    const hot = after.filter((userId) => first.indexOf(userId) < 5).length;
    expect(hot / after.length).toBeGreaterThan(0.7);
    expect(tiers.at(-1)).toBe('settling');
  }, 15_000);

  it('leaves out the cold end of what its budget does not hold, and still settles', async () => {
    const readHitRatio = () => Promise.resolve(0.5);
    const slow = loopbackIdentities(20_000);
    const warm = await warmCache(optionsOf({ identities: slow, budgetMs: 6_000, readHitRatio }));
    expect(warm.settled).toBe(true);
  }, 15_000);

  it('throws when it is aborted, and when the ratio cannot be read', async () => {
    const abort = new AbortController();
    setTimeout(() => {
      abort.abort(new Error('cancelled'));
    }, 100);
    await expect(warmCache(optionsOf({ signal: abort.signal }))).rejects.toThrow('cancelled');
    const readHitRatio = () => Promise.reject(new Error('no metrics'));
    await expect(warmCache(optionsOf({ readHitRatio }))).rejects.toThrow('no metrics');
  });
});
