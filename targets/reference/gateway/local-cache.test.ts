import { describe, expect, it } from 'vitest';
import { createLocalCache } from './local-cache.ts';

const value = Buffer.from('value');

describe('the local cache', () => {
  it('gives back what was put in until one of its tags is invalidated', () => {
    const cache = createLocalCache(1_000_000);
    cache.set('a', { value, tags: ['x', 'y'], asOf: cache.position() });
    cache.invalidate(['z']);
    expect(cache.get('a')).toBe(value);
    cache.invalidate(['y']);
    expect(cache.get('a')).toBeUndefined();
  });

  it('does not take what began loading before an invalidation', () => {
    const cache = createLocalCache(1_000_000);
    const asOf = cache.position();
    cache.invalidate(['x']);
    cache.set('a', { value, tags: ['x'], asOf });
    expect(cache.get('a')).toBeUndefined();
    cache.set('b', { value, tags: ['other'], asOf });
    expect(cache.get('b')).toBe(value);
  });

  it('takes nothing that began loading before it was cleared', () => {
    const cache = createLocalCache(1_000_000);
    const asOf = cache.position();
    cache.clear();
    cache.set('a', { value, tags: [], asOf });
    expect(cache.get('a')).toBeUndefined();
    expect(cache.bytes).toBe(0);
  });

  it('errs towards loading again once it has forgotten which tags were invalidated', () => {
    const cache = createLocalCache(1_000_000);
    const asOf = cache.position();
    cache.invalidate(['x']);
    for (let tag = 0; tag < 70_000; tag += 1) cache.invalidate([`other ${tag}`]);
    expect(cache.isCurrent(['x'], asOf)).toBe(false);
    expect(cache.isCurrent(['never invalidated'], asOf)).toBe(false);
    expect(cache.isCurrent(['x'], cache.position())).toBe(true);
  });

  it('stays within its bytes and drops what was used longest ago', () => {
    const cache = createLocalCache(10_000);
    for (let index = 0; index < 100; index += 1) {
      cache.set(`key ${index}`, { value: Buffer.alloc(1_000), tags: [], asOf: cache.position() });
    }
    expect(cache.bytes).toBeLessThanOrEqual(10_000);
    expect(cache.get('key 0')).toBeUndefined();
    expect(cache.get('key 99')).toBeDefined();
  });
});
