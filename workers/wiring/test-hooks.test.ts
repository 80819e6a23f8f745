import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHoldInterceptor, isKeptDown } from './test-hooks.ts';

let stateFolder = '';
const hook = (name: string): string => join(stateFolder, 'hooks', name);
beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'soakwave-hooks-'));
  mkdirSync(join(stateFolder, 'hooks'));
});
afterEach(() => {
  rmSync(stateFolder, { recursive: true });
});

/** Runs an activity called `work` through the interceptor, and says in which order things happened. */
function begin(testHooks: boolean) {
  const events: string[] = [];
  const { execute } = createHoldInterceptor({ stateFolder, testHooks });
  const environment = new MockActivityEnvironment({ activityType: 'work' });
  const work = (): Promise<void> => {
    events.push('worked');
    return Promise.resolve();
  };
  const ended = environment.run(async () => {
    await execute?.({ args: [], headers: {} }, work);
    events.push('ended');
  });
  return { events, ended, environment };
}

describe('createHoldInterceptor', () => {
  it('holds an activity before its work, and after it, until the file is gone', async () => {
    for (const point of ['before', 'after']) writeFileSync(hook(`hold-${point}-work`), '');
    const { events, ended } = begin(true);
    await expect.poll(() => existsSync(hook('held-before-work'))).toBe(true);
    expect(events).toEqual([]);
    rmSync(hook('hold-before-work'));
    await expect.poll(() => existsSync(hook('held-after-work'))).toBe(true);
    expect(events).toEqual(['worked']);
    rmSync(hook('hold-after-work'));
    await ended;
    expect(events).toEqual(['worked', 'ended']);
  });

  it('lets go of an activity that is cancelled', async () => {
    writeFileSync(hook('hold-before-work'), '');
    const { events, ended, environment } = begin(true);
    environment.cancel();
    await expect(ended).rejects.toThrow();
    expect(events).toEqual([]);
  });

  it('holds nothing where hooks are not allowed', async () => {
    writeFileSync(hook('hold-before-work'), '');
    const { events, ended } = begin(false);
    await ended;
    expect(events).toEqual(['worked', 'ended']);
  });
});

describe('isKeptDown', () => {
  it('holds for the named role, where hooks are allowed, and for ten minutes', () => {
    writeFileSync(hook('keep-down-temporal'), '');
    expect(isKeptDown({ stateFolder, testHooks: true }, 'temporal')).toBe(true);
    expect(isKeptDown({ stateFolder, testHooks: true }, 'evidence')).toBe(false);
    expect(isKeptDown({ stateFolder, testHooks: false }, 'temporal')).toBe(false);
    const past = new Date(Date.now() - 11 * 60_000);
    utimesSync(hook('keep-down-temporal'), past, past);
    expect(isKeptDown({ stateFolder, testHooks: true }, 'temporal')).toBe(false);
  });
});
