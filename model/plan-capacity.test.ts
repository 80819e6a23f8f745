import { describe, expect, it } from 'vitest';
import { parseInput } from './parse-input.ts';
import { planRun, summarisePlan } from './plan-run.ts';
import type { Plan } from './plan.ts';

const gigabyte = 1024 ** 3;
const machine = { cores: 2, memoryBytes: 8 * gigabyte, diskFreeBytes: 40 * gigabyte };
const planOf = (input: object): Plan => {
  const parsed = parseInput('SoakWave', input);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return planRun({ workflow: 'SoakWave', input: parsed.value, machine });
};
const problemsOf = (input: object, workflow: 'SoakWave' | 'StabilityRun' = 'SoakWave'): string[] => {
  const parsed = parseInput(workflow, input);
  return parsed.ok ? [] : parsed.problems;
};

describe('the plan of a capacity search', () => {
  it('resolves every default from the wave and the time that there is', () => {
    const { capacity, load, remarks } = planOf({ wave: 'small', capacity: true });
    expect(capacity).toEqual({
      ...{ startRatePerSecond: 10, minRatePerSecond: 1.25, maxRatePerSecond: 640, resolution: 0.05 },
      ...{ probeMs: 20_000, settleMs: 5_000, coolDownMs: 8_000, holdMs: 60_000, probes: 30, safeShare: 0.75 },
      limits: { latencyMsP95Max: 25, failedRatioMax: 0.001 },
      baseline: { requestsPerSecond: 500, isBinding: false },
    });
    expect(load).toMatchObject({ model: 'open', virtualUsers: 640, histogramMs: 1_000 });
    expect(load.stages).toEqual([
      {
        ...{ name: 'rest', durationMs: 900_000, usersFrom: 640, usersTo: 640 },
        ...{ ratePerSecondFrom: 1.25, ratePerSecondTo: 1.25 },
      },
    ]);
    expect(remarks.join()).not.toContain('probes');
  });

  it('takes what it is told, and bounds the rate by the users that it is given', () => {
    const { capacity, load } = planOf({
      ...{ wave: 'smoke', duration: '90s', users: 150 },
      capacity: { startRate: 4, resolution: 0.2, probe: '6s', hold: '12s', coolDown: '3s', probes: 8, safeShare: 0.7 },
    });
    expect(capacity).toMatchObject({
      ...{ startRatePerSecond: 4, maxRatePerSecond: 150, resolution: 0.2, probeMs: 6_000, holdMs: 12_000 },
      ...{ coolDownMs: 3_000, probes: 8, safeShare: 0.7, limits: { latencyMsP95Max: 250 } },
    });
    expect(capacity?.baseline).toBeUndefined();
    expect(load.virtualUsers).toBe(150);
  });

  it('says so when the time is too short for a whole search', () => {
    expect(planOf({ wave: 'smoke', capacity: true }).remarks.join()).toMatch(
      /In 1 min there is room for about 4 probes of 5 s, and a search takes about 20: .* 5 min would do\./,
    );
  });

  it('injects no fault unless it is asked to', () => {
    expect(planOf({ wave: 'small', capacity: true }).faults).toEqual([]);
    const healed = planOf({ wave: 'small', capacity: true }).notCovered.find(
      ({ question }) => question === 'faults-healed',
    );
    expect(healed?.reason).toContain('unless it is asked for');
    expect(planOf({ wave: 'small', capacity: true, faults: 'planned' }).faults).toHaveLength(1);
  });

  it('promises the capacity, and not what a search misses by intent', () => {
    const { promises, notCovered } = planOf({ wave: 'small', capacity: true });
    expect(promises).toContain('capacity');
    expect(promises).toContain('no-lost-write');
    for (const question of [
      'load-delivered',
      'error-rate',
      'generator-not-saturated',
      'latency-local-reads',
    ] as const) {
      expect(promises).not.toContain(question);
      expect(notCovered.find((each) => each.question === question)?.reason).toContain('by intent');
    }
  });

  it('travels with what the workflow steers by, and is in no plan that is no search', () => {
    const plan = planOf({ wave: 'small', capacity: true });
    expect(summarisePlan(plan, 'hash').capacity).toEqual(plan.capacity);
    expect(JSON.stringify(summarisePlan(plan, 'hash')).length).toBeLessThan(4_000);
    for (const input of [{ wave: 'small' }, { wave: 'small', capacity: false }]) {
      expect(planOf(input)).not.toHaveProperty('capacity');
      expect(planOf(input).load).not.toHaveProperty('histogramMs');
      expect(planOf(input).promises).not.toContain('capacity');
    }
  });
});

describe('the input of a capacity search', () => {
  it.each([
    [{ arrivalRate: 5 }, 'arrivalRate: a capacity search sets the rate of the load itself; leave it out, or capacity'],
    [{ spawnRate: 5 }, 'spawnRate: a capacity search sets the rate of the load itself; leave it out, or capacity'],
    [{ pacing: '1s' }, 'pacing: a capacity search sets the rate of the load itself; leave it out, or capacity'],
    [
      { duration: '20s' },
      'duration: a capacity search has no room in 20 s; 30 s are the least, and 10m find a capacity',
    ],
    [
      { duration: '60s', capacity: { probe: '30s' } },
      'capacity: two probes and a hold take longer than the load of 60 s; make them shorter',
    ],
    [
      { capacity: { startRate: 9, maxRate: 5 } },
      'capacity: it starts at 9 iterations a second, and 5 are the most; use a lower startRate',
    ],
  ])('does not go with %j', (input, problem) => {
    expect(problemsOf({ wave: 'small', capacity: true, ...input })).toEqual([problem]);
  });

  it('is no stability run', () => {
    expect(problemsOf({ wave: 'small', capacity: true }, 'StabilityRun')).toEqual([
      'capacity: a stability run keeps its load as it is; search in a SoakWave',
    ]);
  });

  it.each([
    ['yes', /^capacity: given "yes"; capacity is true, or an object with some of startRate, maxRate, /],
    [{ maxRat: 5 }, /^capacity: given \{"maxRat":5\}; maxRat: there is no such key; /],
    [{ maxRate: -1 }, /^capacity\[maxRate\]: given -1; /],
    [{ probe: 'soon' }, /^capacity\[probe\]: given "soon"; a duration is a number and a unit/],
  ])('is refused as %j, with a sentence', (capacity, problem) => {
    const problems = problemsOf({ wave: 'small', capacity });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
