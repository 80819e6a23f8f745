import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from './lock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-lock-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('withLock', () => {
  it('lets one at a time do its work', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(join(folder, 'x'), {}, work)));
    expect(most).toBe(1);
  });

  it('gives the lock back when the work fails', async () => {
    const failing = withLock(join(folder, 'x'), {}, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    await expect(withLock(join(folder, 'x'), { waitMs: 0 }, () => 7)).resolves.toBe(7);
  });

  it('names the holder when the wait is over', async () => {
    await withLock(join(folder, 'x'), {}, async () => {
      const waiting = withLock(join(folder, 'x'), { waitMs: 30 }, () => 0);
      await expect(waiting).rejects.toThrow(`locked by pid ${process.pid}`);
    });
  });

  it('is another lock for another path', async () => {
    await withLock(join(folder, 'x'), {}, async () => {
      await expect(withLock(join(folder, 'y'), { waitMs: 0 }, () => 1)).resolves.toBe(1);
    });
  });
});
