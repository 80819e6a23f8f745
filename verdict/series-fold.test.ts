import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SampleRecord } from '#model/evidence.ts';
import { createSeriesFold, pointMs } from './series-fold.ts';

const load = { from: 100_000, to: 200_000 };
const pauses = [
  { from: 120_000, to: 130_000 },
  { from: 150_000, to: 151_000 },
];
const bounds = { load, pauses, intervalMs: 1_000 };

/** What the fold promises, said the long way. */
function figuresOf(metric: string, told: readonly { at: number; value: number }[]) {
  // Of two values at one moment the larger counts.
  const all = [...told].sort((one, other) => one.at - other.at || one.value - other.value);
  const isPaused = (at: number): boolean => pauses.some(({ from, to }) => at >= from && at < to);
  const inLoad = all.filter(({ at }) => at >= load.from && at < load.to && !isPaused(at));
  const before = all.filter(({ at }) => at < load.from).at(-1);
  const values = inLoad.map(({ value }) => value);
  const grown = [0, 1, 2].flatMap((stretch) => {
    const own = inLoad.filter(({ at }) => pauses.filter(({ to }) => to <= at).length === stretch);
    const [lowest] = own;
    const first = own.find(({ at }) => at === lowest?.at);
    const last = own.at(-1);
    return first === undefined || last === undefined
      ? []
      : [{ base: (stretch === 0 ? before : undefined) ?? first, last }];
  });
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  return {
    count: all.length,
    min: Math.min(...all.map(({ value }) => value)),
    max: Math.max(...all.map(({ value }) => value)),
    last: all.at(-1)?.value,
    inLoad:
      inLoad.length === 0
        ? undefined
        : {
            ...{ count: inLoad.length, max: Math.max(...values), mean: sum(values) / values.length },
            spanMs: sum(grown.map(({ base, last }) => last.at - base.at)),
            ...(metric.endsWith('_total') && { increase: sum(grown.map(({ base, last }) => Math.max(0, last.value - base.value))) }), // prettier-ignore
          },
    points: pointsOf(metric, all),
  };
}

function pointsOf(metric: string, all: readonly { at: number; value: number }[]): [number, number][] {
  const widthMs = pointMs(load, bounds.intervalMs);
  const inPlot = all.filter(({ at }) => at >= load.from - 30_000 && at < load.to + 30_000);
  const places = [...new Set(inPlot.map(({ at }) => Math.floor(at / widthMs)))];
  return places.map((place) => {
    const own = inPlot.filter(({ at }) => Math.floor(at / widthMs) === place);
    const peak = Math.max(...own.map(({ value }) => value));
    const told = metric.endsWith('_total') ? own.at(-1) : own.filter(({ value }) => value === peak).at(-1);
    return [told?.at ?? 0, told?.value ?? 0];
  });
}

const moments = fc.array(
  fc.record({ at: fc.integer({ min: 600, max: 2_400 }).map((tenths) => tenths * 100), value: fc.integer({ min: 0, max: 60 }) }), // prettier-ignore
  { minLength: 1, maxLength: 60 },
);

describe.each(['bytes', 'requests_total'])('the figures of a series (%s)', (metric) => {
  it('are those that the samples say, in whatever order they come', () => {
    fc.assert(
      fc.property(moments, (told) => {
        const fold = createSeriesFold(bounds);
        const sample = ({ at, value }: { at: number; value: number }): SampleRecord => ({
          ...{ kind: 'sample', at, role: 'gateway-1', incarnation: 1, values: { [metric]: value } },
        });
        for (const each of told) fold.add(sample(each));
        const [found] = fold.summary();
        const { inLoad, ...wanted } = figuresOf(metric, told);
        expect(found).toMatchObject(wanted);
        if (inLoad === undefined) expect(found?.inLoad).toBeUndefined();
        else expect(found?.inLoad).toMatchObject(inLoad);
      }),
    );
  });

  it('tell the percentile to the 2 % step that it is in', () => {
    const fold = createSeriesFold(bounds);
    for (let index = 0; index < 100; index += 1)
      fold.add({ ...{ kind: 'sample', at: load.from + index * 100, role: 'gateway-1', incarnation: 1 }, values: { [metric]: 100 + index } }); // prettier-ignore
    const [found] = fold.summary();
    if (metric === 'bytes') {
      expect(found?.inLoad?.p95).toBeGreaterThanOrEqual(194);
      expect(found?.inLoad?.p95).toBeLessThanOrEqual(194 * 1.02);
    } else {
      expect(found?.inLoad).toMatchObject({ increase: 99 });
    }
  });
});

describe('a plot', () => {
  it('keeps the peak of each point, and no more points than it has room for, when evidence goes back and forth', () => {
    const day = { load: { from: 0, to: 86_400_000 }, intervalMs: 1_000 };
    const fold = createSeriesFold(day);
    // Two halves of the day told in turn: each sample begins another point.
    for (let second = 0; second < 43_200; second += 1)
      for (const at of [second * 1_000, (second + 43_200) * 1_000])
        fold.add({ kind: 'sample', at, role: 'gateway-1', incarnation: 1, values: { bytes: second % 977 } });
    const [found] = fold.summary();
    const widthMs = pointMs(day.load, day.intervalMs);
    expect(found?.points).toHaveLength(Math.ceil(86_400_000 / widthMs));
    for (const [at, value] of found?.points ?? []) {
      const from = Math.floor(at / widthMs) * widthMs;
      const seconds = Array.from({ length: 50 }, (_, index) => Math.ceil(from / 1_000) + index).filter((second) => second * 1_000 < from + widthMs && second < 86_400); // prettier-ignore
      expect(value).toBe(Math.max(...seconds.map((second) => (second % 43_200) % 977)));
    }
  });
});
