import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { totalLoadMs, usersOfShard } from './load-plan.ts';
import { objectivesBind } from './machine.ts';
import type { RunInput } from './parse-input.ts';
import { planRun, summarisePlan } from './plan-run.ts';
import { questions, questionsOnDemand } from './verdict.ts';

/** Asked only of runs that are to watch for leaks. */
const watchQuestions = ['handle-leak', 'gc-pauses', 'latency-creep'] as const;

const machine = { cores: 2, memoryBytes: 8 * 2 ** 30, diskFreeBytes: 59e9 };
const soakWave = (input: RunInput, on = machine) => planRun({ workflow: 'SoakWave', input, machine: on });
const reasonOf = (plan: ReturnType<typeof soakWave>, question: string): string | undefined =>
  plan.notCovered.find((entry) => entry.question === question)?.reason;

/** Inputs that `parseInput` lets pass: no more engines than users. */
const inputs = fc
  .record(
    {
      users: fc.integer({ min: 1, max: 1_000 }),
      spawnRate: fc.integer({ min: 1, max: 200 }),
      duration: fc.integer({ min: 1_000, max: 4 * 3_600_000 }),
      shards: fc.integer({ min: 1, max: 64 }),
      instances: fc.integer({ min: 1, max: 8 }),
      growth: fc.boolean(),
      faults: fc.constantFrom('planned' as const, 'none' as const),
      without: fc.subarray([...questions], { maxLength: 5 }),
    },
    { requiredKeys: [] },
  )
  .map((input) => ({ ...input, users: Math.max(input.users ?? 20, input.shards ?? 1) }));

describe('planRun', () => {
  it('is the same for the same request, and its hash text does not depend on the order of keys', () => {
    const plan = soakWave({ wave: 'smoke' });
    expect(soakWave({ wave: 'smoke' })).toEqual(plan);
    expect(canonicalJson(Object.fromEntries(Object.entries(plan).reverse()))).toBe(canonicalJson(plan));
  });

  it('puts every question that it puts in exactly one place: promised, taken out, or not covered with a reason', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const plan = soakWave({ ...input, wave: 'smoke' });
        const placed = [...plan.promises, ...plan.without, ...plan.notCovered.map(({ question }) => question)];
        const put = questions.filter((question) => placed.includes(question) || !questionsOnDemand.includes(question));
        expect(placed.toSorted()).toEqual(put.toSorted());
        expect(plan.notCovered.every(({ reason }) => reason.length > 10)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('plans a load of exactly the length asked for, dealt to shards without a rest', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const plan = soakWave({ ...input, wave: 'smoke' });
        const { load } = plan;
        expect(totalLoadMs(load)).toBe(input.duration ?? 60_000);
        expect(load.windowMs).toBeLessThanOrEqual(totalLoadMs(load));
        const firsts = load.shards.map(({ firstSlot, slots }) => ({ firstSlot, end: firstSlot + slots }));
        expect(firsts.every(({ firstSlot }, index) => firstSlot === (firsts[index - 1]?.end ?? 0))).toBe(true);
        expect(firsts.at(-1)?.end).toBe(load.usersMax);
        expect(load.usersMax).toBe(Math.max(load.virtualUsers, Math.min(2 * load.virtualUsers, plan.population.users)));
        const present = load.shards.map(({ shard }) => usersOfShard(load, shard, load.usersMax));
        expect(present).toEqual(load.shards.map(({ slots }) => slots));
      }),
      { numRuns: 50 },
    );
  });

  it('plans faults that begin and are undone while the load runs', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const plan = soakWave({ ...input, wave: 'smoke' });
        for (const fault of plan.faults) {
          expect(fault.offsetMs + fault.holdMs).toBeLessThan(totalLoadMs(plan.load));
          expect(fault.holdMs).toBeLessThan(fault.deadlineMs);
        }
        expect(plan.notCovered.some(({ question }) => question === 'faults-healed')).toBe(plan.faults.length === 0);
      }),
      { numRuns: 50 },
    );
  });

  it('says why there is no fault', () => {
    expect(reasonOf(soakWave({ wave: 'smoke', faults: 'none' }), 'faults-healed')).toBe(
      'no fault is injected, as asked',
    );
    expect(reasonOf(soakWave({ wave: 'smoke', instances: 1 }), 'faults-healed')).toContain('with one gateway instance');
    expect(reasonOf(soakWave({ wave: 'smoke', duration: 10_000 }), 'faults-healed')).toContain('15 s are needed');
  });

  it('promises checked operations only where the rarest can come often enough, and says what would do', () => {
    expect(soakWave({ wave: 'smoke' }).promises).toContain('operations-checked');
    const short = soakWave({ wave: 'smoke', duration: 20_000 });
    expect(reasonOf(short, 'operations-checked')).toMatchInlineSnapshot(
      `"the rarest operation would come about 11 times, and 20 answers are needed; a load of about 51 s with these users would do"`,
    );
    expect(reasonOf(soakWave({ wave: 'smoke', users: 2 }), 'operations-checked')).toContain('3 are needed');
    const needed = Number(/about (\d+) s with/.exec(reasonOf(short, 'operations-checked') ?? '')?.[1]);
    expect(soakWave({ wave: 'smoke', duration: needed * 1_000 }).promises).toContain('operations-checked');
  });

  it('judges net growth in long loads only, and never when growth is wanted', () => {
    expect(soakWave({ wave: 'small' }).promises).toContain('stationary');
    expect(reasonOf(soakWave({ wave: 'small', growth: true }), 'stationary')).toContain('growth is on');
    expect(reasonOf(soakWave({ wave: 'small', growth: true }), 'memory-leak')).toContain('growth is on');
  });

  it('watches for leaks in a run of minutes that was asked to, and asks what no other run is asked', () => {
    const usual = soakWave({ wave: 'smoke', duration: 240_000 });
    expect(usual.leakWatch).toBeUndefined();
    const plan = soakWave({ wave: 'smoke', duration: 240_000, leakWatch: { bytes: 600e6 } });
    expect(plan.leakWatch?.allowedPerHour).toEqual({ bytes: 600e6, count: expect.closeTo(360, 6) as number });
    for (const question of ['memory-leak', ...watchQuestions] as const) expect(plan.promises).toContain(question);
    const { promises, notCovered, leakWatch, ...rest } = plan;
    const { promises: usualPromises, notCovered: usualGaps, ...usualRest } = usual;
    expect(leakWatch).toBeDefined();
    const { stack } = usualRest;
    expect(rest).toEqual({ ...usualRest, sampleIntervalMs: 500, stack: { ...stack, collectEveryMs: 3_000 } });
    const long = soakWave({ wave: 'smoke', duration: 3_600_000, leakWatch: { bytes: 600e6 } });
    expect([long.sampleIntervalMs, long.stack.collectEveryMs]).toEqual([1_000, undefined]);
    expect(promises.length + notCovered.length).toBe(usualPromises.length + usualGaps.length + watchQuestions.length);
  });

  it('has a defect in its stack that was to be planted, and says so first of all', () => {
    const plan = soakWave({ wave: 'smoke', defect: [{ name: 'lost-write', amount: 20 }] });
    expect(plan.stack.defects).toEqual([{ name: 'lost-write', amount: 20 }]);
    expect(plan.remarks[0]).toMatch(/^Planted in every gateway by intent: lost-write 20 \(/);
    expect(soakWave({ wave: 'smoke' }).stack).not.toHaveProperty('defects');
  });

  it('shrinks users, teams, tools, servers and the cap by the scale; never retention, duration or virtual users', () => {
    const { population, load, scale } = soakWave({ wave: 'medium', scale: 0.01 });
    expect({ ...population, scale, users: load.virtualUsers, loadMs: totalLoadMs(load) }).toMatchObject({
      scale: 0.01,
      teams: 5_000,
      tools: 25,
      servers: 10,
      teamMembersMax: 1_000,
      gateways: 50,
      metricsRetentionDays: 365,
      users: 500,
      loadMs: 1_800_000,
    });
    expect(population.users).toBe(1_000);
  });

  it('takes the largest data set that fits the disk when no scale is asked for, and says so', () => {
    const plan = soakWave({ wave: 'medium' }, { ...machine, diskFreeBytes: 2.5e9 });
    expect(plan.scale).toBe(0.2);
    expect(plan.needs.diskBytes).toBeLessThan(2.5e9);
    expect(plan.remarks[0]).toBe('The data set is wave medium at scale 0.2: the free disk of 2 GB holds no more.');
    const asked = soakWave({ wave: 'medium', scale: 1 }, { ...machine, diskFreeBytes: 2.5e9 });
    expect(asked.scale).toBe(1);
    expect(asked.needs.diskBytes).toBeGreaterThan(2.5e9);
  });

  it('fits caches to the memory of the machine', () => {
    const { stack, remarks } = soakWave(
      { wave: 'medium', scale: 0.01, instances: 4 },
      { ...machine, memoryBytes: 2 * 2 ** 30 },
    );
    const cached = stack.gatewayInstances * stack.l1BytesMax + stack.redisBytesMax + stack.databaseSharedBuffersBytes;
    expect(cached).toBeLessThanOrEqual(0.6 * 2 * 2 ** 30);
    expect(remarks.filter((remark) => remark.includes('instead of'))).toHaveLength(3);
  });

  it('says when the load ends before its users are there', () => {
    const plan = soakWave({ wave: 'smoke', users: 100, spawnRate: 1, duration: 30_000 });
    expect(plan.load.stages).toEqual([{ name: 'ramp', durationMs: 30_000, usersFrom: 0, usersTo: 30 }]);
    expect(plan.remarks).toContain('At 1 users a second the load ends before its 100 users are there: it reaches 30.');
  });

  it('gives FederationLoad a hundred gateways and StabilityRun two days', () => {
    const federation = planRun({ workflow: 'FederationLoad', input: { wave: 'smoke' }, machine });
    expect(federation).toMatchObject({
      stack: { mockGateways: 100 },
      population: { gateways: 100 },
      load: { mix: 'federation' },
    });
    const stability = planRun({ workflow: 'StabilityRun', input: { wave: 'smoke' }, machine });
    expect(totalLoadMs(stability.load)).toBe(48 * 3_600_000);
  });
});

describe('an open load', () => {
  it('begins iterations at one rate from its first second to its last, taken by a pool of users', () => {
    const { load, remarks } = soakWave({ wave: 'smoke', arrivalRate: 120, duration: 30_000 });
    const hold = { name: 'hold', durationMs: 30_000, usersFrom: 120, usersTo: 120 };
    expect(load.stages).toEqual([{ ...hold, ratePerSecondFrom: 120, ratePerSecondTo: 120 }]);
    expect(load).toMatchObject({ model: 'open', virtualUsers: 120, usersMax: 240 });
    expect(remarks.join()).not.toContain('pool');
  });

  it('goes from stage to stage, from nothing or from the rate that was asked for', () => {
    const stages = [
      { duration: 10_000, rate: 50 },
      { name: 'soak', duration: 20_000, rate: 50 },
    ];
    const ratesOf = (input: Parameters<typeof soakWave>[0]) =>
      soakWave({ wave: 'smoke', ...input }).load.stages.map(({ name, ratePerSecondFrom, ratePerSecondTo }) => {
        return [name, ratePerSecondFrom, ratePerSecondTo];
      });
    expect(ratesOf({ stages })).toEqual([['ramp', 0, 50], ['soak', 50, 50]]); // prettier-ignore
    expect(ratesOf({ stages, arrivalRate: 50 })).toEqual([['hold', 50, 50], ['soak', 50, 50]]); // prettier-ignore
    expect(totalLoadMs(soakWave({ wave: 'smoke', stages }).load)).toBe(30_000);
  });

  it('has as many users as were asked for, or as are seeded, and says when that is less than it wants', () => {
    expect(soakWave({ wave: 'smoke', arrivalRate: 500, users: 40 }).load.virtualUsers).toBe(40);
    const cut = soakWave({ wave: 'smoke', arrivalRate: 5_000 });
    expect(cut.load).toMatchObject({ virtualUsers: 1_000, usersMax: 1_000 });
    expect(cut.remarks).toContain(
      'The pool has 1000 virtual users where the rate asks for 5000: there are no more seeded users to be.',
    );
  });

  it('promises what its rate brings, whoever takes it', () => {
    const rare = soakWave({ wave: 'smoke', arrivalRate: 1 });
    expect(reasonOf(rare, 'operations-checked')).toMatch(/about 1 times, .* 1341 s at this rate would do/);
    expect(soakWave({ wave: 'smoke', arrivalRate: 50, users: 2 }).promises).toContain('operations-checked');
    expect(reasonOf(soakWave({ wave: 'small', arrivalRate: 1, users: 100 }), 'stationary')).toContain('800 min');
    expect(soakWave({ wave: 'small', arrivalRate: 100 }).promises).toContain('stationary');
  });
});

describe('a closed load', () => {
  it('is shaped by stages, at the rate that they want their users', () => {
    const stages = [
      { duration: 1_000, users: 80 },
      { duration: 20_000, users: 20 },
    ];
    const { load } = soakWave({ wave: 'smoke', stages });
    expect(load).toMatchObject({ model: 'closed', virtualUsers: 80, spawnRatePerSecond: 80 });
    expect(load.stages).toEqual([
      { name: 'ramp', durationMs: 1_000, usersFrom: 0, usersTo: 80 },
      { name: 'ramp', durationMs: 20_000, usersFrom: 80, usersTo: 20 },
    ]);
  });

  it('says nothing of models and pacing that it does not have, so that its hash stays what it was', () => {
    expect(Object.keys(soakWave({ wave: 'smoke' }).load)).not.toContain('pacingMs');
    expect(soakWave({ wave: 'smoke', connections: 5 }).load).toMatchObject({ connections: 5 });
    expect(Object.keys(soakWave({ wave: 'smoke' }).load)).not.toContain('connections');
    expect(soakWave({ wave: 'smoke', pacing: 2_000 }).load).toMatchObject({ model: 'closed', pacingMs: 2_000 });
    expect(JSON.stringify(soakWave({ wave: 'smoke' }).load.stages)).not.toContain('rate');
  });
});

describe('summarisePlan', () => {
  it('is small enough to travel', () => {
    const summary = summarisePlan(soakWave({ wave: 'small', users: 1_000, shards: 64 }), 'a'.repeat(64));
    expect(JSON.stringify(summary).length).toBeLessThan(4_096);
    expect(summary).toMatchObject({ shards: 64, loadMs: 900_000, seedActivities: 2 });
  });
});

describe('objectivesBind', () => {
  it('judges the baselines on a large machine with the generator apart only', () => {
    const memoryBytes = 128 * 2 ** 30;
    expect(objectivesBind({ cores: 16, memoryBytes }, 'apart')).toBe(true);
    expect(objectivesBind({ cores: 15, memoryBytes }, 'apart')).toBe(false);
    expect(objectivesBind({ cores: 16, memoryBytes: memoryBytes / 2 }, 'apart')).toBe(false);
    expect(objectivesBind({ cores: 64, memoryBytes }, 'co-located')).toBe(false);
  });
});
