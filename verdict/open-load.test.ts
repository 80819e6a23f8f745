import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import type { EvidenceRecord } from '#model/evidence.ts';
import { metrics } from '#model/metrics.ts';
import type { Plan } from '#model/plan.ts';
import type { Question } from '#model/verdict.ts';
import {
  histogramOf,
  loadStartsAt,
  operationsOfMix,
  syntheticPlan,
  syntheticRecords,
  syntheticSeeded,
  syntheticSteps,
  syntheticVerification,
} from '../test/synthetic-run.ts';
import { foldEvidence } from './fold.ts';
import { judge } from './judge.ts';

const promises: Question[] = ['load-delivered', 'generator-not-saturated', 'latency-local-reads', 'operations-checked'];
const planned = syntheticPlan({ arrivalRate: 40, users: 40, faults: 'none' });
const plan: Plan = { ...planned, promises, objectives: { ...planned.objectives, localReadP95MsMax: 500 } };
const healthy: readonly EvidenceRecord[] = [...syntheticRecords(plan)];
const endsAt = loadStartsAt + 60_000;

const changed = (change: (record: EvidenceRecord) => EvidenceRecord | readonly EvidenceRecord[] | undefined) =>
  healthy.flatMap((record) => change(record) ?? []);
const ledgerChanged = (second: number, change: object) =>
  changed((record) =>
    record.kind === 'ledger' && record.at === loadStartsAt + second * 1_000 ? { ...record, ...change } : record,
  );

async function judged(records: readonly EvidenceRecord[] = healthy, of = plan) {
  const evidence = await foldEvidence({ records, plan: of, loadStartsAt });
  const verdict = judge({
    ...{ plan: of, evidence, operations: operationsOfMix, steps: syntheticSteps(), seeded: syntheticSeeded },
    verification: syntheticVerification,
  });
  return { evidence, of: (question: Question) => verdict.answers.find((answer) => answer.question === question) };
}

describe('the verdict on an open load', () => {
  it('passes on latency from the intended start, and says that it is that', async () => {
    const { evidence, of } = await judged();
    expect(of('load-delivered')).toMatchObject({ outcome: 'pass' });
    expect(of('load-delivered')?.reason).toContain(
      '100 % of the iterations that were due were delivered (2,400 of 2,400',
    );
    expect(of('latency-local-reads')?.reason).toMatch(/^The p95 latency from the intended start of local reads/);
    expect(of('latency-local-reads')?.measured).toBeCloseTo(300, 0);
    const reads = evidence.classes.find((each) => each.class === 'local-read');
    expect(reads?.serviceTime?.p95Ms).toBeLessThan(50);
    expect(evidence.operations[0]?.serviceTime?.count).toBe(evidence.operations[0]?.latency?.count);
  });

  it('fails a target that is slow, and never one whose generator was', async () => {
    const slow: Plan = { ...plan, objectives: { ...plan.objectives, localReadP95MsMax: 200 } };
    expect((await judged(healthy, slow)).of('latency-local-reads')).toMatchObject({ outcome: 'fail' });
    const busy = changed((record) =>
      record.kind === 'sample' && record.role === 'engine-0'
        ? { ...record, values: { ...record.values, [metrics.cpuSeconds]: (record.at - loadStartsAt) / 1_000 } }
        : record,
    );
    const late = encodeIntoCompressedBase64(histogramOf(Array.from({ length: 100 }, () => 150_000)));
    const offSchedule = changed((record) =>
      record.kind === 'schedule' ? { ...record, begun: 100, histogram: late } : record,
    );
    for (const records of [busy, offSchedule]) {
      const { of } = await judged(records, slow);
      expect(of('latency-local-reads')).toMatchObject({ outcome: 'inconclusive', limit: 200 });
      expect(of('latency-local-reads')?.reason).toContain('Generator saturated');
      expect(of('generator-not-saturated')).toMatchObject({ outcome: 'inconclusive' });
      expect(of('generator-not-saturated')?.reason).toMatch(/^Generator saturated\./);
    }
    expect((await judged(offSchedule)).of('generator-not-saturated')?.reason).toContain(
      '99 % of iterations began at most 150',
    );
  });

  it('is open when more than a hundredth was dropped, and says what may be the cause', async () => {
    const { of } = await judged(ledgerChanged(30, { delivered: 10, dropped: 30 }));
    expect(of('load-delivered')).toMatchObject({ outcome: 'inconclusive' });
    expect(of('load-delivered')?.reason).toMatch(/30 dropped.*no virtual user is free/);
  });

  it('takes a dead engine’s seconds for an outage of the harness, back in the second after its successor’s first', async () => {
    const records = changed((record) => {
      if (record.kind !== 'ledger') return record;
      const second = (record.at - loadStartsAt) / 1_000;
      if (second < 20) return second === 19 ? { ...record, delivered: 35, inFlight: 5 } : record;
      if (second < 22) return undefined;
      const back = { ...record, incarnation: 2 };
      return second === 22 ? { ...back, due: 10, delivered: 10 } : back;
    });
    const { evidence, of } = await judged(records);
    expect(evidence.outages).toEqual([{ name: 'engine-0', from: loadStartsAt + 20_000, to: loadStartsAt + 23_000 }]);
    expect(evidence.ledger.totals).toMatchObject({ due: 2_400, unknown: 45, dropped: 70, inFlight: 0 });
    expect(of('load-delivered')).toMatchObject({ outcome: 'pass' });
  });

  it('names an outage also when the successor was there within the second', async () => {
    const records = changed((record) => {
      if (record.kind !== 'ledger' || record.at < loadStartsAt + 20_000) return record;
      const back = { ...record, incarnation: 2 };
      return record.at === loadStartsAt + 20_000 ? { ...back, due: 4, delivered: 4 } : back;
    });
    const { evidence } = await judged(records);
    expect(evidence.outages).toEqual([{ name: 'engine-0', from: loadStartsAt + 20_000, to: loadStartsAt + 21_000 }]);
    expect(evidence.ledger.totals).toMatchObject({ unknown: 36, dropped: 0 });
  });

  it('takes what is in flight at a checkpoint for neither late nor lost', async () => {
    const records = ledgerChanged(29, { delivered: 0, inFlight: 40 });
    const cut = { records, plan, loadStartsAt, loadEndsAt: loadStartsAt + 30_000 };
    const soFar = await foldEvidence({ ...cut, goesOn: true });
    expect(soFar.ledger.totals).toMatchObject({ due: 1_200, delivered: 1_160, inFlight: 40, unknown: 0 });
    expect(soFar.outsideOutages).toEqual({ due: 1_160, delivered: 1_160 });
    expect((await foldEvidence({ ...cut, loadEndsAt: endsAt })).ledger.totals).toMatchObject({
      inFlight: 0,
      unknown: 40,
    });
  });

  it('keeps the counts of answers whose latency cannot be read', async () => {
    const torn = changed((record) => (record.kind === 'operation' ? { ...record, latencyHistogram: 'torn' } : record));
    const { evidence } = await judged(torn);
    expect(evidence.histogramsRefused).toBeGreaterThan(0);
    expect(evidence.operations[0]?.latency).toBeUndefined();
    expect(evidence.operations[0]?.ok).toBeGreaterThan(0);
  });
});
