import { describe, expect, it } from 'vitest';
import type { OperatorAction } from '#model/operator.ts';
import { planRun, summarisePlan } from '#model/plan-run.ts';
import type { Progress } from '#model/progress.ts';
import type { CarriedRun } from '#model/run-state.ts';
import { type Considered, type Control, considerations } from './considerations.ts';

const startsAt = 1_000_000;
const gigabyte = 1024 ** 3;
const machine = { cores: 2, memoryBytes: 8 * gigabyte, diskFreeBytes: 40 * gigabyte };
const planOf = (input: object) =>
  planRun({ workflow: 'SoakWave', input: { wave: 'smoke', duration: 60_000, faults: 'none', ...input }, machine });
const closedPlan = planOf({ users: 10, spawnRate: 10 });
const openPlan = planOf({ users: 10, arrivalRate: 20 });

/** A run in its load, as the operator sees it. */
function setUp(change: { phase?: Progress['phase']; blocked?: string } = {}, plan = closedPlan) {
  const summary = summarisePlan(plan, 'hash');
  const state: CarriedRun = {
    ...{ schemaVersion: 1, plan: summary, host: 'h', steps: [], seeded: [], startsAt, endsAt: startsAt + 60_000 },
    ...{ nextWindow: 0, stages: summary.stages, revision: 0, steeredRevision: 0, heldUntil: 0, shardHosts: ['h'] },
    ...{ faults: [], askedFaults: [], operatorActions: [], unaudited: [], handledUpdates: [] },
  };
  const progress: Progress = {
    ...{ runKey: 'k', workflowId: 'w', wave: 'smoke', target: 't', steps: [], faults: [], phase: 'load', ...change },
  };
  const view = {
    progress,
    update: (shown: Partial<Progress>) => void Object.assign(progress, shown),
    begin: () => ({ phase: progress.phase, startedAt: 0, outcome: 'running' as const }),
    end: () => undefined,
  };
  const control: Control = {};
  const consider = (action: OperatorAction, request: object = {}, seconds = 20): Considered =>
    considerations[action]({ state, view, control }, { why: 'w', ...request } as never, startsAt + seconds * 1_000);
  const act = (action: OperatorAction, request: object = {}, seconds = 20): string => {
    const considered = consider(action, request, seconds);
    if ('problem' in considered) throw new Error(considered.problem);
    considered.act();
    return considered.what;
  };
  const problemOf = (action: OperatorAction, request: object = {}, seconds = 20): string | undefined => {
    const before = structuredClone({ state, progress, control });
    const considered = consider(action, request, seconds);
    expect({ state, progress, control }).toEqual(before);
    return 'problem' in considered ? considered.problem : undefined;
  };
  return { state, progress, control, act, problemOf };
}

const kill = { kind: 'kill-gateway' };

describe('what an operator asks for', () => {
  it('is refused outside of the load, with the phase that the run is in, and changes nothing', () => {
    for (const action of ['pause', 'resume', 'scaleLoad', 'extend', 'injectFault'] as const) {
      const request = { users: 5, by: 1_000, ...kill };
      expect(setUp({ phase: 'seed' }).problemOf(action, request)).toBe(
        'the load is not running: the run is in phase seed',
      );
      expect(setUp({ phase: 'judge' }).problemOf(action, request)).toBe('the run is ending');
      expect(setUp({ blocked: 'load: it broke' }).problemOf(action, request)).toContain('a step is blocked');
      expect(setUp().problemOf(action, request, -2)).toBe('the load has not begun yet');
      expect(setUp().problemOf(action, request, 59.8)).toMatch(/at its end|too soon|not paused/);
    }
  });

  it('is refused where k6 goes by its own clock, but for a fault and the end', () => {
    const { state, problemOf } = setUp();
    state.plan = { ...state.plan, driver: 'k6' };
    for (const action of ['pause', 'scaleLoad', 'extend'] as const) {
      expect(problemOf(action, { users: 5, by: 1_000 })).toBe(
        'k6 drives this load by its own clock: it cannot be paused, scaled or extended; abort ends the run',
      );
    }
    expect(problemOf('injectFault', kill)).toBeUndefined();
    expect(problemOf('abort')).toBeUndefined();
    state.plan = { ...state.plan, driver: 'locust' };
    expect(problemOf('pause')).toBeUndefined();
  });

  it('only says what it would do until it is carried out', () => {
    const { problemOf, state } = setUp();
    for (const [action, request] of [
      ['pause', {}],
      ['scaleLoad', { users: 20 }],
      ['extend', { by: 5_000 }],
      ['injectFault', kill],
      ['abort', {}],
    ] as const)
      expect(problemOf(action, request)).toBeUndefined();
    expect(state.revision).toBe(0);
  });

  it('moves the end by a pause, under a higher revision each time', () => {
    const { act, state, progress, problemOf } = setUp();
    act('pause');
    expect(progress).toMatchObject({ loadEndsAt: startsAt + 61_000 });
    expect(problemOf('pause', {}, 25)).toBe('the load is paused already');
    expect(problemOf('injectFault', kill, 25)).toContain('the load is paused');
    act('resume', {}, 30);
    expect(state.revision).toBe(2);
    expect(state.endsAt).toBe(startsAt + 60_000 + 10_000 + 1_000);
  });

  it('is at most as many users as there are slots for', () => {
    expect(setUp().problemOf('scaleLoad', { users: 21 })).toBe(
      '21 virtual users are more than this plan has slots and identities for: 20, where 10 are planned',
    );
  });

  it('is a rate where iterations begin at one, and users where they do not', () => {
    const open = setUp({}, openPlan);
    expect(setUp().problemOf('scaleLoad', { rate: 5 })).toMatch(/^this load is closed: .* is users$/);
    expect(open.problemOf('scaleLoad', { users: 5 })).toMatch(/^this load is open: .* is rate$/);
    expect(open.problemOf('scaleLoad', { rate: 20_001 })).toBe(
      '20001 iterations a second are more than the 20 virtual users of this plan could ever take: at most 20000, were each over in a millisecond',
    );
    expect(open.act('scaleLoad', { rate: 15.5 })).toBe('scale the load to 15.5 iterations a second');
    expect(open.progress).toMatchObject({ rate: 15.5, users: 16 });
    expect(
      open.state.stages.map(({ name, durationMs, ratePerSecondFrom }) => [name, durationMs, ratePerSecondFrom]),
    ).toEqual([
      ['hold', 21_000, 20],
      ['scaled', 39_000, 15.5],
    ]);
    open.act('pause', {}, 30);
    expect(open.progress).toMatchObject({ paused: true, rate: 0, users: 0 });
  });

  it('leaves the rate of a capacity search to the search', () => {
    const searching = setUp();
    const searched = planRun({
      workflow: 'SoakWave',
      input: { wave: 'smoke', capacity: {} },
      machine: { cores: 2, memoryBytes: 8 * gigabyte, diskFreeBytes: 40 * gigabyte },
    });
    searching.state.plan = summarisePlan(searched, 'hash');
    const refused = 'the load is a capacity search, which sets its rate itself; pause and extend are possible';
    expect(searching.problemOf('scaleLoad', { rate: 5 })).toBe(refused);
    expect(searching.problemOf('scaleLoad', { users: 5 })).toBe(refused);
    expect(searching.problemOf('pause')).toBeUndefined();
    expect(searching.problemOf('extend', { by: 60_000 })).toBeUndefined();
  });

  it('is one choice for one blocked step', () => {
    expect(setUp().problemOf('resolveStep', { choice: 'skip' })).toBe('no step is blocked');
    const blocked = setUp({ blocked: 'seed: it broke' });
    blocked.act('resolveStep', { choice: 'skip' });
    expect(blocked.control.resolution).toBe('skip');
    expect(blocked.problemOf('resolveStep', { choice: 'retry' })).toBe('somebody chose skip already');
  });

  it('is nothing any more once the run was aborted', () => {
    const { act, problemOf } = setUp();
    act('abort');
    expect(problemOf('abort')).toBe('the run is ending');
    expect(problemOf('pause')).toBe('the run is ending');
  });
});

describe('a fault that is asked for', () => {
  it('has a name of its own, its time, and a deadline after its hold', () => {
    const { act, state } = setUp();
    act('injectFault', { ...kill, hold: 3_000 });
    state.faults.push({ fault: 'kill-gateway-2-asked-1', state: 'bit, healed by injection' });
    act('injectFault', { ...kill, victim: 'gateway-1' }, 40);
    expect(state.askedFaults.map(({ fault, victim, offsetMs, holdMs }) => [fault, victim, offsetMs, holdMs])).toEqual([
      ['kill-gateway-2-asked-1', 'gateway-2', 20_000, 3_000],
      ['kill-gateway-1-asked-2', 'gateway-1', 40_000, 5_000],
    ]);
    for (const { holdMs, deadlineMs } of state.askedFaults) expect(deadlineMs).toBeGreaterThan(holdMs);
  });

  it('needs a victim that there is, and somebody who takes over', () => {
    const { act, problemOf, state } = setUp();
    expect(problemOf('injectFault', { ...kill, victim: 'postgres' })).toContain('there is no postgres');
    expect(problemOf('injectFault', { ...kill, hold: 500 })).toContain('1 s to 10 min');
    act('injectFault', kill);
    expect(problemOf('injectFault', kill)).toContain('kill-gateway-2-asked-1 is under way on gateway-2');
    expect(problemOf('injectFault', { ...kill, victim: 'gateway-1' })).toContain('no gateway instance would be left');
    const alone = setUp();
    alone.state.plan = { ...state.plan, gatewayInstances: 1 };
    expect(alone.problemOf('injectFault', kill)).toBe('with one gateway instance nobody could take over');
  });

  it('stays clear of the planned ones', () => {
    const { problemOf, state } = setUp();
    const planned = { fault: 'kill-gateway-2', victim: 'gateway-2', offsetMs: 24_000, deadlineMs: 30_000 };
    state.plan = { ...state.plan, faults: [planned] };
    expect(problemOf('injectFault', kill)).toContain('kill-gateway-2 is under way on gateway-2, or falls due');
    expect(problemOf('injectFault', { ...kill, hold: 1_000 }, 10)).toBeUndefined();
  });
});
