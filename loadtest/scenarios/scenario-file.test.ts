import { describe, expect, it } from 'vitest';
import { ScenarioOutline } from '#model/load-driver.ts';
import type { Scenario } from '../scenario.ts';
import { parseScenario } from './scenario-file.ts';

const run = (): void => undefined;
const task = { weight: 1, run };
const browser = { name: 'browser', weight: 1, tasks: { list: task } };

function problemsOf(exported: unknown): string[] {
  const read = parseScenario(exported);
  return read.ok ? [] : read.problems;
}

describe('a scenario', () => {
  it('is taken with defaults, without what has no weight', () => {
    const full = {
      classes: [
        {
          ...browser,
          weight: 3,
          thinkTimeMs: [100, 200],
          tasks: { list: { weight: 2, run }, never: { weight: 0, run } },
        },
        { ...browser, name: 'absent', weight: 0 },
      ],
    } satisfies Scenario;
    const read = parseScenario(full);
    expect(read).toMatchObject({
      ok: true,
      scenario: {
        iterationMsMax: 60_000,
        outline: {
          classes: [{ name: 'browser', weight: 3, thinkTimeMs: [100, 200], tasks: { list: 2 } }],
          operations: [],
          requests: 'any',
        },
      },
    });
    if (read.ok) expect(ScenarioOutline.parse(read.scenario.outline)).toEqual(read.scenario.outline);
  });

  it.each<[string, unknown, string[]]>([
    ['exports nothing', undefined, ['it has no default export; a scenario is `export default { classes: [ … ] }`']],
    ['exports a function', run, ['its default export is a function; a scenario is an object with `classes`']],
    ['exports a list', [browser], ['its default export is a list; a scenario is an object with `classes`']],
    ['has no classes', {}, ['classes: it is missing; it must be a list']],
    ['has an empty list of classes', { classes: [] }, ['classes: given is an empty list; there must be at least one']],
    [
      'has class weights that sum to zero',
      { classes: [{ ...browser, weight: 0 }] },
      ['classes: the weights sum to 0, so nobody would be of any class'],
    ],
    [
      'has task weights that sum to zero',
      { classes: [{ ...browser, tasks: { list: { weight: 0, run } } }] },
      ['classes[0] (browser): the weights of its tasks sum to 0, so it would never do anything'],
    ],
    [
      'has a class without tasks',
      { classes: [{ ...browser, tasks: {} }] },
      ['classes[0] (browser): there are no tasks'],
    ],
    ['names a class twice', { classes: [browser, browser] }, ['classes: two are called browser']],
    ['names an operation twice', { classes: [browser], operations: ['a', 'a'] }, ['operations: a is named twice']],
    [
      'has a task that is no function',
      { classes: [{ ...browser, tasks: { list: { weight: 1, run: 'GET /' } } }] },
      ['classes[0] (browser): tasks.list.run: given is "GET /"; it must be a function'],
    ],
    [
      'has a task without a function',
      { classes: [{ ...browser, tasks: { list: { weight: 1 } } }] },
      ['classes[0] (browser): tasks.list.run: it is missing; it must be a function'],
    ],
    [
      'thinks backwards',
      { classes: [{ ...browser, thinkTimeMs: [500, 100] }] },
      ['classes[0] (browser): thinkTimeMs is [shortest, longest], and 500 is more than 100'],
    ],
    [
      'thinks one number',
      { classes: [{ ...browser, thinkTimeMs: 500 }] },
      ['classes[0] (browser): thinkTimeMs: given is 500; it must be a pair [shortest, longest]'],
    ],
    [
      'has weights that are no whole numbers',
      {
        classes: [
          { ...browser, weight: 0.5 },
          { ...browser, name: 'b', weight: -1 },
        ],
      },
      [
        'classes[0] (browser): weight: given is 0.5; it must be a whole number',
        'classes[1] (b): weight: given is -1; it must be at least 0',
      ],
    ],
    [
      'has keys that there are not',
      { classes: [{ ...browser, thinkTime: [1, 2] }], clases: [] },
      [
        'classes[0]: "thinkTime" is not a key; did you mean thinkTimeMs?',
        '"clases" is not a key; did you mean classes?',
      ],
    ],
    [
      'wants requests of a kind that there is not',
      { classes: [browser], requests: 'read' },
      ['requests: given is "read"; allowed are any, reads, none'],
    ],
  ])('that %s is refused', (_, exported, problems) => {
    expect(problemsOf(exported)).toEqual(problems);
  });

  it('is refused with everything that is wrong with it at once', () => {
    const wrong = { classes: [{ name: 'a b', weight: 'much', tasks: { list: task } }], iterationMsMax: 5 };
    expect(problemsOf(wrong)).toHaveLength(3);
  });
});
