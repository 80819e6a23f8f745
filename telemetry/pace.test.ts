import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

describe('createPace', () => {
  it('asks seldom what takes long, whether it succeeds or not, and often again when it does not any more', async () => {
    let at = 0;
    const pace = createPace(() => at);
    const taking = (ms: number) => () => {
      at += ms;
      return ms > 100 ? Promise.reject(new Error('no answer')) : Promise.resolve(ms);
    };
    expect(pace.everyMs).toBe(10_000);
    await pace.measure(taking(5));
    expect(pace.everyMs).toBe(10_000);
    await pace.measure(taking(50));
    expect(pace.everyMs).toBe(25_000);
    await expect(pace.measure(taking(800))).rejects.toThrow('no answer');
    expect(pace.everyMs).toBe(60_000);
    await pace.measure(taking(1));
    expect(pace.everyMs).toBe(10_000);
  });
});
