import { describe, expect, it } from 'vitest';
import { type Region, regions } from '#model/region.ts';
import { drawFate } from './fate.ts';

const steady = { name: 'steady', failureRate: 0.05, latencyFactor: 1 };
const calls = (seed: number, region: Region = 'us-east', scenario = steady) =>
  Array.from({ length: 5_000 }, (_, number) => drawFate(seed, { gatewayId: 3, region, number }, scenario));
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

describe('the fate of calls', () => {
  it('is the same for the same seed and another for another', () => {
    expect(calls(1)).toEqual(calls(1));
    expect(calls(1)).not.toEqual(calls(2));
  });

  it('fails as often as the scenario says', () => {
    const failed = calls(1).filter(({ isFailed }) => isFailed).length / 5_000;
    expect(failed).toBeGreaterThan(0.04);
    expect(failed).toBeLessThan(0.06);
    expect(calls(1, 'us-east', { ...steady, failureRate: 0 }).some(({ isFailed }) => isFailed)).toBe(false);
    expect(calls(1, 'us-east', { ...steady, failureRate: 1 }).every(({ isFailed }) => isFailed)).toBe(true);
  });

  it('takes the longer the farther the region, within 50 and 2,000 ms whatever the scenario', () => {
    const medians = regions.map((region) => median(calls(1, region).map(({ latencyMs }) => latencyMs)));
    expect(medians[0]).toBeGreaterThan(65);
    expect(medians[0]).toBeLessThan(95);
    expect(medians[2]).toBeGreaterThan(130);
    for (const latencyFactor of [0.01, 1, 100]) {
      const latencies = calls(1, 'ap-east', { ...steady, latencyFactor }).map(({ latencyMs }) => latencyMs);
      expect(Math.min(...latencies)).toBeGreaterThanOrEqual(50);
      expect(Math.max(...latencies)).toBeLessThanOrEqual(2_000);
    }
  });
});
