import { describe, expect, it } from 'vitest';
import type { Plan } from '#model/plan.ts';
import { loadStartsAt, operationsOfMix, syntheticPlan, syntheticRecords } from '../test/synthetic-run.ts';
import { foldEvidence } from './fold.ts';
import { judgeSoFar } from './so-far.ts';

const plan = syntheticPlan();
const ledgerAndRest = [...syntheticRecords(plan)];

async function after(
  seconds: number,
  { of = plan, records = ledgerAndRest }: { of?: Plan; records?: typeof ledgerAndRest } = {},
) {
  const evidence = await foldEvidence({ records, plan: of, loadStartsAt, loadEndsAt: loadStartsAt + seconds * 1_000 });
  return judgeSoFar({ plan: of, evidence, operations: operationsOfMix, steps: [], seeded: [] });
}

describe('judgeSoFar', () => {
  it('passes what can be answered yet, and leaves what only the end can answer open without a word', async () => {
    const { outcome, headline, answers } = await after(50);
    expect({ outcome, headline }).toEqual({
      outcome: 'pass',
      headline: `Pass so far, after 50 s of load: all ${answers.length} questions that can be answered yet are met.`,
    });
    const asked = answers.map(({ question }) => question);
    for (const question of ['seeding-reconciled', 'no-lost-write', 'no-scope-leak', 'stationary']) {
      expect(asked).not.toContain(question);
    }
    expect(asked).toContain('load-delivered');
    expect(asked).toContain('error-rate');
  });

  it('does not ask after a fault that may still be healing', async () => {
    const [fault] = plan.faults;
    const over = ((fault?.offsetMs ?? 0) + (fault?.deadlineMs ?? 0)) / 1_000;
    expect(fault).toBeDefined();
    expect((await after(over - 1)).answers.map(({ question }) => question)).not.toContain('faults-healed');
    expect((await after(over)).answers.map(({ question }) => question)).toContain('faults-healed');
  });

  it('owes no load and no samples of what is still to come', async () => {
    const { answers } = await after(30);
    const delivered = answers.find(({ question }) => question === 'load-delivered');
    expect(delivered).toMatchObject({ outcome: 'pass', measured: 1 });
  });

  it('tells a certain failure before the end, although its question is one for the end', async () => {
    const leak = {
      ...({ kind: 'finding', at: loadStartsAt + 5_000, source: 'engine-0', finding: 'scope-leak' } as const),
      detail: 'user 7 saw tool 12',
    };
    const { outcome, headline, answers } = await after(50, { records: [...ledgerAndRest, leak] });
    expect(outcome).toBe('fail');
    expect(headline).toBe('Fail so far, after 50 s of load: no-scope-leak.');
    expect(answers.find(({ question }) => question === 'no-scope-leak')?.reason).toContain('user 7 saw tool 12');
  });

  it('is inconclusive when there is nothing to judge', async () => {
    const { outcome } = await after(50, { records: [] });
    expect(outcome).toBe('inconclusive');
  });
});
