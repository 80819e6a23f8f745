import { describe, expect, it } from 'vitest';
import { loadStartsAt, syntheticPlan, syntheticRecords } from '../test/synthetic-run.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import { loadMsOf } from '#model/evidence-summary.ts';
import { metrics } from '#model/metrics.ts';
import { pauseLoad, planAsSteered, resumeLoad } from '#model/schedule.ts';
import { foldEvidence } from './fold.ts';

const plan = syntheticPlan({ faults: 'none' });
const pause = { from: loadStartsAt + 20_000, to: loadStartsAt + 40_000 };
const isPaused = (at: number): boolean => at >= pause.from && at < pause.to;

function steered() {
  const change = { spawnRatePerSecond: plan.load.spawnRatePerSecond, offsetMs: 20_000 };
  const paused = pauseLoad({ ...change, stages: plan.load.stages });
  if ('problem' in paused) throw new Error(paused.problem);
  const resumed = resumeLoad({ ...change, stages: paused.stages, offsetMs: 40_000 });
  if ('problem' in resumed) throw new Error(resumed.problem);
  return planAsSteered(plan, resumed.stages);
}

/** The evidence of the steered run, as its producers would have written it; `change` makes something happen in the pause. */
const fold = (change: (record: EvidenceRecord) => EvidenceRecord[] = (record) => [record]) =>
  foldEvidence({ records: [...syntheticRecords(steered())].flatMap(change), plan: steered(), loadStartsAt });

describe('a load that was paused', () => {
  it('is longer by the pause and the way back, and owes no load in the pause', async () => {
    const evidence = await fold();
    expect(evidence.pauses).toEqual([pause]);
    expect((evidence.loadEndsAt ?? 0) - loadStartsAt).toBe(60_000 + 20_000 + 1_000);
    // Rates are over the time in which there was to be load.
    expect(loadMsOf(evidence)).toBe(60_000 + 1_000);
    const due = evidence.ledger.points.filter(({ at }) => isPaused(at)).map((point) => point.due);
    expect(due).toEqual(Array.from({ length: 20 }, () => 0));
  });

  it('owes no samples of the pause, and a sampler that died in it was out of nothing', async () => {
    const whole = await fold();
    const unseen = await fold((record) => (record.kind === 'sample' && isPaused(record.at) ? [] : [record]));
    expect(unseen.outages).toEqual([]);
    expect(unseen.processes.map((each) => each.samplesExpected)).toEqual(
      whole.processes.map((each) => each.samplesExpected),
    );
    for (const { samplesExpected, samplesPresent } of unseen.processes) expect(samplesPresent).toBe(samplesExpected);
  });

  it('is not judged by what was sampled in the pause', async () => {
    const peak = 64 * 1024 ** 3;
    const evidence = await fold((record) => {
      if (record.kind !== 'sample' || record.role !== 'gateway-1' || !isPaused(record.at)) return [record];
      return [{ ...record, values: { ...record.values, [metrics.rssBytes]: peak } }];
    });
    const rss = evidence.series.find(({ role, metric }) => role === 'gateway-1' && metric === metrics.rssBytes);
    expect(rss?.max).toBe(peak);
    expect(rss?.inLoad?.max).toBeLessThan(peak);
  });

  it('counts what grew between the pauses alone, over that time alone', async () => {
    const evidence = await fold();
    const cpu = evidence.series.find(({ role, metric }) => role === 'gateway-1' && metric === metrics.cpuSeconds);
    expect(cpu?.inLoad?.spanMs).toBeGreaterThan(55_000);
    expect(cpu?.inLoad?.spanMs).toBeLessThanOrEqual(62_000);
  });

  it('excuses a part of the target that somebody stopped while it was paused', async () => {
    const [from, to] = [pause.from + 2_000, pause.to - 2_000];
    const evidence = await fold((record) =>
      record.kind === 'sample' && record.role === 'redis' && record.at >= from
        ? record.at < to
          ? []
          : [{ ...record, incarnation: 2 }]
        : [record],
    );
    expect(evidence.unplannedOutages).toEqual([]);
  });
});
