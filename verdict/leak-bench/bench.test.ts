import { describe, expect, it } from 'vitest';
import { families } from './families.ts';
import { rateOf } from './rate.ts';
import { summariseBench } from './report.ts';
import { trySeries } from './trial.ts';
import { tryRun } from './whole-run.ts';

describe('the bench of the leak verdict', () => {
  it('calls no healthy whole run of an hour a leak, of twenty', () => {
    const runs = Array.from({ length: 20 }, (_, number) => tryRun({ hours: 1, number, seed: 2 }));
    expect(runs.filter(({ alarms }) => alarms > 0)).toEqual([]);
  }, 120_000);

  it('makes the same trial of the same numbers', () => {
    const [family] = families;
    if (family === undefined) throw new Error('there are no families');
    const at = { hours: 1, number: 3, seed: 5 };
    expect(trySeries(family, at)).toEqual(trySeries(family, at));
  });

  it('counts outcomes, intervals and the alarms of others by family and length', () => {
    const trial = { family: 'flat', hours: 4, alarms: [] };
    const figures = summariseBench(
      [
        { ...trial, number: 0, outcome: 'pass', isCovered: true, needHours: 6 },
        { ...trial, number: 1, outcome: 'fail', isCovered: false, needHours: 8, alarms: ['least squares'] },
        { ...trial, number: 0, hours: 1, outcome: 'inconclusive' },
      ],
      [
        { hours: 4, number: 0, alarms: 0, passed: 100 },
        { hours: 4, number: 1, alarms: 2, passed: 60 },
        { truth: 'leak', hours: 24, number: 0, alarms: 0, passed: 0, isFound: true, endedAfterHours: 20 },
        { truth: 'leak', hours: 24, number: 1, alarms: 0, passed: 0, isFound: false },
      ],
    );
    expect(figures.families.map(({ hours }) => hours)).toEqual([1, 4]);
    expect(figures.families[1]).toMatchObject({
      family: 'flat',
      outcomes: { pass: 1, inconclusive: 0, fail: 1 },
      called: { count: 1, of: 2 },
      coverage: { count: 1, of: 2 },
      needHours: 8,
      peerAlarms: { 'least squares': 1, 'Mann–Kendall': 0 },
    });
    expect(figures.runs).toMatchObject([
      { truth: 'healthy', hours: 4, alarmed: { count: 1, of: 2 }, passed: { count: 160, of: 320 } },
      { truth: 'leak', hours: 24, found: { count: 1, of: 2 }, endedEarly: { count: 1, of: 2 }, endedAfterHours: 20 },
    ]);
  });

  it('tells how far a share may be from the truth', () => {
    // Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263.
    expect(rateOf(81, 263).low).toBeCloseTo(0.2553, 4);
    expect(rateOf(81, 263).high).toBeCloseTo(0.3662, 4);
    expect(rateOf(0, 0)).toMatchObject({ low: 0, high: 1 });
  });
});
