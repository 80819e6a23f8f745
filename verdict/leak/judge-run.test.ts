import { describe, expect, it } from 'vitest';
import { families, generate } from '../leak-bench/families.ts';
import { judgeLeaks, type NamedSeries } from './judge-run.ts';

const limits = { allowedPerHour: 0.1e6, settlesWithinHours: 8 };
const hourMs = 3_600_000;

function livesOf(name: string, hours: number, seed = 7): NamedSeries[] {
  const family = families.find((each) => each.name === name);
  if (family === undefined) throw new Error(`there is no family ${name}`);
  return generate(family, { hours, samples: 4_000, seed }).map((life, index) => ({
    ...{ series: 'rss', incarnation: `${name}#${index + 1}`, limits, ...life },
  }));
}

/** Of a family whose process lives once. */
function seriesOf(name: string, hours: number, seed?: number): NamedSeries {
  const [only, ...others] = livesOf(name, hours, seed);
  if (only === undefined || others.length > 0) throw new Error(`${name} is not of one life`);
  return only;
}

const bare = (moments: NamedSeries['moments'], unitLimits = limits): NamedSeries => ({
  ...{ series: 'rss', incarnation: 'one', limits: unitLimits, moments, cut: [] },
});

const everyMinute = (hours: number, value: (hour: number) => number): NamedSeries['moments'] =>
  Array.from({ length: hours * 60 }, (_, minute) => ({ at: minute * 60_000, value: value(minute / 60) }));

describe('a day of memory', () => {
  it.each(families.filter(({ truth }) => truth === 'leak').map(({ name }) => name))('fails: %s', (name) => {
    expect(judgeLeaks(livesOf(name, 24))).toMatchObject([{ outcome: 'fail' }]);
  });

  it.each(families.filter(({ truth }) => truth === 'healthy').map(({ name }) => name))('does not fail: %s', (name) => {
    for (const seed of [1, 2, 3]) expect(judgeLeaks(livesOf(name, 24, seed))[0]?.outcome).not.toBe('fail');
  });

  it.each(['flat', 'saw-tooth of 5 min', 'saw-tooth of 45 min', 'plateau after 1.5 h', 'a step after a fault'])(
    'passes: %s',
    (name) => {
      expect(judgeLeaks(livesOf(name, 24))).toMatchObject([{ outcome: 'pass', reasons: [] }]);
    },
  );

  it('has the slope between its bounds, and the warm-up before it', () => {
    const [judged] = judgeLeaks([seriesOf('leak of 0.5 MB/h', 24)]);
    if (judged === undefined || !('low' in judged)) throw new Error('it was not judged');
    expect(judged.low).toBeLessThan(0.5e6);
    expect(judged.high).toBeGreaterThan(0.5e6);
    expect(judged.slopePerHour).toBeCloseTo(0.5e6, -5);
    expect(judged.warmUpEnds).toBeGreaterThan(0.5 * hourMs);
    expect(judged.detectablePerHour).toBeLessThan(0.5e6);
  });
});

describe('a run that is too short', () => {
  it('is inconclusive, and says how long it would take', () => {
    const [judged] = judgeLeaks([seriesOf('leak of 0.5 MB/h', 4)]);
    if (judged === undefined || !('needHours' in judged)) throw new Error('it was not judged');
    expect(judged.outcome).toBe('inconclusive');
    expect(judged.needHours).toBeGreaterThan(6);
    expect(judged.needHours).toBeLessThan(24);
  });

  it.each([0, 1, 2, 20])('of %i samples is inconclusive', (count) => {
    const moments = everyMinute(1, () => 1).slice(0, count);
    expect(judgeLeaks([bare(moments)])).toMatchObject([{ outcome: 'inconclusive', reasons: ['too-short'] }]);
  });
});

describe('many series of one run', () => {
  it('are held to a higher bar together than each alone', () => {
    const leak = seriesOf('leak of 0.5 MB/h', 24);
    const [alone] = judgeLeaks([leak]);
    const [among] = judgeLeaks([leak, ...Array.from({ length: 40 }, (_, seed) => seriesOf('flat', 24, seed))]);
    if (alone === undefined || among === undefined || !('low' in alone) || !('low' in among))
      throw new Error('they were not judged');
    expect(among.outcome).toBe('fail');
    expect(among.low).toBeLessThan(alone.low);
  });

  it('are judged in the order in which they came', () => {
    const all = [seriesOf('flat', 24), seriesOf('late leak', 24), bare([])];
    expect(judgeLeaks(all).map(({ incarnation }) => incarnation)).toEqual(all.map(({ incarnation }) => incarnation));
  });
});

describe('a process that is started again', () => {
  /** Lives of so many hours, each with its own warm-up; bytes an hour on top. */
  const livesOf = (count: number, perHour: number, hours = 10): NamedSeries[] =>
    Array.from({ length: count }, (_, life) => {
      const { moments, ...rest } = seriesOf('saw-tooth of 5 min', hours, 40 + life);
      const risen = moments.map(({ at, value }) => ({
        at: at + life * (hours + 1) * hourMs,
        value: value + (perHour * at) / hourMs,
      }));
      return { ...rest, incarnation: `gw1#${life + 1}`, moments: risen };
    });

  it('is one question, with the outcome of all its lives beside the slope of each', () => {
    const judged = judgeLeaks(livesOf(4, 0));
    expect(judged.map(({ outcome }) => outcome)).toEqual(['pass', 'pass', 'pass', 'pass']);
    expect(new Set(judged.map((each) => ('slopePerHour' in each ? each.slopePerHour : 0))).size).toBe(4);
    expect(judged[0]?.reasons).toEqual(['with-other-lives']);
  });

  it('is known better by all of its lives than by one', () => {
    expect(judgeLeaks(livesOf(1, 0, 4))).toMatchObject([{ outcome: 'inconclusive' }]);
    expect(judgeLeaks(livesOf(8, 0, 4))[0]?.outcome).toBe('pass');
  });

  it('fails where each life leaks', () => {
    for (const { outcome } of judgeLeaks(livesOf(4, 1e6))) expect(outcome).toBe('fail');
  });

  it('is judged by its long lives where one was short', () => {
    const [first, ...others] = livesOf(4, 0);
    if (first === undefined) throw new Error('there are no lives');
    const judged = judgeLeaks([{ ...first, moments: first.moments.slice(0, 5) }, ...others]);
    expect(judged[0]).toEqual({ series: 'rss', incarnation: 'gw1#1', outcome: 'pass', reasons: ['with-other-lives'] });
  });
});

describe('odd series', () => {
  it('pass where nothing ever moves', () => {
    expect(judgeLeaks([bare(everyMinute(24, () => 30))])).toMatchObject([{ outcome: 'pass', slopePerHour: 0 }]);
  });

  it('of whole numbers are judged like any others', () => {
    const counts = { allowedPerHour: 1, settlesWithinHours: 8 };
    const leaking = everyMinute(24, (hour) => 40 + Math.floor(5 * hour));
    expect(judgeLeaks([bare(leaking, counts)])).toMatchObject([{ outcome: 'fail' }]);
    const wobbling = everyMinute(24, (hour) => 40 + (Math.floor(hour * 60 * 7.3) % 3));
    expect(judgeLeaks([bare(wobbling, counts)])).toMatchObject([{ outcome: 'pass' }]);
  });

  it('with a gap of hours keep their slope', () => {
    const { moments, ...rest } = seriesOf('leak of 0.5 MB/h', 24);
    const gapped = moments.filter(({ at }) => at < 9 * hourMs || at > 14 * hourMs);
    expect(judgeLeaks([{ ...rest, moments: gapped }])).toMatchObject([{ outcome: 'fail' }]);
  });

  it('of a million samples are judged', () => {
    const moments = Array.from({ length: 1_000_000 }, (_, index) => ({ at: index * 86, value: 1e8 + (index % 977) }));
    expect(judgeLeaks([bare(moments)])).toMatchObject([{ outcome: 'pass' }]);
  }, 20_000);

  it('that would take years to matter do not fail', () => {
    const slow = everyMinute(48, (hour) => 40e9 + 0.5e6 * hour);
    expect(judgeLeaks([bare(slow)])).toMatchObject([{ outcome: 'inconclusive', reasons: ['slope-not-below-allowed', 'rise-is-recent', 'not-material'] }]); // prettier-ignore
  });
});
