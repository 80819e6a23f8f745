import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Beat } from '#activities/heartbeat.ts';
import { readLease } from '#compose/held/desired-file.ts';
import { extendLease } from '#compose/held/lease.ts';
import { confirmedWithinMs, epochsPerPlacing, leaseMs, placedAnewAfterMs, spreadLeaseMs } from '#model/held.ts';
import { takeLease } from './engine-lease.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-lease-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

/** Temporal as one attempt sees it; `answer` is what its next heartbeats get. */
function attempt(): { beat: Beat; asked: () => number; answer: (how: 'yes' | 'over' | 'away') => void } {
  let how = 'yes';
  let count = 0;
  const beat: Beat = {
    signal: new AbortController().signal,
    progress: () => undefined,
    confirm() {
      count += 1;
      if (how === 'yes') return Promise.resolve();
      const error = new Error(how);
      if (how === 'over') error.name = 'AttemptOver';
      return Promise.reject(error);
    },
  };
  return { beat, asked: () => count, answer: (next) => void (how = next) };
}

const leaseLeftMs = (): number => (readLease(folder)?.leaseUntil ?? 0) - Date.now();
const alone = () => takeLease(folder, { placing: undefined, beat: attempt().beat });

describe('the lease of an engine on the only host', () => {
  it('is five minutes, and asks nobody', async () => {
    const temporal = attempt();
    const lease = await takeLease(folder, { placing: undefined, beat: temporal.beat });
    await lease.ready();
    expect(lease.startOptions()).toEqual({});
    lease.extend(1);
    expect(leaseLeftMs()).toBeGreaterThan(leaseMs - 5_000);
    expect(temporal.asked()).toBe(0);
  });

  it('is given by nobody who comes after the load was spread', async () => {
    const early = await alone();
    await takeLease(folder, { placing: 1, beat: attempt().beat });
    expect(() => {
      early.extend(1);
    }).toThrow('comes too late');
    await expect(alone()).rejects.toThrow('comes too late');
  });
});

/** Time goes on only when a test says so. */
async function spread(placing = 2) {
  const temporal = attempt();
  const lease = await takeLease(folder, { placing, beat: temporal.beat });
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  const seconds = async (count: number): Promise<void> => {
    for (let tick = 0; tick < count * 10; tick += 1) {
      await vi.advanceTimersByTimeAsync(100);
      lease.extend(1);
    }
  };
  return { ...temporal, lease, seconds };
}

describe('the lease of an engine on one of several hosts', () => {
  it('is over, its grace included, before the shard may be placed elsewhere', () => {
    const looksMs = 500;
    const graceMs = 4_000;
    expect(spreadLeaseMs + looksMs + graceMs).toBeLessThan(placedAnewAfterMs);
  });

  it('begins with a heartbeat that Temporal took, and above the epochs of earlier placings', async () => {
    const { lease } = await spread(2);
    expect(lease.mayStart()).toBe(false);
    const ready = lease.ready();
    await vi.advanceTimersByTimeAsync(200);
    await ready;
    expect(lease.mayStart()).toBe(true);
    const { leaseUntil = 0, epochFloor } = lease.startOptions();
    expect(leaseUntil - Date.now()).toBeLessThanOrEqual(spreadLeaseMs);
    expect(leaseUntil - Date.now()).toBeGreaterThan(spreadLeaseMs - 1_000);
    expect(epochFloor).toBe(2 * epochsPerPlacing);
  });

  it('is extended every second, to twenty seconds after the heartbeat', async () => {
    const { seconds, asked } = await spread();
    await seconds(10);
    expect(leaseLeftMs()).toBeGreaterThan(spreadLeaseMs - 2_000);
    expect(leaseLeftMs()).toBeLessThanOrEqual(spreadLeaseMs);
    expect(asked()).toBeGreaterThanOrEqual(9);
    expect(asked()).toBeLessThanOrEqual(11);
  });

  it('takes away what is left of a lease of five minutes', async () => {
    extendLease(folder, 1, Date.now() + leaseMs);
    const { seconds } = await spread();
    await seconds(2);
    expect(leaseLeftMs()).toBeLessThanOrEqual(spreadLeaseMs);
  });

  it('runs out while Temporal is away, and no engine is started then', async () => {
    const { seconds, answer, lease } = await spread();
    await seconds(2);
    answer('away');
    const standing = readLease(folder)?.leaseUntil;
    await seconds(confirmedWithinMs / 1_000 + 1);
    expect(readLease(folder)?.leaseUntil).toBeLessThanOrEqual((standing ?? 0) + 1_000);
    expect(lease.mayStart()).toBe(false);
    answer('yes');
    await seconds(2);
    expect(lease.mayStart()).toBe(true);
    expect(leaseLeftMs()).toBeGreaterThan(spreadLeaseMs - 2_000);
  });

  it('is not extended any more when another may have the shard', async () => {
    const { seconds, answer } = await spread();
    await seconds(2);
    answer('over');
    await expect(seconds(3)).rejects.toMatchObject({ name: 'AttemptOver' });
  });

  it('is given up when the shard was placed here again since', async () => {
    const { seconds } = await spread(2);
    await seconds(1);
    vi.useRealTimers();
    await takeLease(folder, { placing: 3, beat: attempt().beat });
    await expect(takeLease(folder, { placing: 2, beat: attempt().beat })).rejects.toThrow('comes too late');
  });
});
