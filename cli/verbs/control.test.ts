import { describe, expect, it } from 'vitest';
import { operatorRequests } from '#model/operator.ts';
import { running, soak } from '../../test/command-line.ts';
import type { OperatorAnswer } from '../service.ts';

const answers = (answer: OperatorAnswer) => ({ service: { tell: () => Promise.resolve(answer) } });
const why = ['--why', 'a good reason'];

describe('a control verb', () => {
  it.each([
    [['pause', 'key-1'], { run: 'key-1', action: 'pause', request: {} }],
    [['resume'], { run: 'latest', action: 'resume', request: {} }],
    [['abort', 'latest'], { run: 'latest', action: 'abort', request: {} }],
    [['scale', 'soak/small/1', '--users', '50'], { run: 'soak/small/1', action: 'scaleLoad', request: { users: 50 } }],
    [['scale', '--rate', '12.5'], { run: 'latest', action: 'scaleLoad', request: { rate: 12.5 } }],
    [
      ['inject', '--kind', 'kill-gateway', '--victim', 'gateway-2', '--hold', '5s'],
      { run: 'latest', action: 'injectFault', request: { kind: 'kill-gateway', victim: 'gateway-2', hold: '5s' } },
    ],
    [['extend', '--by', '10m'], { run: 'latest', action: 'extend', request: { by: '10m' } }],
    [['resolve', 'retry'], { run: 'latest', action: 'resolveStep', request: { choice: 'retry' } }],
    [['resolve', 'key-1', 'skip'], { run: 'key-1', action: 'resolveStep', request: { choice: 'skip' } }],
  ])('%j sends the update that the run takes, and prints its answer', async (words, order) => {
    const { code, out, asked } = await soak([...words, ...why]);
    const request = { ...order.request, why: 'a good reason' };
    expect(asked[0]).toEqual(['tell', { ...order, request }]);
    expect(operatorRequests[order.action as keyof typeof operatorRequests].safeParse(request).success).toBe(true);
    expect({ code, out }).toEqual({ code: 0, out: 'soak/smoke/1: done' });
  });

  it('repeats an order under its id, so that it is carried out once', async () => {
    const { asked } = await soak(['extend', '--by', '10m', ...why, '--update-id', 'abc-1']);
    expect(asked[0]?.[1]).toMatchObject({ updateId: 'abc-1' });
  });

  it('answers in one line of JSON, also when the run said no', async () => {
    const { out } = await soak(['pause', ...why, '--json']);
    expect(JSON.parse(out)).toEqual({
      runId: 'key-1',
      workflowId: 'soak/smoke/1',
      verb: 'pause',
      accepted: true,
      is: 'accepted',
      answer: 'done',
    });
    const refused = await soak(
      ['pause', ...why, '--json'],
      answers({ kind: 'rejected', run: running, problem: 'the load is paused already' }),
    );
    expect(JSON.parse(refused.out)).toMatchObject({ accepted: false, problem: 'the load is paused already' });
    expect(refused.code).toBe(64);
  });
});

describe('a request that makes no sense', () => {
  it.each([
    [['pause'], '--why is missing: say why'],
    [['pause', '--why', ' '], '--why: given " "; '],
    [['scale', ...why], '--users is missing; say users, or in the open model rate'],
    [['scale', '--users', '5', '--rate', '5', ...why], '--rate: given 5; a load has users or a rate, not both'],
    [['scale', '--users', '0', ...why], '--users: given 0; it must be at least 1'],
    [['scale', '--users', 'many', ...why], '--users: given "many"; it must be a number'],
    [['inject', ...why], '--kind is missing; allowed'],
    [['inject', '--kind', 'kill-gatway', ...why], 'did you mean kill-gateway?'],
    [
      ['inject', '--kind', 'kill-gateway', '--hold', '5', ...why],
      '--hold: given "5"; a duration is a number and a unit',
    ],
    [['extend', ...why], '--by is missing'],
    [['extend', '--by', '-10m', ...why], '--by: given "-10m"; a duration is a number and a unit'],
    [['resolve', ...why], 'CHOICE is missing; allowed are retry, skip, abort'],
    [['resolve', 'key-1', 'rety', ...why], 'CHOICE: given "rety"; allowed are retry, skip, abort; did you mean retry?'],
    [['resolve', 'key-1', 'retry', 'now', ...why], '"now" is too much'],
    [['pause', ...why, '--update-id', 'a b'], '--update-id: at most 100'],
    [['pause', '--users', '5', ...why], '--users is not a flag of soak pause'],
  ])('%j is refused before anything is connected', async (words, problem) => {
    const { code, err, created } = await soak(words);
    expect(err).toContain(problem);
    expect({ code, created }).toEqual({ code: 64, created: 0 });
  });

  it('gets every problem at once', async () => {
    const { err } = await soak(['scale', '--user', '5']);
    expect(err.split('\n')).toEqual([
      '--user is not a flag of soak scale; did you mean --users?',
      '--users is missing; say users, or in the open model rate',
      '--why is missing: say why in a few words; the reason stands in the audit and in the report',
      'See soak scale --help.',
    ]);
  });

  it('that the run refuses is said in the run’s words, exit 64', async () => {
    const { code, out, err } = await soak(
      ['resume', ...why],
      answers({ kind: 'rejected', run: running, problem: 'the load is not paused' }),
    );
    expect({ code, out, err }).toEqual({
      code: 64,
      out: '',
      err: 'soak/smoke/1 did not take this resume: the load is not paused',
    });
  });
});

describe('a run that cannot be told', () => {
  it.each<[string, OperatorAnswer, string[]]>([
    [
      'nope',
      { kind: 'unknown' },
      ['No run is called "nope" in namespace default at 127.0.0.1:7233', 'soak list', 'TEMPORAL_NAMESPACE'],
    ],
    ['latest', { kind: 'unknown' }, ['No run is going on in namespace default at 127.0.0.1:7233', 'soak list']],
    [
      'key-9',
      { kind: 'elsewhere', workflowId: 'soak/small/9' },
      ['recorded here as soak/small/9', 'namespace default at 127.0.0.1:7233 does not know it', 'TEMPORAL_NAMESPACE'],
    ],
    ['my-job', { kind: 'no-run', workflow: 'Payroll' }, ['"my-job" is a workflow Payroll', 'not a run of soak']],
    [
      'key-1',
      { kind: 'over', run: { ...running, state: 'completed', outcome: 'pass' } },
      ['soak/smoke/1 has ended (completed, pass)', 'soak report key-1'],
    ],
    ['key-1', { kind: 'over', run: { ...running, state: 'terminated' } }, ['has ended (terminated)']],
  ])('%s: says what is wrong and what to do, exit 64', async (run, answer, said) => {
    const { code, err, out } = await soak(['pause', run, ...why], answers(answer));
    for (const part of said) expect(err).toContain(part);
    expect({ code, out }).toEqual({ code: 64, out: '' });
  });

  it('because no worker is up: says that nothing is lost and how to repeat it, exit 69', async () => {
    const { code, err } = await soak(
      ['resolve', 'latest', 'retry', '--why', "it's mended"],
      answers({ kind: 'unanswered', run: running, updateId: 'id-7', isStored: false }),
    );
    expect(code).toBe(69);
    expect(err).toContain('No worker answered within 30 s, so soak/smoke/1 goes on as before; nothing of it is lost.');
    expect(err).toContain(`soak resolve key-1 retry --why 'it'\\''s mended' --update-id id-7`);
  });

  it('because its workflow fails: says so, and what to do, exit 69', async () => {
    const { code, err } = await soak(['resume', ...why], answers({ kind: 'failing', run: running }));
    expect(code).toBe(69);
    expect(err).toContain('soak/smoke/1 takes nothing now: the code of its workflow fails on every worker');
    expect(err).toContain('soak up replaces the workers');
  });

  it('is not told twice what already stands in its history', async () => {
    const { code, err } = await soak(
      ['pause', ...why],
      answers({ kind: 'unanswered', run: running, updateId: 'id-7', isStored: true }),
    );
    expect(code).toBe(69);
    expect(err).toContain('do not repeat it');
    expect(err).not.toContain('--update-id');
  });
});

describe('soak attach', () => {
  it('shows what operators did, that the load is paused, and what to type to go on', async () => {
    const at = Date.parse('2026-11-23T18:03:20Z');
    const { out } = await soak(['attach'], {
      service: {
        progress: () =>
          Promise.resolve({
            runKey: 'key-1',
            workflowId: 'soak/smoke/1',
            wave: 'smoke',
            target: 'reference',
            phase: 'load',
            paused: true,
            steps: [{ phase: 'seed', startedAt: at - 10_000, endedAt: at - 5_000, outcome: 'done' }],
            operatorActions: [{ at, action: 'pause', what: 'pause the load', who: 'ann@box', why: 'a deploy' }],
            faults: [],
          }),
      },
    });
    const lines = out.split('\n');
    expect(lines[1]).toBe('» 18:03:20 UTC  ann@box: pause the load (a deploy)');
    expect(lines[2]).toBe('PAUSED: soak resume soak/smoke/1 --why "…" lets the load go on');
    expect(lines[3]).toMatch(/^load .* · PAUSED/);
  });

  it('says once, with the commands, that a run is blocked', async () => {
    let polls = 0;
    const blocked = {
      runKey: 'key-1',
      workflowId: 'soak/smoke/1',
      wave: 'smoke',
      target: 'reference',
      phase: 'seed',
      blocked: 'SeedFailed: the disk is full',
      steps: [],
      faults: [],
    } as const;
    const { out } = await soak(['attach'], {
      service: {
        progress: () => Promise.resolve({ ...blocked, steps: [], faults: [] }),
        result: async () => {
          while (polls < 3) await new Promise((resolve) => setTimeout(resolve, (polls += 1) * 5));
          return { runId: 'key-1', outcome: 'inconclusive', reasons: [], report: '', result: '' };
        },
      },
    });
    expect(out.match(/BLOCKED, and waiting for you: SeedFailed: the disk is full/g)).toHaveLength(1);
    expect(out).toContain('soak resolve soak/smoke/1 retry --why');
    expect(out).toContain('soak resolve soak/smoke/1 skip --why');
  });
});
