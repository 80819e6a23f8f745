import { describe, expect, it } from 'vitest';
import type { Answer, Verdict } from '#model/verdict.ts';
import { passed, soak } from '../../test/command-line.ts';
import type { EndedRun } from '../selftest-account.ts';
import type { SelftestReport } from '../selftest-report.ts';
import type { Service, StatusReport } from '../service.ts';

const down: StatusReport = {
  temporal: { address: '127.0.0.1:7233', namespace: 'default', reachable: false },
  processes: [],
  runs: [],
};
const up: StatusReport = {
  ...down,
  processes: [{ role: 'supervisor', pid: 1, startedAt: '2026-11-23T18:00:00Z', state: 'running' }],
};

const judged = (verdict: Pick<Verdict, 'outcome' | 'answers'>): EndedRun => ({
  ...{ verdict: { ...verdict, headline: 'a headline', notCovered: [] } },
  ...{ requests: 1_000, loadMs: 20_000, gateways: 2 },
});
const lost: Answer = { question: 'no-lost-write', outcome: 'fail', reason: '3 acknowledged writes lost.', measured: 3 };
const kept: Answer = { question: 'no-lost-write', outcome: 'pass', reason: 'All are there.' };

/** A system whose runs have these verdicts, one after the other. */
function systemOf(runs: (EndedRun | undefined)[], status = up): { service: Partial<Service>; inputs: unknown[] } {
  const inputs: unknown[] = [];
  return {
    inputs,
    service: {
      status: () => Promise.resolve(status),
      startRun: ({ input }) => {
        inputs.push(input);
        return Promise.resolve({ workflowId: 'selftest/1', runKey: `key-${inputs.length}` });
      },
      result: () => Promise.resolve(passed),
      endedRun: () => Promise.resolve(runs[inputs.length - 1]),
    },
  };
}

const healthy = judged({ outcome: 'pass', answers: [kept] });
const caught = judged({ outcome: 'fail', answers: [lost] });
const only = ['selftest', '--only', 'lost-write'];

describe('soak selftest', () => {
  it('runs the healthy twin and the defect, and ends with 0 when one passed and the other was named', async () => {
    const { service, inputs } = systemOf([healthy, caught]);
    const { code, out } = await soak(only, { service });
    expect(code).toBe(0);
    expect(inputs).toMatchObject([{ keep: 'stack' }, { keep: 'nothing', defect: 'lost-write=10' }]);
    expect(inputs[0]).not.toHaveProperty('defect');
    expect(out).toContain('2 runs, one after the other, about');
    expect(out).toMatch(/lost-write +found +no-lost-write/);
    expect(out).toContain('1 of 1 planted defects were found and named, 1 of 1 healthy runs passed');
  });

  it('ends with 1 when a defect was missed', async () => {
    const { service } = systemOf([healthy, healthy]);
    const { code, out } = await soak(only, { service });
    expect(code).toBe(1);
    expect(out).toContain('lost-write: missed');
  });

  it('ends with 1 when the healthy twin was accused', async () => {
    const { service } = systemOf([caught, caught]);
    const { code, out } = await soak(only, { service });
    expect(code).toBe(1);
    expect(out).toContain('healthy, brief: accused');
  });

  it('ends with 2 when a run left no result', async () => {
    const { service } = systemOf([healthy, undefined]);
    expect((await soak(only, { service })).code).toBe(2);
  });

  it('does not go on when the first run cannot have the stack', async () => {
    const { service, inputs } = systemOf([]);
    const busy = { failed: 'soak/small/1 has the stack', type: 'StackBusy' };
    const { code, out } = await soak(only, { service: { ...service, result: () => Promise.resolve(busy) } });
    expect([code, inputs.length]).toEqual([2, 1]);
    expect(out).toContain('soak/small/1 has the stack');
  });

  it('takes down what it brought up, and leaves up what was up', async () => {
    const asked = async (status: StatusReport): Promise<unknown[]> =>
      (await soak(only, { service: systemOf([healthy, caught], status).service })).asked.map(([name]) => name);
    expect(await asked(down)).toContain('down');
    expect(await asked(up)).not.toContain('down');
  });

  it('aborts its run when it is interrupted, accounts for what is done, and takes down', async () => {
    const interruption = new AbortController();
    const { service, inputs } = systemOf([healthy], down);
    let ended = false;
    const held: Partial<Service> = {
      ...service,
      result: async () => {
        while (!ended && inputs.length > 1) await new Promise((resolve) => setTimeout(resolve, 5));
        return passed;
      },
      progress: () => {
        if (inputs.length > 1) interruption.abort();
        return Promise.resolve(undefined);
      },
      tell: () => {
        ended = true;
        return Promise.resolve({ kind: 'unknown' });
      },
    };
    const { code, out, asked } = await soak(only, { service: held, interrupted: interruption.signal });
    expect([code, ended]).toEqual([130, true]);
    expect(out).toMatch(/lost-write +broken/);
    expect(asked.map(([name]) => name)).toContain('down');
  });

  it('prints its account as one line for scripts', async () => {
    const { service } = systemOf([healthy, caught]);
    const { out } = await soak([...only, '--json'], { service });
    const report = JSON.parse(out) as SelftestReport;
    expect(report.outcome).toBe('pass');
    expect(report.cases.map(({ name, result, runId }) => [name, result, runId])).toEqual([
      ['healthy, brief', 'clean', 'key-1'],
      ['lost-write', 'found', 'key-2'],
    ]);
  });

  it('refuses what it does not know, before anything starts', async () => {
    const { code, err, asked } = await soak(['selftest', '--only', 'lost-writ', '--short', '--seed', '-1']);
    expect(code).toBe(64);
    expect(err).toContain('did you mean lost-write?');
    expect(err).toContain('--seed: a whole number');
    expect(err).toContain('use one of the two');
    expect(asked).toEqual([]);
  });
});
