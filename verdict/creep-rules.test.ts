import { describe, expect, it } from 'vitest';
import type { ClassLatency, EvidenceSummary, SeriesSummary } from '#model/evidence-summary.ts';
import { metrics } from '#model/metrics.ts';
import { createRandom } from '#model/random.ts';
import { creepRules } from './creep-rules.ts';
import type { JudgeInput } from './rule.ts';

const startsAt = 1_750_000_000_000;
const plan = { load: { model: 'closed' } } as JudgeInput['plan'];
const inputOf = (evidence: Partial<EvidenceSummary>): JudgeInput =>
  ({
    plan,
    evidence: { faultWindows: [], generators: [], series: [], classes: [], ...evidence },
  }) as unknown as JudgeInput;

const pausesOf = (role: string, increase: number, spanMs = 120_000): SeriesSummary => ({
  ...{ role, incarnation: 1, metric: metrics.gcPauseSeconds, count: 120, min: 0, max: 9, last: 9, points: [] },
  inLoad: { count: 120, max: 9, mean: 5, increase, spanMs },
});

describe('does garbage collection leave time to work', () => {
  const judge = (...series: SeriesSummary[]) => creepRules['gc-pauses'](inputOf({ series }));

  it('passes gateways that collect now and then', () => {
    const found = judge(pausesOf('gateway-1', 1.2), pausesOf('gateway-2', 2.4));
    expect(found).toMatchObject({ outcome: 'pass', measured: 0.02, limit: 0.1, unit: 'ratio' });
    expect(found.reason).toMatch(/^gateway-2#1, the most of 2, collected garbage for 2 % of its time/);
  });

  it('fails when one of them stands still for a fifth of its time', () => {
    expect(judge(pausesOf('gateway-1', 1.2), pausesOf('gateway-2', 24))).toMatchObject({ outcome: 'fail' });
  });

  it('looks at gateways only, and not at the first seconds of a life', () => {
    expect(judge(pausesOf('gateway-1', 1), pausesOf('engine-0', 60)).outcome).toBe('pass');
    expect(judge(pausesOf('gateway-1', 1), pausesOf('gateway-2', 5, 10_000)).outcome).toBe('pass');
  });

  it('is open where nobody told', () => {
    expect(judge().outcome).toBe('inconclusive');
    expect(judge({ ...pausesOf('gateway-1', 1), metric: metrics.rssBytes }).outcome).toBe('inconclusive');
  });
});

/** Medians each ten seconds: a level, so much more each minute, and noise of so many milliseconds. */
function readsOf(options: { level: number; perMinute: number; noise: number; points?: number; seed?: number }) {
  const { level, perMinute, noise, points = 18, seed = 3 } = options;
  const random = createRandom(seed);
  const overall = { count: 9, p50Ms: 1, p95Ms: 1, p99Ms: 1, maxMs: 1 };
  const reads: ClassLatency = {
    ...{ class: 'local-read', overall },
    points: Array.from({ length: points }, (_, index) => {
      const p50Ms = level + (perMinute * index) / 6 + noise * (random() - 0.5);
      return { ...overall, at: startsAt + index * 10_000, p50Ms };
    }),
  };
  return reads;
}

describe('is the last answer as quick as the first', () => {
  const judge = (reads: ClassLatency[], more: Partial<EvidenceSummary> = {}) =>
    creepRules['latency-creep'](inputOf({ classes: reads, ...more }));

  it('passes reads that only scatter', () => {
    for (let seed = 1; seed <= 40; seed += 1)
      expect(judge([readsOf({ level: 4, perMinute: 0, noise: 3, seed })]).outcome).toBe('pass');
  });

  it('fails reads that become later with each minute, and tells by how much', () => {
    const found = judge([readsOf({ level: 4, perMinute: 40, noise: 6 })]);
    expect(found).toMatchObject({ outcome: 'fail', unit: 'ms' });
    expect(found.limit).toBeGreaterThanOrEqual(10);
    expect(found.measured).toBeGreaterThan(100);
    expect(found.measured).toBeLessThan(127);
    const [low = 0, high = 0] = found.between ?? [];
    expect(low).toBeLessThan(113.4);
    expect(high).toBeGreaterThan(113.2);
  });

  it('lets slow reads be slower by a half', () => {
    expect(judge([readsOf({ level: 100, perMinute: 8, noise: 4 })])).toMatchObject({ outcome: 'pass' });
    expect(judge([readsOf({ level: 100, perMinute: 60, noise: 4 })])).toMatchObject({ outcome: 'fail' });
  });

  it('is open where the noise hides it, where there are too few reads, and where the generator was late itself', () => {
    expect(judge([readsOf({ level: 4, perMinute: 6, noise: 120, seed: 9 })]).outcome).toBe('inconclusive');
    expect(judge([readsOf({ level: 4, perMinute: 40, noise: 1, points: 11 })]).outcome).toBe('inconclusive');
    expect(judge([]).outcome).toBe('inconclusive');
    const generators = [{ role: 'engine-0', cores: 0.99, eventLoopDelayP95Seconds: 0.5 }];
    expect(judge([readsOf({ level: 4, perMinute: 40, noise: 1 })], { generators }).outcome).toBe('inconclusive');
  });

  it('leaves out what was answered in a fault window', () => {
    const reads = readsOf({ level: 4, perMinute: 0, noise: 1 });
    const slow = reads.points.map((point, index) => (index >= 15 ? { ...point, p50Ms: 400 } : point));
    const faultWindows = [{ name: 'kill-gateway-2', from: startsAt + 150_000, to: startsAt + 180_000 }];
    expect(judge([{ ...reads, points: slow }]).outcome).not.toBe('pass');
    expect(judge([{ ...reads, points: slow }], { faultWindows }).outcome).toBe('pass');
  });
});
