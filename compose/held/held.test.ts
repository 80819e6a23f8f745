import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readLease } from './desired-file.ts';
import { type Following, followHeld } from './follow.ts';
import { extendLease, setLease } from './lease.ts';
import { place, steer } from './place.ts';

const runKey = 'run-1';
const farMs = Date.now() + 3_600_000;
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-held-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Follows epoch 1 and collects its orders. */
function follow(options: Partial<Following<number>> = {}) {
  const orders: number[] = [];
  const end = followHeld<number>({
    folder,
    epoch: 1,
    runKey,
    parse: (payload) => z.number().parse(payload),
    onOrders: (order) => void orders.push(order),
    pollMs: 2,
    toleranceMs: 200,
    ...options,
  });
  return { orders, end };
}

const eventually = (holds: () => void): Promise<void> => expect.poll(() => (holds(), true), { interval: 2 }).toBe(true);

describe('followHeld', () => {
  beforeEach(() => {
    place({ folder, runKey, payload: 1 });
    extendLease(folder, 1, farMs);
  });

  it('follows each later revision and ends on stop, for good', async () => {
    const { orders, end } = follow();
    await eventually(() => {
      expect(orders).toEqual([1]);
    });
    await steer({ folder, runKey, payload: 2 });
    await eventually(() => {
      expect(orders).toEqual([1, 2]);
    });
    await steer({ folder, runKey, stop: true });
    expect(await end).toBe('stop');
    expect(await steer({ folder, runKey, payload: 3 })).toMatchObject({ stop: true, revision: 2, payload: 2 });
  });

  it('ends when a higher epoch is placed', async () => {
    const { end } = follow();
    place({ folder, runKey, payload: 9 });
    expect(await end).toBe('epoch');
  });

  it('ends when a later epoch has the lease', async () => {
    const { end } = follow();
    extendLease(folder, 2, farMs);
    expect(await end).toBe('epoch');
  });

  it('ends when the folder belongs to another run', async () => {
    const { end } = follow();
    place({ folder, runKey: 'run-2', payload: 1 });
    expect(await end).toBe('run');
  });

  it('ends when nobody extends its lease', async () => {
    let nowMs = Date.now();
    const { end, orders } = follow({ now: () => nowMs });
    await eventually(() => {
      expect(orders).toEqual([1]);
    });
    nowMs = farMs + 1;
    expect(await end).toBe('lease');
  });

  it('ends when told by its own signal', async () => {
    const abort = new AbortController();
    const { end } = follow({ signal: abort.signal });
    abort.abort();
    expect(await end).toBe('signal');
  });

  it('bears a torn file for a while', async () => {
    const { orders, end } = follow({ toleranceMs: 2_000 });
    await eventually(() => {
      expect(orders).toEqual([1]);
    });
    const file = join(folder, 'desired.json');
    writeFileSync(file, '{"runKey":"run-1","ep');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const whole = { runKey, epoch: 1, revision: 1, stop: false, payload: 5 };
    writeFileSync(file, JSON.stringify(whole));
    await eventually(() => {
      expect(orders).toEqual([1, 5]);
    });
    await steer({ folder, runKey, stop: true });
    expect(await end).toBe('stop');
  });

  it('ends when its orders stay away', async () => {
    const { end } = follow({ toleranceMs: 20 });
    rmSync(join(folder, 'desired.json'));
    expect(await end).toBe('lease');
  });

  it('ends when no lease of its epoch ever comes', async () => {
    rmSync(join(folder, 'lease.json'));
    expect(await follow({ toleranceMs: 20 }).end).toBe('lease');
  });

  it('throws when orders are not what the process takes', async () => {
    const { end } = follow();
    await Promise.all([expect(end).rejects.toThrow('does not take'), steer({ folder, runKey, payload: 'faster' })]);
  });
});

describe('steer', () => {
  it('has nothing to steer before place, nor in another run’s folder', async () => {
    expect(await steer({ folder, runKey, stop: true })).toBeUndefined();
    place({ folder, runKey: 'run-2', payload: 1 });
    expect(await steer({ folder, runKey, stop: true })).toBeUndefined();
  });

  it('loses no revision when many steer at once', async () => {
    place({ folder, runKey, payload: 0 });
    await Promise.all(Array.from({ length: 5 }, (_, index) => steer({ folder, runKey, payload: index })));
    expect(await steer({ folder, runKey, payload: 9 })).toMatchObject({ epoch: 1, revision: 6 });
  });
});

describe('extendLease', () => {
  it('refuses the holder of an earlier epoch and never shortens', () => {
    expect(extendLease(folder, 2, 1_000)).toBe(true);
    expect(extendLease(folder, 1, 9_000)).toBe(false);
    expect(extendLease(folder, 2, 500)).toBe(true);
    expect(readLease(folder)).toEqual({ epoch: 2, leaseUntil: 1_000 });
    expect(extendLease(folder, 3, 400)).toBe(true);
    expect(readLease(folder)).toEqual({ epoch: 3, leaseUntil: 400 });
  });
});

describe('setLease', () => {
  it('shortens too, and refuses the holder of an earlier epoch', () => {
    extendLease(folder, 2, 9_000);
    expect(setLease(folder, 2, 500)).toBe(true);
    expect(readLease(folder)).toEqual({ epoch: 2, leaseUntil: 500 });
    expect(setLease(folder, 1, 700)).toBe(false);
    expect(readLease(folder)).toEqual({ epoch: 2, leaseUntil: 500 });
  });
});

describe('place', () => {
  it('goes above a floor, and above what was there', () => {
    expect(place({ folder, runKey, payload: 1, epochFloor: 200 }).epoch).toBe(201);
    expect(place({ folder, runKey, payload: 1, epochFloor: 100 }).epoch).toBe(202);
  });
});
