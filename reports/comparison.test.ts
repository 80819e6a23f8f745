import { describe, expect, it } from 'vitest';
import type { Verdict } from '#model/verdict.ts';
import {
  syntheticEvidence,
  syntheticMeta,
  syntheticPlan,
  syntheticRecords,
  syntheticSeeded,
  syntheticSteps,
} from '../test/synthetic-run.ts';
import { compareWaves, renderComparison } from './comparison.ts';
import { renderResult, type RunResultFile } from './result.ts';

const verdict: Verdict = {
  outcome: 'pass',
  headline: 'Pass.',
  answers: [
    { question: 'memory-gateways', outcome: 'pass', reason: 'small', measured: 300 * 1_024 ** 2, unit: 'bytes' },
  ],
  notCovered: [],
};

async function results(): Promise<[RunResultFile, RunResultFile]> {
  const plan = syntheticPlan();
  const parts = { plan, verdict, steps: syntheticSteps(), seeded: syntheticSeeded, meta: syntheticMeta };
  const evidence = await syntheticEvidence(plan, syntheticRecords(plan));
  const smoke = renderResult({ ...parts, evidence }, { report: '/runs/1/report.html', result: '/runs/1/result.json' });
  return [smoke, { ...smoke, wave: 'small', runId: 'run-2' }];
}

describe('compareWaves', () => {
  it('marks a wave that an earlier cycle ran, with its run and its date', async () => {
    const [smoke, small] = await results();
    const known = { takenOver: [smoke.runId], withoutVerdict: [] };
    expect(compareWaves([smoke, small], known).waves.map((wave) => [wave.wave, wave.isTakenOver])).toEqual([
      ['smoke', true],
      ['small', false],
    ]);
    const page = renderComparison([smoke, small], known);
    expect(page).toContain(`run ${smoke.runId}<br />${smoke.endedAt.slice(0, 10)}`);
    expect(page.match(/an earlier cycle/g)).toHaveLength(1);
  });

  it('is inconclusive when a wave came to no verdict, and says which and why', async () => {
    const [smoke] = await results();
    const known = {
      takenOver: [],
      withoutVerdict: [{ wave: 'small', reasons: ['PreflightFailed: the disk is full'] }],
    };
    expect(compareWaves([smoke], known)).toMatchObject({
      outcome: 'inconclusive',
      withoutVerdict: known.withoutVerdict,
    });
    const page = renderComparison([smoke], known);
    expect(page).toContain('1 of 2 waves passed.');
    expect(page).toContain('PreflightFailed: the disk is full');
  });

  it('has how fast rows were seeded and how much memory the gateways took', async () => {
    const [smoke] = await results();
    const [wave] = compareWaves([smoke]).waves;
    const rows = syntheticSeeded.reduce((sum, entity) => sum + entity.rows, 0);
    const seconds = syntheticSeeded.reduce((sum, entity) => sum + entity.seconds, 0);
    expect(wave).toMatchObject({ rows, rowsPerSecond: rows / seconds, gatewaysMemory: '300 MB' });
  });

  it('draws how the figures go with the waves, as soon as there are two', async () => {
    const [smoke, small] = await results();
    expect(renderComparison([smoke])).not.toContain('<rect');
    expect(renderComparison([smoke, small]).match(/<rect/g)).toHaveLength(6);
  });
});
