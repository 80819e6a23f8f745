import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Context } from './context.ts';
import { keepPresence, leavingFile, type LoadPresence } from './load-presence.ts';

let folder = '';
let presence: LoadPresence | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-presence-'));
});
afterEach(() => {
  presence?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Store {
  isAway?: boolean;
  isOurs?: boolean;
  clockOffMs?: number;
}

function keep(store: Store, guestOf?: string) {
  const notes: boolean[] = [];
  const said: unknown[] = [];
  const asked = <T>(value: T): Promise<T> =>
    store.isAway === true ? Promise.reject(new Error('away')) : Promise.resolve(value);
  const context = {
    environment: { host: 'b', stateFolder: folder, ...(guestOf === undefined ? {} : { guestOf }) },
    log: { debug: () => undefined, info: () => undefined, warn: (reason: unknown) => said.push(reason) },
    store: {
      readClockMs: () => asked(Date.now() + (store.clockOffMs ?? 0)),
      noteLoadHost: ({ joined }: { joined: boolean }) => asked({ isOurs: store.isOurs ?? true }).then((noted) => (notes.push(joined), noted)), // prettier-ignore
      listLoadHosts: () => asked(['a', 'b']),
    },
  } as unknown as Context;
  presence = keepPresence(context);
  return { presence, notes, said };
}

const first = (notes: boolean[]): Promise<boolean | undefined> =>
  vi.waitFor(() => {
    expect(notes).not.toEqual([]);
    return notes[0];
  });

describe('a host that drives load', () => {
  it('joins, and knows who else has', async () => {
    const { presence: kept, notes } = keep({});
    expect(await first(notes)).toBe(true);
    await vi.waitFor(() => {
      expect(kept.hosts()).toEqual(['a', 'b']);
    });
  });

  it('knows of nobody while the store is away, and goes on', () => {
    const { presence: kept } = keep({ isAway: true });
    expect(kept.hosts()).toBeUndefined();
  });

  it('leaves when a file says so', async () => {
    writeFileSync(leavingFile(folder), '');
    const { notes, said } = keep({});
    expect(await first(notes)).toBe(false);
    await vi.waitFor(() => {
      expect(JSON.stringify(said)).toContain('this host leaves');
    });
  });

  it.each([-1_000, 1_000])('does not join with a clock that is off by %i ms, and says so', async (clockOffMs) => {
    const { notes, said } = keep({ clockOffMs });
    expect(await first(notes)).toBe(false);
    await vi.waitFor(() => {
      expect(JSON.stringify(said)).toContain('ms off that of the evidence store');
    });
  });

  it('says when another has its name', async () => {
    const { said } = keep({ isOurs: false });
    await vi.waitFor(() => {
      expect(JSON.stringify(said)).toContain('set SOAK_HOST to another one');
    });
  });

  it('does not join as a guest until it has the address and the secret of the stack', async () => {
    const stack = join(folder, 'stack');
    mkdirSync(stack);
    writeFileSync(join(stack, 'stack.json'), '{}');
    const { notes, said } = keep({}, stack);
    expect(await first(notes)).toBe(false);
    await vi.waitFor(() => {
      expect(JSON.stringify(said)).toContain(`${join(stack, 'secret')} is not there`);
    });
    presence?.close();
    writeFileSync(join(stack, 'secret'), 's');
    expect(await first(keep({}, stack).notes)).toBe(true);
  });
});
