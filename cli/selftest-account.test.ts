import { describe, expect, it } from 'vitest';
import { defectNames } from '#model/defect.ts';
import { leakWatchMsMin } from '#model/leak-watch.ts';
import { parseInput } from '#model/parse-input.ts';
import { planRun } from '#model/plan-run.ts';
import type { Answer } from '#model/verdict.ts';
import { accountFor, type EndedRun, outcomeOf } from './selftest-account.ts';
import { inputOf, listCases, secondsExpected, type SelftestCase, selftestNames, shapes, shortCases } from './selftest-cases.ts'; // prettier-ignore

const caseOf = (name: string): SelftestCase => {
  const found = listCases(selftestNames).find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
};

function runOf(...answers: Answer[]): EndedRun {
  const failed = answers.filter(({ outcome }) => outcome === 'fail');
  const outcome = failed.length > 0 ? 'fail' : answers.some((each) => each.outcome === 'inconclusive') ? 'inconclusive' : 'pass'; // prettier-ignore
  return { verdict: { outcome, headline: `headline: ${outcome}`, answers, notCovered: [] }, requests: 18_000, loadMs: 180_000, gateways: 2 }; // prettier-ignore
}

const leak: Answer = {
  ...{ question: 'memory-leak', outcome: 'fail', reason: 'rss_bytes of gateway-1#1 rises by 1,900 MB an hour.' },
  ...{ measured: 1_900, limit: 600, unit: 'MB/h', between: [1_700, 2_100] },
};
const held: Answer = { question: 'memory-leak', outcome: 'pass', reason: 'None of 8 series rises.' };
const errors: Answer = { question: 'error-rate', outcome: 'fail', reason: '7 of 100 iterations failed.' };
const good: Answer = { question: 'error-rate', outcome: 'pass', reason: 'none failed.' };

describe('a planted defect', () => {
  const planted = caseOf('leak-per-request');

  it('is found when its question fails and names it, with its size beside the one that was planted', () => {
    const account = accountFor(planted, runOf(leak, good));
    expect(account).toMatchObject({ result: 'found', failed: ['memory-leak'], why: leak.reason });
    expect(account.measured).toEqual({ value: 1_900, unit: 'MB/h', between: [1_700, 2_100] });
    expect(account.planted).toEqual({ value: 1_800, unit: 'MB/h' });
  });

  it('is found whatever else failed beside it, and that is told', () => {
    expect(accountFor(planted, runOf(leak, errors))).toMatchObject({
      result: 'found',
      failed: ['memory-leak', 'error-rate'],
    });
  });

  it('is missed when nothing failed', () => {
    expect(accountFor(planted, runOf(held, good)).result).toBe('missed');
  });

  it('is misnamed when another question failed, or its own names something else', () => {
    expect(accountFor(planted, runOf(held, errors)).result).toBe('misnamed');
    const other = { ...leak, reason: 'rss_bytes of sampler#1 rises by 1,900 MB an hour.' };
    expect(accountFor(planted, runOf(other, good)).result).toBe('misnamed');
  });

  it('is open when its question was, or was never asked', () => {
    expect(accountFor(planted, runOf({ ...held, outcome: 'inconclusive' }, good)).result).toBe('open');
    expect(accountFor(planted, runOf(good)).result).toBe('open');
  });
});

describe('a healthy twin', () => {
  const twin = caseOf('healthy, steady');

  it('is clean when its run passes, accused when anything fails, and open else', () => {
    expect(accountFor(twin, runOf(held, good)).result).toBe('clean');
    expect(accountFor(twin, runOf(leak, good))).toMatchObject({ result: 'accused', failed: ['memory-leak'] });
    expect(accountFor(twin, runOf({ ...held, outcome: 'inconclusive' })).result).toBe('open');
  });
});

describe('the self-test', () => {
  it('passes only when every case is as it must be', () => {
    expect(outcomeOf([{ result: 'found' }, { result: 'clean' }])).toBe('pass');
    for (const result of ['missed', 'misnamed', 'accused'] as const)
      expect(outcomeOf([{ result: 'found' }, { result: 'open' }, { result }])).toBe('fail');
    for (const result of ['open', 'broken'] as const)
      expect(outcomeOf([{ result: 'clean' }, { result }])).toBe('inconclusive');
    expect(outcomeOf([])).toBe('inconclusive');
  });

  it('has a case for each defect, and each has a healthy twin of the same shape', () => {
    const cases = listCases(selftestNames);
    expect(cases.flatMap(({ planted }) => planted?.name ?? []).sort()).toEqual([...defectNames].sort());
    for (const { shape } of cases) expect(cases.some((each) => each.name === `healthy, ${shape}`)).toBe(true);
    expect(listCases(['healthy']).map(({ name }) => name)).toEqual(['healthy, brief', 'healthy, steady']);
    expect(listCases(['gc-storm']).map(({ name }) => name)).toEqual(['healthy, steady', 'gc-storm']);
    expect(secondsExpected(listCases(shortCases))).toBeLessThan(secondsExpected(cases));
  });

  it('asks for runs that promise to find what is planted, and differ from their twins by the defect alone', () => {
    const machine = { cores: 2, memoryBytes: 24e9, diskFreeBytes: 75e9 };
    const planOf = (asked: SelftestCase) => {
      const parsed = parseInput('SoakWave', inputOf(asked, 7));
      if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
      return planRun({ workflow: 'SoakWave', input: parsed.value, machine });
    };
    for (const asked of listCases(selftestNames).filter(({ expected }) => expected !== undefined)) {
      const plan = planOf(asked);
      expect(plan.promises).toContain(asked.expected?.question);
      expect(plan.stack.defects).toEqual([asked.planted]);
      const twin = planOf(caseOf(`healthy, ${asked.shape}`));
      const { defects, ...stack } = plan.stack;
      expect(defects).toHaveLength(1);
      expect({ ...plan, stack, remarks: [] }).toEqual({ ...twin, remarks: [] });
    }
    expect(shapes.steady.loadSeconds * 1_000).toBeGreaterThanOrEqual(leakWatchMsMin);
  });
});
