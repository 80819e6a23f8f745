import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { whyNotOfTheClass } from './machine.ts';
import { objectiveNames, objectives, type ObjectivesInput } from './objective.ts';
import { baselineOf, objectivesOfWaves, resolveObjectives } from './objectives.ts';
import { parseInput } from './parse-input.ts';
import { planRun } from './plan-run.ts';
import { WaveName } from './wave.ts';

const machine = { cores: 2, memoryBytes: 8 * 2 ** 30, diskFreeBytes: 59e9 };
const sized = { wave: 'small', gateways: 10 } as const;

function planned(input: Record<string, unknown>) {
  const parsed = parseInput('SoakWave', { wave: 'small', ...input });
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return planRun({ workflow: 'SoakWave', input: parsed.value, machine });
}

function problemsOf(given: unknown, more: Record<string, unknown> = {}): string[] {
  const parsed = parseInput('SoakWave', { wave: 'small', objectives: given, ...more });
  return parsed.ok ? [] : parsed.problems;
}

const given = fc.record(
  {
    p95Ms: fc.double({ min: 0.1, max: 1_000, noNaN: true }),
    p99Ms: fc.double({ min: 1_000, max: 9_000, noNaN: true }),
    errorRate: fc.double({ min: 0, max: 1, noNaN: true }),
    databaseConnections: fc.integer({ min: 1, max: 500 }),
    analyticsP95Ms: fc.integer({ min: 1, max: 9_000 }),
  },
  { requiredKeys: [] },
);

describe('the objectives of a wave', () => {
  it('are those of R6, federation by the number of gateways', () => {
    expect(baselineOf('p95Ms', { wave: 'enterprise', gateways: 100 })).toBe(150);
    expect([10, 50, 100].map((gateways) => baselineOf('federationP95Ms', { wave: 'small', gateways }))).toEqual([
      ...[150, 400, 800],
    ]);
    expect(baselineOf('federationP95Ms', { wave: 'small', gateways: 500 })).toBeUndefined();
    expect(baselineOf('analyticsP95Ms', sized)).toBe(2_000);
    expect(baselineOf('requestsPerSecond', sized)).toBe(500);
    expect(baselineOf('p99Ms', sized)).toBeUndefined();
  });

  it('are what plans always held where nothing is asked and nothing binds', () => {
    for (const wave of WaveName.options) {
      const found = resolveObjectives({ wave, gateways: 10 }, { isBinding: false });
      expect(found).toEqual({ objectives: objectivesOfWaves[wave] });
    }
  });

  it('bind in full on a machine of their class', () => {
    const { objectives: found } = resolveObjectives(sized, { isBinding: true });
    expect(found).toMatchObject({ federationP95MsMax: 150, analyticsP95MsMax: 2_000, localReadP95MsMax: 25 });
  });

  it('give way to what the input states, each alone, and are told beside it', () => {
    fc.assert(
      fc.property(given, (asked: ObjectivesInput) => {
        const { objectives: found, overridden = [] } = resolveObjectives(sized, { asked, isBinding: false });
        expect(overridden.map(({ objective }) => objective).toSorted()).toEqual(Object.keys(asked).toSorted());
        for (const name of objectiveNames) {
          const { key } = objectives[name];
          expect(found[key]).toBe(asked[name] ?? objectivesOfWaves.small[key]);
        }
        for (const { objective, own } of overridden) expect(own).toBe(baselineOf(objective, sized));
      }),
    );
  });
});

describe('the machine class', () => {
  it('says what a machine lacks', () => {
    const big = { cores: 16, memoryBytes: 125 * 2 ** 30 };
    expect(whyNotOfTheClass(big, 'apart')).toBeUndefined();
    expect(whyNotOfTheClass({ ...big, memoryBytes: 64 * 2 ** 30 }, 'apart')).toBe(
      'shown, not judged: this machine is smaller than the one of the baselines, which has 128 GB; here are 64 GB',
    );
    expect(whyNotOfTheClass({ ...big, cores: 8 }, 'apart')).toContain('here are 8, apart');
    expect(whyNotOfTheClass(big, 'co-located')).toContain('co-located');
  });
});

describe('a plan with objectives of its own', () => {
  it('judges them on any machine, and the wave’s own stay shown', () => {
    const plan = planned({ objectives: { p95Ms: 300, p99Ms: 900, gatewaysRssBytes: '1.5GB' } });
    expect(plan.promises).toEqual(expect.arrayContaining(['latency-local-reads', 'latency-local-reads-p99', 'memory-gateways'])); // prettier-ignore
    expect(plan.promises).not.toContain('cache-hit-ratio');
    expect(plan.objectives).toMatchObject({ localReadP95MsMax: 300, localReadP99MsMax: 900, gatewaysRssBytesMax: 1.5 * 2 ** 30 }); // prettier-ignore
    expect(plan.overridden).toEqual([
      { objective: 'p95Ms', own: 25 },
      { objective: 'p99Ms' },
      { objective: 'gatewaysRssBytes', own: 2 * 2 ** 30 },
    ]);
  });

  it('says why one cannot be answered that was asked for', () => {
    const plan = planned({ mix: 'write-heavy', objectives: { federationP95Ms: 500 } });
    expect(plan.notCovered).toContainEqual({
      question: 'latency-federation',
      reason: 'the load sends none of federation-aggregate',
    });
    expect(planned({ objectives: { federationP95Ms: 500 } }).promises).toContain('latency-federation');
  });

  it('holds a capacity search to them', () => {
    const { capacity } = planned({
      capacity: true,
      duration: '15m',
      objectives: { p95Ms: 300, requestsPerSecond: 40 },
    });
    expect(capacity?.limits.latencyMsP95Max).toBe(300);
    expect(capacity?.baseline).toEqual({ requestsPerSecond: 40, isBinding: true });
  });

  it('asks runs of a day and more whether the harness leaks, and says nothing of it in others', () => {
    const hours = (duration: string) => planned({ duration, growth: true });
    expect(hours('24h').promises).toContain('harness-memory');
    expect(canonicalJson(hours('23h'))).not.toContain('harness-memory');
  });
});

describe('objectives that make no sense', () => {
  it('are refused all at once, with the names that there are', () => {
    const problems = problemsOf({ p99: 300, p95Ms: -1, errorRate: 5, cacheHitRatio: 'high', gatewaysRssBytes: '2 GBit' }); // prettier-ignore
    expect(problems).toHaveLength(5);
    expect(problems.join('\n')).toContain(
      `objectives: "p99" is not known; allowed are ${objectiveNames.join(', ')}; did you mean p99Ms?`,
    );
    expect(problems).toContain('objectives[p95Ms]: given -1; it must be more than 0');
    expect(problems).toContain('objectives[errorRate]: given 5; it must be at most 1');
    expect(problems).toContain('objectives[cacheHitRatio]: given "high"; it must be a number');
    expect(problems.join('\n')).toContain('objectives[gatewaysRssBytes]: given "2 GBit"; it must be a number of bytes');
  });

  it.each([
    [{}, 'objectives: given {}; it must name at least one objective'],
    [{ p95Ms: 300, p99Ms: 200 }, 'a p99 is never below its p95'],
    [{ requestsPerSecond: 5 }, 'requestsPerSecond is answered by a capacity search only'],
    [{ gatewaysRssBytes: 0 }, 'it must be a number of bytes'],
    ['p95Ms=3', 'objectives: given "p95Ms=3"; it must be an object'],
  ])('%j is refused', (objectivesGiven, problem) => {
    expect(problemsOf(objectivesGiven).join('\n')).toContain(problem);
  });
});

describe('the plan of an input that states no objectives', () => {
  const hashOf = (workflow: 'SoakWave' | 'FederationLoad', input: Record<string, unknown>): string => {
    const parsed = parseInput(workflow, input);
    if (!parsed.ok) throw new Error(parsed.problems.join('; '));
    const plan = planRun({ workflow, input: parsed.value, machine });
    return createHash('sha256').update(canonicalJson(plan)).digest('hex').slice(0, 16);
  };

  it.each([
    ['SoakWave', { wave: 'smoke' }, '09dcca22a0b4edf5'],
    ['SoakWave', { wave: 'small' }, 'c0f738424ee56480'],
    ['SoakWave', { wave: 'smoke', capacity: true, duration: '10m' }, 'e3f4bcc0344428c2'],
    ['FederationLoad', {}, '8f8aa2b29f315958'],
  ] as const)('is what it was before there were any: %s %j', (workflow, input, hash) => {
    expect(hashOf(workflow, input)).toBe(hash);
  });
});
