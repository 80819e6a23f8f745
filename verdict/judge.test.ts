import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EvidenceRecord, FindingRecord } from '#model/evidence.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { metrics } from '#model/metrics.ts';
import type { Plan } from '#model/plan.ts';
import { type Question, questions } from '#model/verdict.ts';
import {
  faultTimes,
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
import type { JudgeInput } from './rule.ts';

const every: readonly Question[] = questions;
/** Everything is promised, so that every question can be put. */
const plan: Plan = { ...syntheticPlan(), promises: [...every], notCovered: [] };
const limits = {
  ...{ gatewaysRssBytesMax: 1e9, databaseConnectionsMax: 20, cacheHitRatioMin: 0.5 },
  ...{ localReadP99MsMax: 1_000, federationP95MsMax: 1_000, analyticsP95MsMax: 2_000 },
};
const judgedPlan: Plan = { ...plan, objectives: { ...plan.objectives, ...limits } };
const healthy: readonly EvidenceRecord[] = [...syntheticRecords(judgedPlan)];
const down = faultTimes(judgedPlan) ?? { victim: '', from: 0, to: 0 };

type Change = Partial<JudgeInput> & { readonly records?: readonly EvidenceRecord[] };

async function answers({ records = healthy, ...change }: Change = {}) {
  const evidence = await foldEvidence({ records, plan: judgedPlan, loadStartsAt });
  const input: JudgeInput = {
    ...{ plan: judgedPlan, evidence, steps: syntheticSteps(), seeded: syntheticSeeded },
    ...{ verification: syntheticVerification, operations: operationsOfMix, ...change },
  };
  const verdict = judge(input);
  return { verdict, of: (question: Question) => verdict.answers.find((answer) => answer.question === question) };
}

const without = (...kinds: EvidenceRecord['kind'][]) => healthy.filter(({ kind }) => !kinds.includes(kind));
const changed = (change: (record: EvidenceRecord) => EvidenceRecord | undefined) =>
  healthy.flatMap((record) => change(record) ?? []);
const finding = (kind: FindingRecord['finding'], detail: string): EvidenceRecord => ({
  ...{ kind: 'finding', at: loadStartsAt + 30_000, source: 'watchdog', finding: kind, detail },
});
const ledgerAt = (from: number, to: number, change: (record: EvidenceRecord & { kind: 'ledger' }) => EvidenceRecord | undefined) =>
  changed((record) => record.kind === 'ledger' && record.at >= loadStartsAt + from && record.at < loadStartsAt + to ? change(record) : record); // prettier-ignore
/** Objects that were made during the load and deleted at `deletedAt` of it. */
const writesOf = (count: number, deletedAt: number): EvidenceRecord[] =>
  Array.from({ length: count }, (_, index) => index + 50_000).flatMap((objectId) =>
    (['present', 'deleted'] as const).map((state) => ({
      ...{ kind: 'write' as const, objectId, state, ownerId: 3, description: 'storm' },
      at: loadStartsAt + (state === 'present' ? 9_000 : deletedAt),
    })),
  );
const healedAtDeadline = (tookMs: number): EvidenceRecord[] =>
  changed((record) => {
    if (record.kind !== 'fault' || !['recovering', 'healed'].includes(record.event)) return record;
    const begunAt = down.from + (judgedPlan.faults[0]?.deadlineMs ?? 0) + 200;
    if (record.event === 'recovering') return { ...record, at: begunAt };
    return { ...record, event: 'healed-by-watchdog', at: begunAt + tookMs };
  });
/** What the watchdog tells of a death that is over within a second. */
const redisDies = (): EvidenceRecord[] =>
  (['bit', 'recovering', 'healed-by-watchdog'] as const).map((event, index) => ({
    ...{ kind: 'fault', at: loadStartsAt + 45_000 + index * 400, fault: 'redis-death-1', event, detail: '' },
    ...{ victim: 'redis', unplanned: true },
  }));
const gatewayDies = (seconds: number): EvidenceRecord[] => [
  ...changed((record) => {
    const hit = (record.kind === 'sample' || record.kind === 'incarnation') && record.role === 'gateway-1';
    if (!hit || record.at < loadStartsAt + 45_000) return record;
    return record.at < loadStartsAt + 45_000 + seconds * 1_000 ? undefined : { ...record, incarnation: 2 };
  }),
  { kind: 'incarnation', at: loadStartsAt + 45_000, role: 'gateway-1', incarnation: 1, pid: 9, event: 'gone' },
];

describe('judge', () => {
  it('passes a healthy run on every question that it can judge', async () => {
    const { verdict } = await answers();
    const open = verdict.answers.filter(({ outcome }) => outcome !== 'pass');
    expect(open.map(({ question }) => question)).toEqual([
      'capacity',
      'memory-leak',
      'harness-memory',
      'handle-leak',
      'latency-creep',
    ]);
  });

  it('passes the smoke plan as it is planned, and says so in one sentence', async () => {
    const smoke = syntheticPlan();
    const { verdict } = await answers({ plan: smoke });
    expect(verdict.outcome).toBe('pass');
    expect(verdict.headline).toBe(`Pass: all ${smoke.promises.length} promised questions were answered and met.`);
  });

  it('never passes a question on silence', async () => {
    const { verdict } = await answers({ records: [], seeded: [], verification: undefined as never });
    expect(verdict.answers.filter(({ outcome }) => outcome !== 'inconclusive')).toEqual([]);
    expect(verdict.answers).toHaveLength(every.length);
  });

  it('never passes a question of a load that did not begin', async () => {
    const evidence = await foldEvidence({ records: [], plan: judgedPlan });
    const { verdict } = await answers({ evidence });
    expect(verdict.answers.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
    expect(verdict.outcome).toBe('inconclusive');
  });

  it('is inconclusive when there is nothing to judge', async () => {
    const { verdict } = await answers({ plan: { ...judgedPlan, promises: [] } });
    expect(verdict).toMatchObject({ outcome: 'inconclusive', answers: [] });
  });

  it('shows what was measured of a question that is not covered, without judging it', async () => {
    const gap = { question: 'latency-local-reads' as const, reason: 'shown, not judged' };
    const { verdict, of } = await answers({ plan: { ...judgedPlan, promises: ['error-rate'], notCovered: [gap] } });
    expect(of('latency-local-reads')).toBeUndefined();
    expect(verdict.notCovered[0]).toMatchObject({ ...gap, measured: expect.stringMatching(/^[\d.]+ ms$/) as string });
    expect(verdict.outcome).toBe('pass');
  });

  it('says in the headline what died unasked, also where that was tolerated', async () => {
    const { verdict } = await answers({ plan: syntheticPlan(), records: [...healthy, ...redisDies()] });
    expect(verdict.headline).toMatch(/^Pass: .*; redis died unasked, down for [\d.]+ m?s\.$/);
  });

  it('says in the headline what was planted', async () => {
    const smoke = syntheticPlan();
    const stack = { ...smoke.stack, defects: [{ name: 'lost-write' as const, amount: 20 }] };
    const { verdict } = await answers({ plan: { ...smoke, stack } });
    expect(verdict.headline).toMatch(/; planted by intent: lost-write\.$/);
  });

  it('says in the headline what was taken out', async () => {
    const { verdict, of } = await answers({
      plan: { ...judgedPlan, promises: ['error-rate'], without: ['samples-present'] },
    });
    expect(verdict.headline).toContain('without samples-present');
    expect(of('samples-present')).toBeUndefined();
    expect(verdict.notCovered[0]?.reason).toBe('taken out with --without');
  });

  it('is inconclusive when the run was aborted, unless a failure is certain', async () => {
    const smoke = syntheticPlan();
    const aborted = await answers({ plan: smoke, aborted: 'by hand' });
    expect(aborted.verdict).toMatchObject({ outcome: 'inconclusive', headline: 'Inconclusive: aborted: by hand.' });
    const lost = { ...syntheticVerification, lost: ['tool 7 is gone'] };
    const failed = await answers({ plan: smoke, aborted: 'by hand', verification: lost });
    expect(failed.verdict.outcome).toBe('fail');
    expect(failed.verdict.headline).toContain('aborted: by hand');
  });

  it('is inconclusive when a step failed', async () => {
    const steps = syntheticSteps().map((step) =>
      step.phase === 'verify' ? { ...step, outcome: 'failed' as const } : step,
    );
    expect((await answers({ plan: syntheticPlan(), steps })).verdict.outcome).toBe('inconclusive');
  });

  it('leaves one question open when its judge breaks, and the others standing', async () => {
    const evidence = await foldEvidence({ records: healthy, plan: judgedPlan, loadStartsAt });
    const broken: EvidenceSummary = { ...evidence, classes: undefined as never };
    const { of } = await answers({ evidence: broken });
    expect(of('latency-local-reads')).toMatchObject({ outcome: 'inconclusive' });
    expect(of('latency-local-reads')?.reason).toMatch(/judge broke/);
    expect(of('error-rate')?.outcome).toBe('pass');
  });
});

const slow = { ...judgedPlan, objectives: { ...judgedPlan.objectives, localReadP95MsMax: 1 } };
const secondOf = ({ at }: { at: number }): number => Math.floor((at - loadStartsAt) / 1_000);
const table: readonly [question: Question, outcome: string, what: string, change: Change][] = [
  ['seeding-reconciled', 'fail', 'rows differ after the load', { verification: { ...syntheticVerification, seedDifferences: ['users: 999 of 1000'] } }],
  ['seeding-reconciled', 'inconclusive', 'nothing was seeded', { seeded: [] }],
  ['load-delivered', 'pass', 'a dead engine was back in 5 s', { records: ledgerAt(20_000, 25_000, () => undefined) }],
  ['load-delivered', 'pass', 'an engine that was told to end was back in 4 s', { records: ledgerAt(20_000, 24_000, (record) => (record.at === loadStartsAt + 20_000 ? { ...record, delivered: 0, abandoned: record.due } : undefined)) }],
  ['load-delivered', 'inconclusive', 'an engine was gone for 20 s', { records: ledgerAt(20_000, 40_000, () => undefined) }],
  ['load-delivered', 'inconclusive', 'two per cent were dropped', { records: ledgerAt(10_000, 40_000, (record) => ({ ...record, delivered: 19, dropped: 1 })) }],
  ['load-delivered', 'inconclusive', 'no ledger was kept', { records: without('ledger') }],
  ['samples-present', 'inconclusive', 'nothing was sampled', { records: without('sample', 'incarnation') }],
  ['samples-present', 'pass', 'the sampler was gone for 8 s', { records: changed((record) => record.kind === 'sample' && record.at > loadStartsAt + 5_000 && record.at < loadStartsAt + 13_000 ? undefined : record) }],
  ['samples-present', 'pass', 'one tick of a minute came too late', { records: changed((record) => record.kind === 'sample' && secondOf(record) === 20 ? undefined : record) }],
  ['samples-present', 'inconclusive', 'two ticks of a minute came too late', { records: changed((record) => record.kind === 'sample' && [20, 30].includes(secondOf(record)) ? undefined : record) }],
  ['samples-present', 'inconclusive', 'the sampler died', { records: changed((record) => record.kind === 'sample' && record.at > loadStartsAt + 5_000 ? undefined : record) }],
  ['samples-present', 'inconclusive', 'a gateway was never seen', { records: changed((record) => 'role' in record && record.role === 'gateway-1' ? undefined : record) }],
  ['samples-present', 'inconclusive', 'redis was lost from sight', { records: changed((record) => record.kind === 'sample' && record.role === 'redis' && record.at > loadStartsAt + 5_000 ? undefined : record) }],
  ['operations-checked', 'inconclusive', 'an operation never came', { records: changed((record) => record.kind === 'operation' && record.operation === 'export-tools' ? undefined : record) }],
  ['operations-checked', 'inconclusive', 'the mix is not known', { operations: [] }],
  ['error-rate', 'fail', 'iterations failed outside the fault', { records: ledgerAt(0, 10_000, (record) => ({ ...record, iterationsFailed: 2 })) }],
  ['error-rate', 'pass', 'iterations failed inside the fault', { records: ledgerAt(24_000, 30_000, (record) => ({ ...record, iterationsFailed: 20 })) }],
  ['error-rate', 'inconclusive', 'no iteration ended', { records: without('ledger') }],
  ['no-lost-write', 'fail', 'a write is gone', { verification: { ...syntheticVerification, lost: ['tool 7 is gone'] } }],
  ['no-lost-write', 'fail', 'a deleted object is back', { verification: { ...syntheticVerification, resurrected: ['tool 8'] } }],
  ['no-lost-write', 'inconclusive', 'nothing was written', { records: without('write') }],
  ['no-lost-write', 'inconclusive', 'half was read back', { verification: { ...syntheticVerification, checked: 60 } }],
  ['no-scope-leak', 'fail', 'an answer showed too much', { records: [...healthy, finding('scope-leak', 'user 4 saw tool 9')] }],
  ['no-scope-leak', 'fail', 'the audit found too much', { verification: { ...syntheticVerification, scopeDifferences: ['user 4'] } }],
  ['no-scope-leak', 'inconclusive', 'nobody was audited', { verification: { ...syntheticVerification, scopeAudited: 0 } }],
  ['faults-healed', 'inconclusive', 'no fault was injected', { records: without('fault') }],
  ['faults-healed', 'inconclusive', 'the fault did not bite', { records: changed((record) => record.kind === 'fault' && record.event === 'bit' ? undefined : record) }],
  ['faults-healed', 'fail', 'the fault never healed', { records: changed((record) => record.kind === 'fault' && record.event === 'healed' ? undefined : record) }],
  ['faults-healed', 'pass', 'the watchdog healed it at its deadline', { records: healedAtDeadline(6_000) }],
  ['faults-healed', 'fail', 'the watchdog began at its deadline and it took a minute', { records: healedAtDeadline(60_000) }],
  ['faults-healed', 'inconclusive', 'nobody was there to heal it', { records: changed((record) => record.kind === 'fault' && ['recovering', 'healed'].includes(record.event) ? { ...record, at: record.at + 40_000 } : record) }],
  ['faults-healed', 'fail', 'one that was asked for never healed', { records: [...healthy, { ...{ kind: 'fault', fault: 'asked-1', victim: 'gateway-1', event: 'injected', at: loadStartsAt + 50_000, detail: '' } }] }],
  ['faults-healed', 'fail', 'it healed past its deadline', { records: changed((record) => record.kind === 'fault' && record.event === 'healed' ? { ...record, at: record.at + 40_000 } : record) }],
  ['faults-healed', 'pass', 'the watchdog healed it', { records: changed((record) => record.kind === 'fault' && record.event === 'healed' ? { ...record, event: 'healed-by-watchdog' } : record) }],
  ['generator-not-saturated', 'inconclusive', 'the engine used a whole core', { records: changed((record) => record.kind === 'sample' && record.role === 'engine-0' ? { ...record, values: { ...record.values, [metrics.cpuSeconds]: (record.at - loadStartsAt) / 1_000 } } : record) }],
  ['generator-not-saturated', 'inconclusive', 'its event loop was late', { records: changed((record) => record.kind === 'sample' && record.role === 'engine-0' ? { ...record, values: { ...record.values, [metrics.eventLoopDelayP99Seconds]: 0.3 } } : record) }],
  ['generator-not-saturated', 'pass', 'only the first two seconds of a successor were late', { records: changed((record) => record.kind === 'sample' && record.role === 'engine-0' && record.at >= loadStartsAt + 45_000 ? { ...record, incarnation: 2, values: { ...record.values, [metrics.eventLoopDelayP99Seconds]: record.at < loadStartsAt + 47_000 ? 0.3 : 0.02 } } : record) }],
  ['generator-not-saturated', 'inconclusive', 'the engine was not seen', { records: changed((record) => 'role' in record && record.role === 'engine-0' ? undefined : record) }],
  ['stationary', 'fail', 'something was left', { verification: { ...syntheticVerification, remaining: 1 } }],
  ['stationary', 'pass', 'what was left had an unanswered write', { verification: { ...syntheticVerification, remaining: 1, indeterminate: 1 } }],
  ['stationary', 'fail', 'the load piled up', { records: [...healthy, ...writesOf(1_000, 90_000)] }],
  ['stationary', 'pass', 'the load deleted as it went', { records: [...healthy, ...writesOf(1_000, 50_000)] }],
  ['stationary', 'inconclusive', 'nothing was written', { records: without('write') }],
  ['no-unplanned-death', 'pass', 'a gateway was away for 3 s', { records: gatewayDies(3) }],
  ['no-unplanned-death', 'fail', 'iterations failed while one was away', { records: [...redisDies(), ...ledgerAt(44_000, 47_000, (record) => ({ ...record, iterationsFailed: 2 }))] }],
  ['error-rate', 'pass', 'iterations failed while one was away', { records: [...redisDies(), ...ledgerAt(44_000, 47_000, (record) => ({ ...record, iterationsFailed: 2 }))] }],
  ['no-unplanned-death', 'pass', 'one was away at no cost', { records: [...healthy, ...redisDies()] }],
  ['no-unplanned-death', 'fail', 'a gateway was away for 7 s', { records: gatewayDies(7) }],
  ['no-unplanned-death', 'fail', 'a gateway never came back', { records: gatewayDies(60) }],
  ['no-unplanned-death', 'inconclusive', 'nobody watched', { records: without('sample', 'incarnation') }],
  ['no-unplanned-death', 'inconclusive', 'a death was told whose cost was not seen', { records: [...healthy, finding('unplanned-death', 'redis was found dead')] }],
  ['latency-local-reads', 'fail', 'reads were slow', { plan: slow }],
  ['latency-local-reads', 'inconclusive', 'no read was answered', { records: without('operation') }],
  ['memory-gateways', 'fail', 'the gateways were large', { plan: { ...judgedPlan, objectives: { ...judgedPlan.objectives, gatewaysRssBytesMax: 1e6 } } }],
  ['memory-gateways', 'inconclusive', 'there is no objective', { plan }],
  ['database-connections', 'fail', 'there were too many', { plan: { ...judgedPlan, objectives: { ...judgedPlan.objectives, databaseConnectionsMax: 3 } } }],
  ['cache-hit-ratio', 'fail', 'the cache missed', { plan: { ...judgedPlan, objectives: { ...judgedPlan.objectives, cacheHitRatioMin: 0.9999 } } }],
  ['cache-hit-ratio', 'inconclusive', 'no cache was seen', { records: without('sample') }],
  ['memory-leak', 'inconclusive', 'two minutes are too short to tell', {}],
  ['memory-leak', 'inconclusive', 'no gateway was sampled', { records: without('sample') }],
]; // prettier-ignore

describe('the answer to', () => {
  it.each(table)('%s is %s when %s', async (...[question, outcome, , change]) => {
    const { of } = await answers(change);
    expect(of(question)?.reason).toMatch(/\S/);
    expect(of(question)).toMatchObject({ question, outcome });
  });

  it('memory-gateways takes instances together, and incarnations of one not', async () => {
    const { of } = await answers();
    const peaks = healthy.flatMap((record) =>
      record.kind === 'sample' ? (record.values[metrics.rssBytes] ?? []) : [],
    );
    expect(of('memory-gateways')?.measured).toBeGreaterThan(Math.max(...peaks));
    expect(of('memory-gateways')?.measured).toBeLessThan(2.2 * Math.max(...peaks));
  });
});

describe('foldEvidence', () => {
  it('knows the fault window, with two seconds to settle', async () => {
    const evidence = await foldEvidence({ records: healthy, plan: judgedPlan, loadStartsAt });
    expect(evidence.faultWindows).toEqual([{ name: 'kill-gateway-2', from: down.from, to: down.to + 2_000 }]);
    expect(evidence.unplannedOutages).toEqual([]);
    expect(evidence.outages).toEqual([]);
  });

  it('is the same whatever the order of the records', async () => {
    const few = healthy.filter((_, index) => index % 9 === 0);
    const inOrder = await foldEvidence({ records: few, plan: judgedPlan, loadStartsAt });
    const anyOrder = fc.shuffledSubarray(few, { minLength: few.length, maxLength: few.length });
    await fc.assert(
      fc.asyncProperty(anyOrder, async (records) => {
        const folded = await foldEvidence({ records, plan: judgedPlan, loadStartsAt });
        expect(withoutMeans(folded)).toEqual(withoutMeans(inOrder));
      }),
      { numRuns: 8 },
    );
  });

  it('says how many seconds each point of a long load holds', async () => {
    const hour: Plan = {
      ...judgedPlan,
      load: { ...judgedPlan.load, stages: [{ name: 'hold', durationMs: 4_001_000, usersFrom: 5, usersTo: 5 }] },
    };
    const { ledger } = await foldEvidence({ records: [], plan: hour, loadStartsAt });
    expect(ledger.points).toHaveLength(1_334);
    expect(ledger.points.at(-1)).toMatchObject({ seconds: 2, due: 10, gapSeconds: 2 });
    expect(ledger.points.reduce((sum, { seconds }) => sum + seconds, 0)).toBe(4_001);
  });

  it('keeps the counts of a histogram that it cannot read', async () => {
    const records = healthy.map((record) => (record.kind === 'operation' ? { ...record, histogram: 'torn' } : record));
    const evidence = await foldEvidence({ records, plan: judgedPlan, loadStartsAt });
    expect(evidence.histogramsRefused).toBeGreaterThan(0);
    expect(evidence.operations[0]?.ok).toBeGreaterThan(0);
    expect(evidence.operations[0]?.latency).toBeUndefined();
  });

  it('merges histograms instead of averaging percentiles', async () => {
    const evidence = await foldEvidence({ records: healthy, plan: judgedPlan, loadStartsAt });
    const reads = evidence.classes.find((each) => each.class === 'local-read');
    const ofReads = evidence.operations.filter((each) => each.class === 'local-read');
    expect(reads?.overall.count).toBe(ofReads.reduce((sum, { ok }) => sum + ok, 0));
    expect(reads?.overall.maxMs).toBe(Math.max(...ofReads.map(({ latency }) => latency?.maxMs ?? 0)));
    expect(reads?.points).toHaveLength(6);
  });
});

/** A mean is a sum of fractions, which order does change in the last digit. */
const withoutMeans = (evidence: EvidenceSummary): unknown =>
  JSON.parse(JSON.stringify(evidence, (key, value: unknown) => (key === 'mean' ? undefined : value)));
