import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvidenceSummary } from '#model/evidence-summary.ts';
import type { LedgerTotals } from '#model/ledger.ts';
import { Plan } from '#model/plan.ts';
import { startSystem, type System } from './system.ts';

/** Small enough for two cores that the target has, too. */
const input = { wave: 'smoke', scale: 0.5, arrivalRate: 25, duration: '15s', faults: 'none', keep: 'stack' };
const due = 25 * 15;

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.down();
});

async function runWith(
  change: object,
  during: (run: { workflowId: string; runKey: string; loadStartsAt: number }) => Promise<void>,
) {
  const { workflowId, runKey } = await system.start('SoakWave', { ...input, ...change });
  const { loadStartsAt = 0 } = await system.until(workflowId, (progress) => progress.loadStartsAt !== undefined);
  await during({ workflowId, runKey, loadStartsAt });
  const { outcome, reasons } = await system.result(workflowId);
  const read = (name: string): unknown => JSON.parse(readFileSync(join(system.folder, 'runs', runKey, name), 'utf8'));
  const evidence = EvidenceSummary.parse(read('evidence.json'));
  return { outcome, reasons, evidence, plan: Plan.parse(read('plan.json')), result: system.readResult(runKey) };
}

const isBalanced = ({ due: owed, delivered, dropped, abandoned, unknown, inFlight }: LedgerTotals): boolean =>
  owed === delivered + dropped + abandoned + unknown + inFlight;
const untilLoad = (loadStartsAt: number, seconds: number): Promise<void> =>
  sleep(Math.max(0, loadStartsAt + seconds * 1_000 - Date.now()));

describe('an open load', () => {
  it('begins what is due, tells latency from there, and comes to its verdict', async () => {
    // 15 s are too short for every operation to be met: that is not promised.
    const { outcome, reasons, evidence, result, plan } = await runWith({}, () => Promise.resolve());
    expect({ outcome, reasons }).toEqual({ outcome: 'pass', reasons: [] });
    expect(plan.load).toMatchObject({ model: 'open', virtualUsers: 25 });
    const { totals } = evidence.ledger;
    expect(totals).toMatchObject({ due, unknown: 0, inFlight: 0 });
    expect(isBalanced(totals)).toBe(true);
    // The last of them end in the drain, which is no window's.
    const endedInDrain = totals.delivered - evidence.iterations.ok - evidence.iterations.failed;
    expect(endedInDrain).toBeGreaterThanOrEqual(0);
    expect(endedInDrain).toBeLessThanOrEqual(25);
    expect(result.load).toMatchObject({ model: 'open', latency: 'from-intended-start', due });
    const reads = result.classes.find((each) => each.class === 'local-read');
    expect(reads?.serviceTime?.count).toBe(reads?.overall.count);
    expect(evidence.generators[0]?.scheduleErrorP99Ms).toBeGreaterThan(0);
  });

  it('balances over the death of its engine, whose last moments are unknown, and goes on at the rate', async () => {
    const { evidence } = await runWith({}, async ({ runKey, loadStartsAt }) => {
      await untilLoad(loadStartsAt, 6.5);
      system.kill('engine-0', runKey);
    });
    const { totals, points } = evidence.ledger;
    expect(isBalanced(totals)).toBe(true);
    expect(points.filter((point) => !isBalanced(point))).toEqual([]);
    expect(totals).toMatchObject({ due, inFlight: 0 });
    expect(totals.unknown).toBeGreaterThan(0);
    // At most the second in which it died, and what was in flight before.
    expect(totals.unknown).toBeLessThanOrEqual(2 * 25);
    expect(evidence.outages.map(({ name }) => name)).toEqual(['engine-0']);
    expect(points.at(-2)?.delivered).toBe(25);
  });

  it('is scaled by its rate while it goes on, and not by users', async () => {
    const { evidence, plan } = await runWith({}, async ({ workflowId, loadStartsAt }) => {
      await untilLoad(loadStartsAt, 4);
      const handle = system.client.workflow.getHandle(workflowId);
      const scale = (request: object) =>
        handle.executeUpdate<string, [object]>('scaleLoad', { args: [{ why: 'the test wants it', ...request }] });
      await expect(scale({ users: 5 })).rejects.toMatchObject({
        cause: { message: expect.stringContaining('this load is open') as string },
      });
      expect(await scale({ rate: 10 })).toContain('10 a second in place of 25');
    });
    const rates = evidence.ledger.points.map((point) => point.due / point.seconds);
    expect(rates[0]).toBe(25);
    expect(rates.at(-1)).toBe(10);
    expect(rates.findIndex((rate) => rate < 25)).toBeLessThanOrEqual(7);
    expect(plan.load.stages[0]).toMatchObject({ ratePerSecondTo: 25 });
  });
});
