import { describe, expect, it } from 'vitest';
import { emptyTotals } from '#model/ledger.ts';
import { listCells, steps, victims, whyNot } from './cells.ts';
import { findProblems, findTwinProblems } from './compare.ts';
import type { Observation } from './observation.ts';

const cells = listCells(1);
const cellOf = (id: string) => {
  const cell = cells.find((each) => each.id === id);
  if (cell === undefined) throw new Error(`there is no cell ${id}`);
  return cell;
};

const states = ['set-up', 'injected', 'bit', 'recovering', 'healed', 'cleaned-up'] as const;

/** The parts of an undisturbed run that are looked at. */
function makeRun() {
  const load = { ...emptyTotals(), due: 100, delivered: 100 };
  return {
    result: {
      outcome: 'pass',
      reasons: [] as string[],
      load: { ...load },
      steps: steps.map((phase) => ({ phase, outcome: 'done' })),
      verdict: {
        answers: [
          { question: 'load-delivered', outcome: 'pass', reason: 'All of it.' },
          { question: 'no-lost-write', outcome: 'pass', reason: 'All are there.' },
        ],
      },
      seeded: [{ entity: 'tools', rows: 50, checksum: 'a', seconds: 1 }],
      outages: [] as { name: string; from: number; to: number }[],
    },
    plan: { load: { seed: 7 }, faults: [{ fault: 'kill-gateway-2', victim: 'gateway-2' }] },
    planHash: 'p',
    evidence: { gapsTotal: 0, findings: [], unplannedOutages: [] },
    ledger: { totals: load, problems: [] as string[], firstRequestAt: {} },
    leases: [
      {
        plan: { fault: 'kill-gateway-2' },
        state: 'cleaned-up' as string,
        deadlineAt: 100,
        history: states.map((event, at) => ({ event: event, at })),
      },
    ],
    stillHeld: [] as string[],
    starts: { orchestrator: 0, load: 0, 'gateway-2': 1, 'engine-0': 1, sampler: 1, watchdog: 1 },
    scheduled: { planRun: 1, holdLoad: 3, holdWatch: 1 },
    spoolProblems: [] as string[],
    runRows: 1,
    reportHtml: '<html>',
  };
}

function nth<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error(`there is no element ${index}`);
  return found;
}

type Run = ReturnType<typeof makeRun>;
const as = (run: Run): Observation => run as unknown as Observation;
const problemsOf = (change: (run: Run) => void, id = 'judge/cli/SIGKILL'): string => {
  const run = makeRun();
  change(run);
  return findProblems(cellOf(id), as(run), as(makeRun())).join('\n');
};

describe('the table of cells', () => {
  it('has every step with every victim that has work in it, by both signals, or a reason', () => {
    for (const step of steps) {
      for (const victim of victims) {
        const found = cells.filter((cell) => cell.kind === 'kill' && cell.step === step && cell.victim === victim);
        expect(found, `${step}/${victim}`).toHaveLength(whyNot(step, victim) === undefined ? 2 : 0);
        expect(whyNot(step, victim)).not.toBe('');
      }
    }
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
  });

  it('kills at other moments under another seed, and at the same ones under the same', () => {
    expect(listCells(1)).toEqual(cells);
    expect(listCells(2).map(({ point }) => point)).not.toEqual(cells.map(({ point }) => point));
  });
});

describe('findProblems', () => {
  it('finds none in a run that is as its twin', () => {
    expect(problemsOf(() => undefined)).toBe('');
    expect(findTwinProblems(as(makeRun()))).toEqual([]);
  });

  it.each<[string, string, (run: Run) => void]>([
    ['another outcome', 'outcome fail', ({ result }) => (result.outcome = 'fail')],
    [
      'another answer',
      'no-lost-write is fail, not pass: one lost',
      ({ result }) => Object.assign(nth(result.verdict.answers, 1), { outcome: 'fail', reason: 'one lost' }),
    ],
    ['another plan', 'the plan is another one', (run) => (run.planHash = 'q')],
    ['other rows', 'counts or checksums', ({ result }) => result.seeded.push({ ...nth(result.seeded, 0), rows: 1 })],
    ['a fault that never came', 'faults injected: none', (run) => (run.leases = [])],
    ['a step that failed', 'the steps were', ({ result }) => (nth(result.steps, 3).outcome = 'failed')],
    ['a ledger that does not balance', 'does not balance', ({ result }) => (result.load.delivered = 99)],
    ['a second that was told twice', 'twice', ({ ledger }) => ledger.problems.push('a second was told twice')],
    ['a lease that was left open', 'left bit', ({ leases }) => (nth(leases, 0).state = 'bit')],
    ['a state entered twice', 'entered twice', ({ leases }) => nth(leases, 0).history.push({ event: 'bit', at: 9 })],
    ['a late healing', 'after its deadline', ({ leases }) => (nth(leases, 0).deadlineAt = 2)],
    ['a process that lives on', 'lives on', ({ stillHeld }) => stillHeld.push('engine-0 lives on')],
    ['an activity done twice', 'planRun was scheduled 2 times', ({ scheduled }) => (scheduled.planRun = 2)],
    ['a process started twice', 'orchestrator was started 1 times', ({ starts }) => (starts.orchestrator = 1)],
    ['a segment nobody stored', 'never stored', ({ spoolProblems }) => spoolProblems.push('x was never stored')],
    [
      'load that is lost though no engine was killed',
      '10 of 100 were not delivered, and no engine was killed',
      ({ result, ledger }) => {
        for (const totals of [result.load, ledger.totals]) Object.assign(totals, { delivered: 90, dropped: 10 });
      },
    ],
    [
      'an outage that the report does not name',
      'the report does not name',
      ({ result }) => result.outages.push({ name: 'sampler', from: 0, to: 1 }),
    ],
  ])('finds %s', (_, told, change) => {
    expect(problemsOf(change)).toContain(told);
  });

  it('expects one start more of what was killed, and none more of it when nobody needs it again', () => {
    expect(problemsOf(() => undefined, 'load/load/SIGTERM')).toContain('load was started 0 times, not 1');
    expect(problemsOf(({ starts }) => (starts.load = 1), 'load/load/SIGTERM')).toBe('');
    expect(problemsOf(() => undefined, 'collect/sampler/SIGKILL')).toBe('');
  });
});
