import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultRecord } from '#model/evidence.ts';
import type { FaultLease } from '#model/fault-plan.ts';
import { advanceLease, isOpen, listLeases, readLease, storeLease } from './lease-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leases-'));
});
afterEach(() => rm(folder, { recursive: true }));

const record = (event: FaultLease['state'], at = 1): FaultRecord => ({
  kind: 'fault',
  at,
  fault: 'kill-gateway-1',
  event,
  detail: '',
});

const lease: FaultLease = {
  runKey: 'run-1',
  plan: {
    fault: 'kill-gateway-1',
    kind: 'kill-gateway',
    victim: 'gateway-1',
    offsetMs: 0,
    holdMs: 1_000,
    deadlineMs: 5_000,
  },
  recipe: { kind: 'start-process', role: 'gateway-1' },
  deadlineAt: 5_000,
  state: 'set-up',
  holdsDown: ['gateway-1'],
  history: [record('set-up')],
};

describe('lease file', () => {
  it('keeps the lease of the first attempt', async () => {
    await storeLease(folder, lease);
    const second = await storeLease(folder, { ...lease, deadlineAt: 9_999 });

    expect(second.deadlineAt).toBe(5_000);
  });

  it('refuses the lease of another run', async () => {
    await storeLease(folder, lease);

    await expect(storeLease(folder, { ...lease, runKey: 'run-2' })).rejects.toThrow(/belongs to run run-1/);
  });

  it.each(['healed', 'healed-by-watchdog'] as const)('never goes back once it is %s', async (healed) => {
    await storeLease(folder, lease);
    await advanceLease(folder, record(healed));
    for (const event of ['injected', 'bit', 'recovering', 'failed', 'healed', 'healed-by-watchdog'] as const) {
      expect((await advanceLease(folder, record(event))).advanced).toBe(false);
    }

    const stored = await readLease(folder, lease.plan.fault);
    expect(stored?.state).toBe(healed);
    expect(stored && isOpen(stored)).toBe(false);
  });

  it('lets exactly one of many writers make a transition', async () => {
    await storeLease(folder, lease);
    const attempts = await Promise.all(
      Array.from({ length: 16 }, (_, at) =>
        advanceLease(folder, record(at % 2 === 0 ? 'healed' : 'healed-by-watchdog', at)),
      ),
    );

    expect(attempts.filter(({ advanced }) => advanced)).toHaveLength(1);
    expect((await readLease(folder, lease.plan.fault))?.history).toHaveLength(2);
  });

  it('reads the newest state when a writer died between its two steps, and goes on from there', async () => {
    await storeLease(folder, lease);
    const injected: FaultLease = { ...lease, state: 'injected', history: [...lease.history, record('injected')] };
    await writeFile(join(folder, 'kill-gateway-1.2.json'), JSON.stringify(injected));

    expect((await readLease(folder, lease.plan.fault))?.state).toBe('injected');
    await advanceLease(folder, record('bit'));
    expect((await readLease(folder, lease.plan.fault))?.history.map(({ event }) => event)).toEqual([
      'set-up',
      'injected',
      'bit',
    ]);
  });

  it('lists each fault once and leaves no drafts behind', async () => {
    expect(await listLeases(join(folder, 'none'))).toEqual([]);
    await storeLease(folder, lease);
    await storeLease(folder, lease);
    await advanceLease(folder, record('injected'));

    expect(await listLeases(folder)).toEqual(['kill-gateway-1']);
    expect((await readdir(folder)).filter((name) => name.endsWith('.draft'))).toEqual([]);
  });

  it('names the file that is not a lease', async () => {
    await writeFile(join(folder, 'kill-gateway-1.json'), '{"runKey":');

    await expect(readLease(folder, 'kill-gateway-1')).rejects.toThrow(/kill-gateway-1\.json is not a lease/);
  });
});
