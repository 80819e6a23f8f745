import { describe, expect, it } from 'vitest';
import type { CapacityPlan } from '#model/capacity-plan.ts';
import type { CapacitySearch, Probe } from '#model/capacity-search.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import type { Plan } from '#model/plan.ts';
import { type ProbedLoad, probeRecords, syntheticSearch } from '../test/synthetic-probes.ts';
import { loadStartsAt, syntheticPlan, syntheticSteps } from '../test/synthetic-run.ts';
import { capacityRule, reckonCapacity } from './capacity.ts';
import { foldEvidence } from './fold.ts';
import { judge } from './judge.ts';
import type { JudgeInput } from './rule.ts';

const searched = syntheticPlan({ duration: 900_000, capacity: { startRate: 10, maxRate: 400 } });
/** A target that answers within its 250 ms up to 100 iterations a second. */
const loadAt = (ratePerSecond: number): ProbedLoad => ({
  ...{ ratePerSecond, latencyMs: 1_000 / (130 - Math.min(129, ratePerSecond)) },
  slowOf20: ratePerSecond > 100 ? 4 : 1,
  slowMs: ratePerSecond > 100 ? 400 : 60,
});

const told = (...rates: (readonly [number, Probe['outcome'], Partial<Probe>?])[]): CapacitySearch =>
  syntheticSearch(
    loadStartsAt,
    rates.map(([ratePerSecond, outcome, change]) => ({ ratePerSecond, outcome, ...change })),
  );
const usual = told(
  ...([[10, 'met'], [20, 'met'], [40, 'met'], [80, 'met'], [160, 'missed'], [160, 'missed', { look: 'again' }]] as const),
  ...([[100, 'met'], [105, 'missed'], [105, 'missed', { look: 'again' }]] as const),
  [100, 'met', { look: 'hold' }],
  [105, 'missed', { look: 'closing' }],
); // prettier-ignore

async function inputOf(
  capacity: CapacitySearch,
  change: {
    baseline?: CapacityPlan['baseline'];
    records?: (probe: Probe, index: number) => Iterable<EvidenceRecord>;
  } = {},
): Promise<JudgeInput> {
  const { baseline, records = (probe: Probe) => probeRecords(probe, loadAt(probe.ratePerSecond)) } = change;
  if (searched.capacity === undefined) throw new Error('the plan is no search');
  const plan: Plan = {
    ...searched,
    capacity: { ...searched.capacity, ...(baseline === undefined ? {} : { baseline }) },
  };
  const all = capacity.probes.flatMap((probe, index) => [...records(probe, index)]);
  const evidence = await foldEvidence({ records: all, plan, loadStartsAt, probes: capacity.probes });
  return { plan, evidence, capacity, steps: syntheticSteps(), seeded: [], operations: [] };
}

describe('the capacity of a run', () => {
  it('is found from the stored evidence alone, with the knee and the safe limit', async () => {
    const input = await inputOf(usual);
    const result = reckonCapacity(input);
    expect(result).toMatchObject({
      ...{ endedBy: 'resolution', isFound: true, differing: 0, noisyRates: [] },
      low: { ratePerSecond: 100, isHeld: true, requestsPerSecond: 200 },
      high: { ratePerSecond: 105, requestsPerSecond: 210, by: 'target' },
    });
    expect(result?.knee?.ratePerSecond).toBeGreaterThan(40);
    expect(result?.knee?.ratePerSecond).toBeLessThan(100);
    expect(result?.safe?.ratePerSecond).toBe(Math.min(75, result?.knee?.ratePerSecond ?? 0));
    expect(capacityRule(input)).toMatchObject({ outcome: 'pass', measured: 200, unit: 'requests/s' });
    expect(capacityRule(input).reason).toMatch(
      /^The objectives are met at 100 iterations\/s \(200 requests\/s\), held for 10 s, and missed at 105 iterations\/s\. The knee is at .*\. The safe limit, .*\.$/,
    );
  });

  it('does not rest on what the search said it saw', async () => {
    const flattered = told([10, 'met'], [20, 'met'], [40, 'met'], [200, 'met'], [200, 'met', { look: 'hold' }]);
    const result = reckonCapacity(await inputOf(flattered));
    expect(result?.low?.ratePerSecond).toBe(40);
    expect(result).toMatchObject({ isFound: false, differing: 2, high: { ratePerSecond: 200 } });
    expect(capacityRule(await inputOf(flattered)).reason).toContain('2 probes are judged otherwise by what was stored');
  });

  it('is open where evidence of its probes is missing', async () => {
    const records = (probe: Probe, index: number): EvidenceRecord[] =>
      index === 9 ? [] : [...probeRecords(probe, loadAt(probe.ratePerSecond))];
    const input = await inputOf(usual, { records });
    expect(reckonCapacity(input)).toMatchObject({ isFound: false, differing: 1, low: { isHeld: false } });
    expect(capacityRule(input).outcome).toBe('inconclusive');
    expect(reckonCapacity(input)?.probes[9]).toMatchObject({ outcome: 'void', cause: 'unseen' });
  });

  it('is "at least" where the generator ended the search, and never the target’s figure', async () => {
    const search = {
      ...told([100, 'met'], [105, 'void'], [105, 'void'], [100, 'met', { look: 'hold' }]),
      endedBy: 'generator' as const,
    };
    const records = (probe: Probe): Iterable<EvidenceRecord> =>
      probeRecords(probe, {
        ...loadAt(80),
        ratePerSecond: probe.ratePerSecond,
        cores: probe.ratePerSecond > 100 ? 0.95 : 0.6,
      });
    const finding = capacityRule(await inputOf(search, { records }));
    expect(finding).toMatchObject({ outcome: 'inconclusive', measured: 200 });
    expect(finding.reason).toContain('at 105 iterations/s the generator is saturated');
    expect(finding.reason).toContain('At least that: the generator, not the target, ended the search');
  });

  it('keeps a disturbed probe void, however well it looks', async () => {
    const disturbed = { cause: 'disturbed', reason: 'kill-gateway-2 was under way' } as const;
    const result = reckonCapacity(await inputOf(told([40, 'met'], [400, 'void', disturbed])));
    expect(result?.probes[1]).toMatchObject({ outcome: 'void', ...disturbed });
    expect(result).toMatchObject({ differing: 0, low: { ratePerSecond: 40 } });
  });

  it.each([
    // Met above it; between what is met and what is missed; missed below it.
    [150, 'pass'],
    [205, 'inconclusive'],
    [250, 'fail'],
  ] as const)('is held against a baseline of %d requests/s that binds: %s', async (requestsPerSecond, outcome) => {
    const finding = capacityRule(await inputOf(usual, { baseline: { requestsPerSecond, isBinding: true } }));
    expect(finding).toMatchObject({ outcome, limit: requestsPerSecond });
  });

  it('passes against a binding baseline with "at least", and fails with nothing met at all', async () => {
    const baseline = { requestsPerSecond: 150, isBinding: true };
    const atLeast = { ...told([100, 'met'], [100, 'met', { look: 'hold' }]), endedBy: 'rate' as const };
    expect(capacityRule(await inputOf(atLeast, { baseline })).outcome).toBe('pass');
    const never = { ...told([160, 'missed'], [160, 'missed']), endedBy: 'floor' as const };
    expect(capacityRule(await inputOf(never, { baseline })).outcome).toBe('fail');
    expect(capacityRule(await inputOf(never)).outcome).toBe('inconclusive');
  });

  it('is told with a baseline that does not bind, and not held against it', async () => {
    const finding = capacityRule(await inputOf(usual, { baseline: { requestsPerSecond: 500, isBinding: false } }));
    expect(finding).toMatchObject({ outcome: 'pass' });
    expect(finding).not.toHaveProperty('limit');
    expect(finding.reason).toContain('The baseline is 500 requests/s; it does not bind on this machine');
  });

  it('is open for a search that never began, and for one that the load’s end cut off', async () => {
    const without = { ...(await inputOf(usual)) };
    delete without.capacity;
    expect(capacityRule(without)).toMatchObject({ outcome: 'inconclusive', reason: 'The search never began.' });
    const cutOff = told([10, 'met'], [20, 'met']);
    delete cutOff.endedBy;
    const finding = capacityRule(await inputOf(cutOff));
    expect(finding.outcome).toBe('inconclusive');
    expect(finding.reason).toContain('the load ended before the search did');
  });

  it('is one of the answers of the verdict, the same every time', async () => {
    const input = await inputOf(usual);
    const answer = judge(input).answers.find(({ question }) => question === 'capacity');
    expect(answer).toEqual({ question: 'capacity', ...capacityRule(input) });
    expect(judge(await inputOf(usual))).toEqual(judge(input));
  });
});
