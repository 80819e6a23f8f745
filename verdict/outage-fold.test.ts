import { describe, expect, it } from 'vitest';
import type { FaultSummary, NamedWindow } from '#model/evidence-summary.ts';
import { type OutageInput, unplannedOutages, withCosts } from './outage-fold.ts';

const load = { from: 0, to: 60_000 };
const death = (victim: string, bitAt: number, healedAt?: number): FaultSummary => ({
  ...{ fault: `${victim}-death-1`, victim, unplanned: true, events: [], bitAt },
  ...(healedAt !== undefined && { healedAt }),
});
const outages = (input: Partial<OutageInput>): NamedWindow[] =>
  unplannedOutages({ downtimes: [], faults: [], windows: [], plans: [], load, ...input });

describe('the unasked outage of a part of the target', () => {
  it('is from when it was found until it was ready, whatever the samples missed of it', () => {
    const downtimes = [{ name: 'redis', from: 9_000, to: 11_000 }];
    const faults = [death('redis', 10_100, 10_700)];
    expect(outages({ downtimes, faults })).toEqual([{ name: 'redis', from: 10_100, to: 10_700 }]);
    expect(outages({ faults })).toEqual([{ name: 'redis', from: 10_100, to: 10_700 }]);
  });

  it('is what the samples say when nobody else saw it', () => {
    const downtimes = [{ name: 'redis', from: 9_000, to: 11_000 }];
    expect(outages({ downtimes })).toEqual(downtimes);
  });

  it('began when the samples ended, when the watchdog was away and came late', () => {
    const downtimes = [{ name: 'nginx', from: 10_000, to: 31_000 }];
    const faults = [death('nginx', 30_000, 30_500)];
    expect(outages({ downtimes, faults })).toEqual([{ name: 'nginx', from: 10_000, to: 30_500 }]);
  });

  it('ends with the samples of the next incarnation when its watchdog died, and never when nothing ever came back', () => {
    const downtimes = [{ name: 'nginx', from: 10_000, to: 12_000 }];
    const faults = [death('nginx', 10_200)];
    expect(outages({ downtimes, faults })).toEqual([{ name: 'nginx', from: 10_200, to: 12_000 }]);
    expect(outages({ faults })).toEqual([{ name: 'nginx', from: 10_200, to: load.to }]);
  });

  it('is two when it died twice', () => {
    const faults = [death('redis', 10_000, 10_500), { ...death('redis', 30_000, 30_500), fault: 'redis-death-2' }];
    const downtimes = [
      { name: 'redis', from: 9_500, to: 11_000 },
      { name: 'redis', from: 29_500, to: 31_000 },
    ];
    expect(outages({ downtimes, faults }).map(({ from }) => from)).toEqual([10_000, 30_000]);
  });

  it('is none when a fault was asked for on this very victim, and one when it was on another', () => {
    const asked: FaultSummary = { fault: 'kill-gateway-2', victim: 'gateway-2', events: [], injectedAt: 10_000 };
    const windows = [{ name: 'kill-gateway-2', from: 10_000, to: 17_000 }];
    const downtimes = [
      { name: 'gateway-1', from: 11_000, to: 12_000 },
      { name: 'gateway-2', from: 10_000, to: 15_000 },
    ];
    expect(outages({ downtimes, faults: [asked], windows })).toEqual([downtimes[0]]);
  });

  it('is not one of the harness: that is judged elsewhere', () => {
    expect(outages({ downtimes: [{ name: 'temporal', from: 1_000, to: 2_000 }] })).toEqual([]);
  });

  it('cost what failed meanwhile and what the cache held', () => {
    const point = (at: number, value: number): [number, number] => [at, value];
    const series = {
      ...{ role: 'redis', incarnation: 1, metric: 'redis_memory_bytes', count: 3, min: 1, max: 9, last: 9 },
      points: [point(9_000, 4_000), point(10_000, 5_000)],
    };
    const next = { ...series, incarnation: 2, points: [point(11_000, 9)] };
    const stopped = { ...series, points: [...series.points, point(11_000, 5_000)] };
    const outage = { name: 'redis', from: 10_100, to: 10_700 };
    expect(withCosts([outage], [3], [series, next])).toEqual([
      { ...outage, iterationsFailed: 3, cacheBytesLost: 5_000 },
    ]);
    expect(withCosts([outage], [0], [stopped])).toEqual([{ ...outage, iterationsFailed: 0 }]);
  });
});
