import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { watchingDisk } from './disk-watch.ts';

const folder = tmpdir();
const { signal } = new AbortController();

describe('watchingDisk', () => {
  it('hands on what the work answers and what it throws', async () => {
    expect(await watchingDisk({ folder, signal, reserveBytes: 0 }, () => Promise.resolve(7))).toBe(7);
    const failing = watchingDisk({ folder, signal, reserveBytes: 0 }, () => Promise.reject(new Error('own')));
    await expect(failing).rejects.toThrow('own');
  });

  it('begins nothing on a disk that is full, and says what to do', async () => {
    let begun = false;
    const working = watchingDisk({ folder, signal, reserveBytes: Infinity }, () => {
      begun = true;
      return Promise.resolve();
    });
    await expect(working).rejects.toMatchObject({
      name: 'SeedFailed',
      message: expect.stringContaining('lower the scale') as string,
    });
    expect(begun).toBe(false);
  });

  it('passes on that somebody else wants it to end', async () => {
    const controller = new AbortController();
    const working = watchingDisk({ folder, signal: controller.signal, reserveBytes: 0 }, async (told) => {
      controller.abort(new Error('cancelled'));
      told.throwIfAborted();
      return Promise.resolve();
    });
    await expect(working).rejects.toThrow('cancelled');
  });
});
