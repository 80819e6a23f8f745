import { describe, expect, it } from 'vitest';
import { listWaveInputs, parseInput } from './parse-input.ts';
import type { WorkflowName } from './plan.ts';

const problemsOf = (workflow: WorkflowName, input: unknown): string[] => {
  const parsed = parseInput(workflow, input);
  return parsed.ok ? [] : parsed.problems;
};

describe('parseInput', () => {
  it('accepts what the README tells everybody to type', () => {
    expect(parseInput('SoakWave', { wave: 'small' })).toEqual({ ok: true, value: { wave: 'small' } });
    expect(parseInput('SoakWave', { wave: 'small', duration: '90s' })).toMatchObject({ value: { duration: 90_000 } });
    expect(parseInput('StabilityRun', {})).toEqual({ ok: true, value: {} });
    expect(parseInput('AllWaves', { waves: ['smoke', 'small'] })).toMatchObject({ ok: true });
    expect(parseInput('FederationLoad', { wave: 'smoke', users: 5 })).toMatchObject({ ok: true });
  });

  const waves = 'smoke, small, medium, large, enterprise';
  it.each<[WorkflowName, unknown, string[]]>([
    ['SoakWave', undefined, ['SoakWave takes one JSON object, such as {"wave":"small"}; none was given']],
    ['SoakWave', null, ['SoakWave takes one JSON object, such as {"wave":"small"}; given was null']],
    ['SoakWave', 'small', ['SoakWave takes one JSON object, such as {"wave":"small"}; given was a string']],
    ['AllWaves', [{}], ['AllWaves takes one JSON object, such as {} or {"waves":["smoke","small"]}; given was a list']],
    ['SoakWave', {}, [`wave is missing; allowed are ${waves}`]],
    ['SoakWave', { wave: 'huge' }, [`wave: given "huge"; allowed are ${waves}`]],
    ['SoakWave', { wave: 'enterprize' }, [`wave: given "enterprize"; allowed are ${waves}; did you mean enterprise?`]],
    ['SoakWave', { wave: 5 }, [`wave: given 5; allowed are ${waves}`]],
    ['SoakWave', { wave: 'small', users: -1 }, ['users: given -1; it must be at least 1']],
    ['SoakWave', { wave: 'small', users: '10' }, ['users: given "10"; it must be a number']],
    ['SoakWave', { wave: 'small', users: 2.5 }, ['users: given 2.5; it must be a whole number']],
    ['SoakWave', { wave: 'small', scale: 0 }, ['scale: given 0; it must be more than 0']],
    ['SoakWave', { wave: 'small', scale: 2 }, ['scale: given 2; it must be at most 1']],
    ['SoakWave', { wave: 'small', growth: 'yes' }, ['growth: given "yes"; it must be true or false']],
    [
      'SoakWave',
      { wave: 'small', duration: '-5m' },
      ['duration: given "-5m"; a duration is a number and a unit: 30s, 15m, 48h'],
    ],
    [
      'SoakWave',
      { wave: 'small', duration: 60 },
      ['duration: given 60; a duration is text, a number and a unit: "30s", "15m", "48h"'],
    ],
    [
      'SoakWave',
      { wave: 'small', durration: '5m' },
      [`"durration" is not a key of SoakWave's input; did you mean duration?`],
    ],
    [
      'FederationLoad',
      { without: ['error-rat'] },
      [expect.stringMatching(/^without\[0\]: given "error-rat"; .* did you mean error-rate\?$/) as string],
    ],
    [
      'SoakWave',
      { wave: 'small', weights: { writer: 0, 'power-user': 0 } },
      ['weights: given {"writer":0,"power-user":0}; at least one class needs a weight above 0'],
    ],
    [
      'SoakWave',
      { wave: 'small', weights: { writer: -1, 'tenant-user': 1 } },
      ['weights[writer]: given -1; it must be at least 0'],
    ],
    [
      'SoakWave',
      { wave: 'small', weights: { writter: 1, writer: 1 } },
      [
        'weights: "writter" is not known; allowed are enterprise-user, power-user, cache-stress, federation-user, tenant-user, writer; did you mean writer?',
      ],
    ],
    [
      'SoakWave',
      { wave: 'small', mix: 'federation', weights: { writer: 1 } },
      ['weights: they are a mix of their own; leave out mix, or the weights'],
    ],
    ['AllWaves', { waves: ['small', 'small'] }, ['waves: each wave at most once, given were small, small']],
    [
      'SoakWave',
      { wave: 'smoke', scenario: './a.ts', k6: './b.js', mix: 'federation' },
      [
        'scenario and k6: one file drives the load; give one of them',
        'mix: with scenario there is no mix; give one of them',
      ],
    ],
    [
      'SoakWave',
      { wave: 'smoke', locustfile: './a.py', mix: 'federation', shards: 2 },
      [
        'mix: with locustfile there is no mix; give one of them',
        'shards: Locust drives from one process; leave it out',
      ],
    ],
    [
      'SoakWave',
      { wave: 'smoke', locustfile: './a.py', arrivalRate: 10, pacing: '1s', connections: 5, weights: { writer: 1 } },
      [
        expect.stringContaining('pacing: it paces each user of the closed model') as string,
        'weights: with locustfile there is no mix; give one of them',
        'arrivalRate: Locust is told of users and not of iterations a second; leave it out',
        'pacing: users of Locust pause as their own file says; leave it out',
        'connections: Locust opens its own; leave it out',
      ],
    ],
    [
      'StabilityRun',
      { k6: './a.js', stages: '30s@5/s', users: 5 },
      ['stages: k6 is told of users and not of iterations a second; give stages in users'],
    ],
    [
      'SoakWave',
      { wave: 'smoke', scenario: './a.ts', capacity: true },
      [
        'capacity: a search holds each rate to the local reads of a mix, which the file of scenario need not send; give one of them',
      ],
    ],
    ['SoakWave', { wave: 'smoke', k6: '' }, ['k6: given ""; it must be at least 1']],
    [
      'FederationLoad',
      { scenario: './a.ts' },
      [expect.stringContaining(`"scenario" is not a key of FederationLoad's input`) as string],
    ],
    ['AllWaves', { waves: [] }, ['waves: given []; it must be at least 1 item']],
    ['AllWaves', { from: 'medium' }, ['from and previous go together: which earlier run has the waves before medium?']],
    ['AllWaves', { previous: 'x' }, ['from and previous go together: from which wave on is to be run again?']],
    [
      'AllWaves',
      { from: 'smoke', previous: 'x', waves: ['small', 'medium'] },
      ['from: smoke is none of the waves of this run, which are small, medium'],
    ],
    [
      'SoakWave',
      { wave: 'small', scale: 0.005 },
      [
        'users: 100 virtual users need as many seeded ones, and wave small has 50 at scale 0.005; use fewer users or a larger scale',
      ],
    ],
    ['SoakWave', { wave: 'smoke', shards: 21 }, ['shards: 21 engines cannot share 20 virtual users; use at most 20']],
    [
      'SoakWave',
      { wave: 'smoke', duration: '30s', window: '1m' },
      ['window: a window is no longer than the load, and 60 s is longer than 30 s'],
    ],
    [
      'SoakWave',
      { wave: 'smoke', arrivalRate: 10, pacing: '1s' },
      [
        'pacing: it paces each user of the closed model, and with arrivalRate iterations begin at a rate of all users together; use one of the two',
      ],
    ],
    [
      'SoakWave',
      { wave: 'smoke', arrivalRate: 10, spawnRate: 5 },
      [
        'spawnRate: users of the closed model come at it, and with arrivalRate all of them are there from the start; leave it out',
      ],
    ],
    [
      'SoakWave',
      { wave: 'smoke', arrivalRate: 10_000, users: 5 },
      [
        'arrivalRate: 10000 iterations a second need at least 10 virtual users, were each over in a millisecond, and 5 are given; use a lower rate, or about 1000 users',
      ],
    ],
    [
      'SoakWave',
      { wave: 'smoke', scale: 0.1, stages: '10s@200000/s' },
      [
        'stages: 200000 iterations a second need at least 200 virtual users, were each over in a millisecond, and wave smoke can have 100: an arrival rate that no number of users allows; use at most 100000',
      ],
    ],
    [
      'SoakWave',
      { wave: 'smoke', arrivalRate: 5, stages: '10s@5', users: 5, duration: '20s' },
      [
        'duration: the stages say how long the load is, 10 s in all; leave it out',
        'stages: these say how many users there are, and arrivalRate says that iterations begin at a rate; use stages with rates',
      ],
    ],
    [
      'SoakWave',
      { wave: 'smoke', stages: '10s@5', users: 5 },
      ['users: the stages say how many users there are; leave it out'],
    ],
    [
      'SoakWave',
      { wave: 'smoke', stages: '10s@5,1s@50', spawnRate: 20 },
      ['spawnRate: stage 2 adds 45 users a second, and 20 may come; use a larger spawnRate, or leave it out'],
    ],
    [
      'SoakWave',
      { wave: 'smoke', stages: '10s@5,10s@5/s' },
      [
        'stages: given "10s@5,10s@5/s"; each stage has users, or each stage has a rate: a load is closed or open, not both',
      ],
    ],
    ['SoakWave', { wave: 'smoke', stages: [] }, ['stages: given []; there is at least one stage']],
    [
      'SoakWave',
      { wave: 'smoke', stages: '10s@0/s' },
      ['stages: given "10s@0/s"; some stage has load: all of these are at nothing'],
    ],
    [
      'SoakWave',
      { wave: 'smoke', stages: [{ duration: '10', users: 5 }] },
      ['stages[0][duration]: given "10"; a duration is a number and a unit: 30s, 15m, 48h'],
    ],
    [
      'SoakWave',
      { wave: 'smoke', stages: '30@5' },
      ['stages: given "30@5"; a duration is a number and a unit: 30s, 15m, 48h'],
    ],
    [
      'SoakWave',
      { wave: 'smoke', stages: 5 },
      [expect.stringMatching(/^stages: given 5; stages are text such as /) as string],
    ],
    ['SoakWave', { wave: 'smoke', arrivalRate: 0 }, ['arrivalRate: given 0; it must be more than 0']],
    [
      'SoakWave',
      { wave: 'smoke', stages: '20s@5/s', window: '30s' },
      ['window: a window is no longer than the load, and 30 s is longer than 20 s'],
    ],
  ])('%s %j is refused, and says what is wrong', (workflow, input, problems) => {
    expect(problemsOf(workflow, input)).toEqual(problems);
  });

  it('takes a scenario with either model, and tells tools of users', () => {
    const scenario = './a.ts';
    for (const input of [
      { scenario, arrivalRate: 10 },
      { scenario, stages: '30s@5/s' },
      { scenario, pacing: '1s', connections: 5, shards: 2 },
      { locustfile: './a.py', stages: '30s@5,30s@2' },
      { k6: './a.js', users: 5, spawnRate: 1 },
    ]) {
      expect(parseInput('SoakWave', { wave: 'smoke', ...input }).ok).toBe(true);
    }
  });

  it('takes stages as text or as a list', () => {
    const stages = [
      { duration: 30_000, rate: 50 },
      { duration: 120_000, rate: 200.5 },
    ];
    expect(parseInput('SoakWave', { wave: 'smoke', stages: '30s@50/s, 2m@200.5/s' })).toMatchObject({
      value: { stages },
    });
    const list = [{ name: 'up', duration: '30s', users: 50 }];
    expect(parseInput('SoakWave', { wave: 'smoke', stages: list })).toMatchObject({
      value: { stages: [{ name: 'up', duration: 30_000, users: 50 }] },
    });
  });

  it('takes defects and slopes as text, and refuses a watch for leaks that is too short for it', () => {
    const value = { wave: 'smoke', duration: '180s', defect: 'lost-write=5', leakWatch: '600MB/h,120/h' };
    expect(parseInput('SoakWave', value)).toMatchObject({
      ok: true,
      value: { defect: [{ name: 'lost-write', amount: 5 }], leakWatch: { bytes: 600e6, count: 120 } },
    });
    const problemsOf = (input: object): string =>
      JSON.stringify(parseInput('SoakWave', { wave: 'smoke', ...input }, (key) => `--${key}`));
    expect(problemsOf({ leakWatch: '1MB/h' })).toContain(
      '--leakWatch: leaks can be judged in a load of 150 s and more',
    );
    expect(problemsOf({ leakWatch: 'a lot', duration: '1h' })).toContain('a slope is e.g. 0.1MB/h');
    expect(problemsOf({ leakWatch: '1MB/h', duration: '1h', capacity: true })).toContain('changes its load');
    expect(problemsOf({ defect: 'lost-wirte' })).toContain('with NAME one of');
    expect(parseInput('StabilityRun', { leakWatch: '1MB/h' }).ok).toBe(true);
  });

  it('lists several problems at once, those between keys among them', () => {
    const input = { wave: 'smoke', users: 2_000, duration: '0s', spawnRte: 5, seed: -1 };
    expect(problemsOf('SoakWave', input)).toEqual([
      'duration: given "0s"; a duration is more than nothing',
      'seed: given -1; it must be at least 0',
      `"spawnRte" is not a key of SoakWave's input; did you mean spawnRate?`,
      'users: 2000 virtual users need as many seeded ones, and wave smoke has 1000; use fewer users or a larger scale',
    ]);
  });

  it('quotes no more than a line of what was given, and stops at 50 problems', () => {
    const long = problemsOf('SoakWave', { wave: 'x'.repeat(10_000) });
    expect(long.join().length).toBeLessThan(200);
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`key${index}`, 1]));
    expect(problemsOf('SoakWave', many)).toHaveLength(50);
  });
});

describe('listWaveInputs', () => {
  it('gives each wave the rest of the input, in order', () => {
    expect(listWaveInputs({ waves: ['smoke', 'small'], duration: '2m' })).toEqual([
      { wave: 'smoke', input: { wave: 'smoke', duration: '2m' } },
      { wave: 'small', input: { wave: 'small', duration: '2m' } },
    ]);
  });

  it('is small to enterprise when no waves are named', () => {
    expect(listWaveInputs({}).map(({ wave }) => wave)).toEqual(['small', 'medium', 'large', 'enterprise']);
  });
});

describe('listWaveInputs', () => {
  it('gives each wave what all share, and nothing of what steers the cycle', () => {
    const input = { waves: ['smoke', 'small'], users: 10, from: 'small', previous: 'soak/all-waves/1' };
    expect(listWaveInputs(input)).toEqual([
      { wave: 'smoke', input: { users: 10, wave: 'smoke' } },
      { wave: 'small', input: { users: 10, wave: 'small' } },
    ]);
  });
});
