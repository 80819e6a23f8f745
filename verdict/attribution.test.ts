import * as fc from 'fast-check';
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import type { EvidenceRecord } from '#model/evidence.ts';
import { metrics } from '#model/metrics.ts';
import type { Plan } from '#model/plan.ts';
import type { Coincidence } from '#model/surroundings.ts';
import type { Answer, Question } from '#model/verdict.ts';
import { type MachineSecond, machineSays } from '../test/synthetic-machine.ts';
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
import { isExcused } from './attribution.ts';
import { foldEvidence } from './fold.ts';
import { judge } from './judge.ts';

/** A minute of load without a fault, whose local reads may take a quarter of a second. */
const plan: Plan = syntheticPlan({ faults: 'none', objectives: { p95Ms: 250 } });
const healthy = [...syntheticRecords(plan)];

/** The healthy run, in which this share of the answers of these seconds took 0.9 s. */
function slowIn(from: number, to: number, share = 0.5): EvidenceRecord[] {
  const slow = encodeIntoCompressedBase64(
    histogramOf(Array.from({ length: 24 }, (_, index) => (index < 24 * share ? 900_000 : 8_000))),
  );
  return healthy.map((record) => {
    const isThen = record.kind === 'operation' && record.at >= loadStartsAt + from * 1_000 && record.at < loadStartsAt + to * 1_000; // prettier-ignore
    return isThen ? { ...record, histogram: slow } : record;
  });
}

async function ask(question: Question, records: readonly EvidenceRecord[], asked = plan) {
  const evidence = await foldEvidence({ records, plan: asked, loadStartsAt });
  const verdict = judge({
    ...{ plan: asked, evidence, steps: syntheticSteps(), seeded: syntheticSeeded },
    ...{ verification: syntheticVerification, operations: operationsOfMix },
  });
  return { evidence, verdict, answer: verdict.answers.find((each): each is Answer => each.question === question) };
}

const reads = (records: readonly EvidenceRecord[]) => ask('latency-local-reads', records);
const inSeconds = (from: number, to: number, said: MachineSecond) =>
  machineSays((second) => (second >= from && second < to ? said : {}));

describe('a missed objective', () => {
  it('is judged as before, and attributed to nobody, where the machine was not sampled', async () => {
    const { answer, evidence } = await reads(slowIn(0, 60));
    expect(answer).toMatchObject({ outcome: 'fail' });
    expect(answer).not.toHaveProperty('attribution');
    expect(evidence).not.toHaveProperty('surroundings');
  });

  it('is the target’s where nothing was in the way, and says what the machine did', async () => {
    const { answer } = await reads([...slowIn(0, 60), ...machineSays(() => ({}))]);
    expect(answer).toMatchObject({ outcome: 'fail', attribution: { to: 'target' } });
    expect(answer?.attribution?.reason).toMatch(/0 % steal, 0 % of periods throttled, CPU 50 % busy .*co-located/);
  });

  it('is open where it came with steal, and says so with the figures', async () => {
    const { answer, evidence } = await reads([...slowIn(20, 40), ...inSeconds(20, 40, { steal: 0.18 })]);
    expect(answer).toMatchObject({ outcome: 'inconclusive', attribution: { to: 'environment' } });
    expect(answer?.reason).toMatch(/may not be the target’s: environment, up to 18 % steal in 20 s of 1 min; /);
    expect(evidence.surroundings?.stretches.every(({ pointsTo }) => pointsTo === 'environment')).toBe(true);
    expect(evidence.surroundings?.disturbedMs).toEqual({ environment: 20_000, generator: 0 });
  });

  it.each<[string, MachineSecond]>([
    ['throttling', { throttled: 0.5 }],
    ['a full disk', { diskFree: 1e8 }],
    ['a clock that jumps', { clockJump: 2 }],
    ['processes that nobody here started', { busy: 1 }],
  ])('is open where it came with %s', async (_, said) => {
    const { answer } = await reads([...slowIn(20, 40), ...inSeconds(20, 40, said)]);
    expect(answer).toMatchObject({ outcome: 'inconclusive', attribution: { to: 'environment' } });
  });

  it('is the generator’s where an engine was out of CPU', async () => {
    const busy = slowIn(20, 40).map((record) => {
      if (record.kind !== 'sample' || record.role !== 'engine-0') return record;
      const loaded = Math.min(20, Math.max(0, (record.at - loadStartsAt) / 1_000 - 20));
      return { ...record, values: { ...record.values, [metrics.cpuSeconds]: loaded * 0.97 } };
    });
    const { answer } = await reads([...busy, ...machineSays(() => ({}))]);
    expect(answer).toMatchObject({ outcome: 'inconclusive', attribution: { to: 'generator' } });
    expect(answer?.attribution?.reason).toContain('an engine used up to 0.97 of a core');
  });

  it('stays a fail where it is missed by what came while nothing was in the way', async () => {
    const { answer } = await reads([...slowIn(0, 60), ...inSeconds(20, 30, { steal: 0.9 })]);
    expect(answer).toMatchObject({ outcome: 'fail', attribution: { to: 'target' } });
    expect(answer?.attribution?.reason).toContain('came while nothing was in the way');
  });

  it('stays a fail where the machine was disturbed at some other time, or within its bounds', async () => {
    expect((await reads([...slowIn(40, 60), ...inSeconds(0, 20, { steal: 0.9 })])).answer?.outcome).toBe('fail');
    expect((await reads([...slowIn(20, 40), ...inSeconds(20, 40, { steal: 0.04 })])).answer?.outcome).toBe('fail');
  });

  it('does not put wrong answers down to the machine', async () => {
    const wrong = (cause: string) =>
      healthy.map((record) => {
        if (record.kind === 'ledger') return { ...record, iterationsFailed: 3 };
        return record.kind === 'operation' ? { ...record, failed: { [cause]: 40 } } : record;
      });
    const stolen = machineSays(() => ({ steal: 0.5 }));
    expect((await ask('error-rate', [...wrong('check-shape'), ...stolen])).answer).toMatchObject({
      ...{ outcome: 'fail', attribution: { to: 'target' } },
    });
    expect((await ask('error-rate', [...wrong('timeout'), ...stolen])).answer).toMatchObject({
      ...{ outcome: 'inconclusive', attribution: { to: 'environment' } },
    });
  });
});

describe('what the harness did not do', () => {
  it('points to the harness, or to the machine that kept it from it', async () => {
    const lost = healthy.filter((record) => record.kind !== 'sample' || record.role === 'engine-0' || record.at % 4_000 !== 0); // prettier-ignore
    const [calm, stolen] = [machineSays(() => ({})), machineSays(() => ({ steal: 0.5 }))];
    expect((await ask('samples-present', [...lost, ...calm])).answer).toMatchObject({
      ...{ outcome: 'inconclusive', attribution: { to: 'generator' } },
    });
    expect((await ask('samples-present', [...lost, ...stolen])).answer).toMatchObject({
      ...{ outcome: 'inconclusive', attribution: { to: 'environment' } },
    });
  });
});

describe('the laws of attribution', () => {
  const steals = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 });
  const stolen = (ofSlots: readonly number[]) => machineSays((second) => ({ steal: ofSlots[Math.max(0, Math.floor(second / 10))] ?? 0 })); // prettier-ignore

  it('hold: whatever more is stolen, what was open does not become a fail', async () => {
    const shares = fc.array(fc.constantFrom(0, 0.05, 0.1, 0.5), { minLength: 6, maxLength: 6 });
    const mostly = (ofSlots: readonly number[]) =>
      ofSlots.reduce<EvidenceRecord[]>(
        (records, share, index) => {
          const then = slowIn(index * 10, index * 10 + 10, share);
          return records.map((record, each) => (then[each] === healthy[each] ? record : (then[each] ?? record)));
        },
        [...healthy],
      );
    await fc.assert(
      fc.asyncProperty(shares, steals, steals, async (slow, some, more) => {
        const records = mostly(slow);
        const before = await reads([...records, ...stolen(some)]);
        const after = await reads([...records, ...stolen(some.map((each, index) => Math.max(each, more[index] ?? 0)))]);
        if (before.answer?.outcome !== 'fail') expect(after.answer?.outcome).not.toBe('fail');
        expect(after.answer?.outcome === 'pass').toBe(before.answer?.outcome === 'pass');
      }),
      { numRuns: 12 },
    );
  });

  it('hold: the machine changes no outcome but that of a fail, and none to a pass', async () => {
    await fc.assert(
      fc.asyncProperty(steals, async (ofSlots) => {
        const records = slowIn(20, 40);
        const bare = await reads(records);
        const told = await reads([...records, ...stolen(ofSlots)]);
        for (const { question, outcome } of bare.verdict.answers) {
          const now = told.verdict.answers.find((each) => each.question === question)?.outcome;
          if (outcome !== 'fail') expect(now).toBe(outcome);
          else expect(now).not.toBe('pass');
        }
      }),
      { numRuns: 8 },
    );
  });

  it('hold: nothing is excused by nothing, and what others cannot explain is the target’s', () => {
    const coincidence = fc
      .record({ of: fc.nat(1_000), environment: fc.nat(500), generator: fc.nat(500), others: fc.nat(500) })
      .map((each): Coincidence => ({ question: 'error-rate', bad: each.environment + each.generator + each.others, ...each })); // prettier-ignore
    fc.assert(
      fc.property(coincidence, fc.double({ min: 0, max: 1, noNaN: true }), (each, allowed) => {
        expect(isExcused({ ...each, environment: 0, generator: 0 }, allowed)).toBe(false);
        if (isExcused(each, allowed)) {
          expect(isExcused({ ...each, others: Math.max(0, each.others - 1) }, allowed)).toBe(true);
          expect(isExcused({ ...each, environment: each.environment + 1 }, allowed)).toBe(true);
        }
      }),
    );
  });

  it('hold: records may come in any order', async () => {
    const records = [...slowIn(20, 40), ...inSeconds(20, 40, { steal: 0.18 })];
    const inOrder = (await reads(records)).evidence.surroundings;
    expect((await reads(records.toReversed())).evidence.surroundings).toEqual(inOrder);
  });
});
