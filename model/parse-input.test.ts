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
    ['AllWaves', { waves: ['small', 'small'] }, ['waves: each wave at most once, given were small, small']],
    [
      'SoakWave',
      { wave: 'smoke', scenario: './a.ts', k6: './b.js', mix: 'federation' },
      ['scenario and k6: one file drives the load; give one of them'],
    ],
    [
      'SoakWave',
      { wave: 'smoke', locustfile: './a.py', mix: 'federation', shards: 2 },
      [
        'mix: with locustfile there is no mix; give one of them',
        'shards: Locust drives from one process; leave it out',
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
  ])('%s %j is refused, and says what is wrong', (workflow, input, problems) => {
    expect(problemsOf(workflow, input)).toEqual(problems);
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
