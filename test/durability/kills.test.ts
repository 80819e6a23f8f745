import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResultFile } from '#reports/result.ts';
import { startSystem, type System } from '../stack/system.ts';

/** Long enough to kill in the middle of, short enough for a test: no question of it needs more. */
const input = { wave: 'smoke', duration: '20s', window: '10s', users: 10, faults: 'none', keep: 'stack' };

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.down();
});

interface Killed {
  readonly file: RunResultFile;
  readonly runKey: string;
  readonly outcome: string;
  readonly reasons: readonly string[];
}

/** Starts a run, kills something four seconds into its load, and waits for the verdict. */
async function killDuringLoad(kill: (runKey: string) => Promise<void>, changed = {}): Promise<Killed> {
  const { workflowId, runKey } = await system.start('SoakWave', { ...input, ...changed });
  const { loadStartsAt = 0 } = await system.until(workflowId, (progress) => progress.loadStartsAt !== undefined);
  await sleep(Math.max(0, loadStartsAt + 4_000 - Date.now()));
  await kill(runKey);
  const { outcome, reasons } = await system.result(workflowId);
  return { file: system.readResult(runKey), runKey, outcome, reasons };
}

/** Resolves to how long it took until the role was played by another process than before. */
async function secondsUntilReplaced(role: string, oldPid: number, runKey?: string): Promise<number> {
  const killedAt = Date.now();
  while (Date.now() < killedAt + 30_000) {
    await sleep(50);
    if (system.record(role, runKey).pid !== oldPid) return (Date.now() - killedAt) / 1_000;
  }
  throw new Error(`${role} was not replaced`);
}

describe('a run whose harness is killed in the middle of its load', () => {
  it('keeps its load and comes to its verdict though everything but the engine gets SIGKILL, one after another', async () => {
    const longer = { duration: '40s', window: '20s' };
    const { outcome, reasons, file, runKey } = await killDuringLoad(async (key) => {
      for (const role of ['orchestrator', 'temporal', 'load', 'evidence']) {
        expect(await secondsUntilReplaced(role, system.kill(role))).toBeLessThan(10);
        await sleep(3_000);
      }
      await secondsUntilReplaced('sampler', system.kill('sampler', key), key);
    }, longer);
    expect({ outcome, reasons }).toEqual({ outcome: 'pass', reasons: [] });
    // The engine lived through it: no second of any user is missing, and it was never started again.
    expect(file.load).toMatchObject({ dropped: 0, unknown: 0, inFlight: 0 });
    expect(file.load.delivered).toBeGreaterThan(350);
    expect(system.starts('engine-0', runKey)).toBe(1);
    // Nobody sampled for a moment: that is named, and owes no samples.
    expect(system.starts('sampler', runKey)).toBe(2);
  });

  it('has its engine back within five seconds and says what was not delivered', async () => {
    let replaced = Number.NaN;
    const { outcome, reasons, file, runKey } = await killDuringLoad(async (key) => {
      replaced = await secondsUntilReplaced('engine-0', system.kill('engine-0', key), key);
    });
    expect(replaced).toBeLessThan(5);
    expect({ outcome, reasons }).toEqual({ outcome: 'pass', reasons: [] });
    expect(system.starts('engine-0', runKey)).toBe(2);
    const { due, delivered, dropped, abandoned, unknown, inFlight } = file.load;
    expect(due).toBe(delivered + dropped + abandoned + unknown + inFlight);
    expect(inFlight).toBe(0);
    expect(dropped + unknown).toBeGreaterThan(0);
    // Ten users, five seconds: what was lost is at most that, and the report names the gap as an outage of the harness.
    expect(dropped + unknown).toBeLessThanOrEqual(10 * 5);
    const outage = file.outages.find(({ name }) => name.startsWith('engine'));
    expect(outage).toBeDefined();
    expect(((outage?.to ?? Infinity) - (outage?.from ?? 0)) / 1_000).toBeLessThan(5);
  });
});
