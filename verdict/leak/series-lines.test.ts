import { describe, expect, it } from 'vitest';
import { createSeriesReader } from './series-lines.ts';

function read(...lines: (string | object)[]) {
  const reader = createSeriesReader();
  for (const line of lines) reader.line(typeof line === 'string' ? line : JSON.stringify(line));
  return reader.end();
}
const sample = (at: number, value: unknown, rest: object = {}) => ({
  series: 'rss',
  incarnation: 'gw1#1',
  at,
  value,
  ...rest,
});

describe('a file of bare series', () => {
  it('is read in any order, with what is to be left out', () => {
    const cut = { from: 5, to: 9, why: 'fault' };
    const { series, cut: found, problems } = read(sample(20, 2), '', { exclude: cut }, sample(10, 1), sample(15, null));
    expect(problems).toEqual([]);
    expect(found).toEqual([cut]);
    expect(series).toEqual([
      {
        series: 'rss',
        incarnation: 'gw1#1',
        unit: 'bytes',
        moments: [
          { at: 10, value: 1 },
          { at: 20, value: 2 },
        ],
      },
    ]);
  });

  it('tells incarnations and series apart, each in its unit', () => {
    const { series } = read(
      sample(1, 1),
      sample(1, 1, { incarnation: 'gw1#2' }),
      sample(1, 7, { series: 'fds', unit: 'count' }),
    );
    expect(series.map(({ series: name, incarnation, unit }) => `${name} ${incarnation} ${unit}`)).toEqual([
      'rss gw1#1 bytes',
      'rss gw1#2 bytes',
      'fds gw1#1 count',
    ]);
  });

  it.each([
    ['not JSON', 'nonsense', 'line 1: not a JSON object'],
    ['NaN', '{"series":"rss","incarnation":"a","at":1,"value":NaN}', 'line 1: not a JSON object (NaN'],
    ['a list', [], 'line 1: not a JSON object'],
    ['a value in words', sample(1, 'many'), 'value must be a number'],
    ['a negative value', sample(1, -1), 'value must be a number that is not negative'],
    ['no time', sample(Number.NaN, 1), 'at must be milliseconds'],
    ['a time beyond all dates', sample(1e300, 1), 'at must be milliseconds'],
    ['another unit', sample(1, 1, { unit: 'MB' }), 'unit must be'],
    ['a cut that ends before it begins', { exclude: { from: 2, to: 1 } }, 'exclude needs from and to'],
  ])('refuses %s', (_, line, problem) => {
    expect(read(line).problems.join()).toContain(problem);
  });

  it('refuses one series in two units, and no series at all', () => {
    const mixed = read(sample(1, 1, { unit: 'bytes' }), sample(2, 1, { unit: 'count' }));
    expect(mixed.problems).toEqual(['line 2: rss of gw1#1 is in bytes elsewhere, and in count here']);
    expect(read().problems).toEqual(['there is no sample in it']);
  });

  it('refuses a clock that jumps by years, and takes a gap of a day', () => {
    const minute = 60_000;
    const hour = Array.from({ length: 60 }, (_, index) => sample(1.7e12 + index * minute, 1));
    expect(read(sample(5, 1), ...hour).problems.join()).toMatch(/the clock: 1 of its 61 samples are 196\d\d days away/);
    const later = hour.map((each) => ({ ...each, at: each.at + 86_400_000 }));
    expect(read(...hour, ...later).problems).toEqual([]);
  });

  it('names at most twenty lines, and counts the others', () => {
    const { problems } = read(...Array.from({ length: 50 }, () => 'x'));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toBe('and 30 more lines');
  });
});
