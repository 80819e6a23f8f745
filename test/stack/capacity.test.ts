import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf } from '#model/capacity-answer.ts';
import { Plan } from '#model/plan.ts';
import type { RunResultFile } from '#reports/result.ts';
import { startSystem, type System } from './system.ts';

/**
 * A capacity search on a real stack, short and coarse: that it ends with a figure, and that the figure follows from what was
 * stored. What the target carries is this machine's business.
 */
const input = {
  ...{ wave: 'smoke', scale: 1, duration: '90s', window: '10s', windowsPerExecution: 4, users: 100, keep: 'nothing' },
  capacity: { startRate: 4, maxRate: 64, resolution: 0.5, probe: '5s', hold: '8s', coolDown: '2s' },
};

let system: System;
let file: RunResultFile;
let plan: Plan;
let page: string;
beforeAll(async () => {
  system = await startSystem();
  const { workflowId, runKey } = await system.start('SoakWave', input);
  await system.result(workflowId);
  file = system.readResult(runKey);
  const folder = join(system.folder, 'runs', runKey);
  plan = Plan.parse(JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')));
  page = readFileSync(join(folder, 'report.html'), 'utf8');
}, 600_000);
afterAll(async () => {
  await system.down();
});

describe('a capacity search on a stack', () => {
  it('ends with a figure, within its time', () => {
    const { capacity } = file;
    expect(capacity?.probes.length).toBeGreaterThanOrEqual(3);
    expect(capacity?.low?.ratePerSecond).toBeGreaterThanOrEqual(4);
    expect(capacity?.low?.requestsPerSecond).toBeGreaterThan(0);
    const answer = file.verdict.answers.find(({ question }) => question === 'capacity');
    expect(answer?.measured).toBe(capacity?.low?.requestsPerSecond);
    expect(answer?.outcome).toBe(capacity?.isFound === true ? 'pass' : 'inconclusive');
    expect(file.load.loadMs).toBeLessThanOrEqual(90_000);
  });

  it('offers what it says that it offers: what was due in each probe is its rate', () => {
    const measured = (file.capacity?.probes ?? []).flatMap(({ ratePerSecond, figures }) =>
      figures === undefined ? [] : [{ ratePerSecond, figures }],
    );
    for (const { ratePerSecond, figures } of measured) {
      expect(Math.abs(figures.due - ratePerSecond * figures.seconds)).toBeLessThanOrEqual(
        1 + figures.unseen * ratePerSecond,
      );
    }
    expect(measured.length).toBeGreaterThanOrEqual(3);
  });

  it('is judged from the stored evidence as the search saw it', () => {
    const { capacity } = file;
    if (capacity === undefined || plan.capacity === undefined) throw new Error('the run was no search');
    expect(capacity.differing).toBe(0);
    const { probes, endedBy } = capacity;
    expect(capacity).toMatchObject(answerOf(plan.capacity, probes, endedBy));
  });

  it('is a section of the report, with its plots', () => {
    for (const id of ['id="capacity"', 'id="plot-rate-latency"', 'id="plot-probes"']) expect(page).toContain(id);
  });
});
