import { describe, expect, it } from 'vitest';
import { bucketOf, percentileOf } from './latency-buckets.ts';
import { type ProbeFigures, type ProbePart, sumProbeParts } from './probe.ts';
import { judgeProbe } from './probe-verdict.ts';

const limits = { latencyMsP95Max: 25, failedRatioMax: 0.001 };
const healthy: ProbeFigures = {
  ...{ seconds: 20, owed: 20, unseen: 0, due: 2_000, dropped: 0, ended: 1_990, failed: 0, requests: 20_000 },
  ...{ begun: 2_000, late: 0, veryLate: 0 },
  ...{ reads: 10_000, slow: 100, slowShareError: 0.002, latencyMsP50: 6, latencyMsP95: 18 },
  ...{ generatorCores: 0.4, generatorDelaySeconds: 0.01 },
};
const verdictOf = (change: Partial<ProbeFigures>) => judgeProbe({ ...healthy, ...change }, limits);

describe('a probe', () => {
  it('meets the objectives, clearly, when its slow reads are fewer than allowed by more than chance', () => {
    expect(verdictOf({})).toEqual({
      ...{ outcome: 'met', isClear: true },
      reason: 'p95 18 ms, within 25 ms; 0 of 1,990 iterations failed',
    });
    expect(verdictOf({ slow: 490, slowShareError: 0.002 })).toMatchObject({ outcome: 'met', isClear: false });
    expect(verdictOf({ slow: 500 })).toMatchObject({ outcome: 'met', isClear: false });
  });

  it('misses them by slow reads, and says whether that is beyond chance', () => {
    expect(verdictOf({ slow: 501 })).toMatchObject({ outcome: 'missed', isClear: false });
    expect(verdictOf({ slow: 900, latencyMsP95: 40 })).toEqual({
      ...{ outcome: 'missed', isClear: true, reason: '9 % of local reads took over 25 ms, p95 40 ms' },
    });
    const unsure = { ...healthy, slow: 900 };
    delete unsure.slowShareError;
    expect(judgeProbe(unsure, limits)).toMatchObject({ outcome: 'missed', isClear: false });
  });

  it('misses them by failures that chance does not explain, in small probes as in large ones', () => {
    // Two of 1,990 may fail; five are a chance of one in twenty, six of one in sixty.
    expect(verdictOf({ failed: 5 })).toMatchObject({ outcome: 'met' });
    expect(verdictOf({ failed: 6 })).toMatchObject({
      outcome: 'missed',
      reason: '6 of 1,990 iterations failed (limit 0.1 %)',
    });
    expect(verdictOf({ ended: 40, due: 40, failed: 1 })).toMatchObject({ outcome: 'met' });
    expect(verdictOf({ ended: 200_000, due: 200_000, failed: 260 })).toMatchObject({ outcome: 'missed' });
    expect(verdictOf({ reads: 0, slow: 0, failed: 1_990 })).toMatchObject({ outcome: 'missed' });
  });

  it('misses them by what piles up unfinished, but not by what is always in flight', () => {
    expect(verdictOf({ ended: 1_880 })).toMatchObject({
      outcome: 'missed',
      reason: '120 of 2,000 iterations piled up unfinished',
    });
    expect(verdictOf({ due: 40, ended: 22 })).toMatchObject({ outcome: 'met' });
  });

  it('says nothing of the target where the generator was at its end, whatever was missed meanwhile', () => {
    expect(verdictOf({ generatorCores: 0.93, slow: 5_000 })).toMatchObject({ outcome: 'void', cause: 'generator' });
    expect(verdictOf({ generatorDelaySeconds: 0.2 })).toMatchObject({ outcome: 'void', cause: 'generator' });
  });

  it('says nothing of the target where its generator began late what was missed', () => {
    expect(verdictOf({ veryLate: 21 })).toMatchObject({ outcome: 'void', cause: 'generator' });
    expect(verdictOf({ late: 101, slow: 900 })).toMatchObject({ outcome: 'void', cause: 'generator' });
    expect(verdictOf({ late: 99, slow: 900 })).toMatchObject({ outcome: 'missed' });
    // What was met although the generator was late was met.
    expect(verdictOf({ late: 400 })).toMatchObject({ outcome: 'met' });
  });

  it('says nothing where too few virtual users were free, unless the target was missed anyway', () => {
    expect(verdictOf({ dropped: 30, ended: 1_960 })).toMatchObject({ outcome: 'void', cause: 'users' });
    expect(verdictOf({ dropped: 1_000, ended: 950, slow: 9_000 })).toMatchObject({ outcome: 'missed' });
  });

  it('says nothing where nobody looked', () => {
    expect(judgeProbe(undefined, limits)).toMatchObject({ outcome: 'void', cause: 'unseen' });
    expect(verdictOf({ unseen: 2 })).toMatchObject({ outcome: 'void', cause: 'unseen' });
    expect(verdictOf({ due: 0, ended: 0 })).toMatchObject({ outcome: 'void', cause: 'unseen' });
    expect(verdictOf({ reads: 0, slow: 0 })).toMatchObject({ outcome: 'void', cause: 'unseen' });
    const untold = { ...healthy };
    delete untold.generatorCores;
    expect(judgeProbe(untold, limits)).toMatchObject({ outcome: 'void', cause: 'unseen' });
  });
});

describe('parts of a probe', () => {
  const part = (change: Partial<ProbePart> = {}): ProbePart => ({
    ...{ begun: 99, late: 0, veryLate: 0 },
    ...{ recorded: 20, due: 100, dropped: 1, ended: 98, failed: 2, requests: 1_000, reads: 500, slow: 20 },
    batches: Array.from({ length: 10 }, (_, index) => [50, index % 2 === 0 ? 1 : 3] as const),
    latencies: [[bucketOf(5_000), 480], [bucketOf(40_000), 20]], // prettier-ignore
    ...{ generatorCores: 0.2, generatorDelaySeconds: 0.01, ...change },
  });

  it('of several hosts add up, with the busiest engine of all', () => {
    const figures = sumProbeParts([part(), part({ generatorCores: 0.7, recorded: 15 })], { seconds: 20, shards: 2 });
    expect(figures).toMatchObject({
      ...{ seconds: 20, owed: 40, unseen: 5, due: 200, dropped: 2, ended: 196, failed: 4, requests: 2_000 },
      ...{ reads: 1_000, slow: 40, generatorCores: 0.7, generatorDelaySeconds: 0.01 },
    });
    // Stretches of a hundred reads with two or six slow ones.
    expect(figures.slowShareError).toBeCloseTo(0.00667, 4);
    expect(figures.latencyMsP50).toBeGreaterThan(4.7);
    expect(figures.latencyMsP50).toBeLessThan(5.2);
  });

  it('tell the same latencies whether they are one or two', () => {
    const whole = sumProbeParts([part()], { seconds: 20, shards: 1 });
    const halves = sumProbeParts(
      [part({ latencies: [[bucketOf(5_000), 480]] }), part({ latencies: [[bucketOf(40_000), 20]] })], // prettier-ignore
      { seconds: 20, shards: 1 },
    );
    expect(halves.latencyMsP95).toBe(whole.latencyMsP95);
  });

  it('leave out what nobody knows', () => {
    const empty = sumProbeParts([], { seconds: 5, shards: 1 });
    expect(Object.keys(empty).sort()).toEqual(
      ['begun', 'dropped', 'due', 'ended', 'failed', 'late', 'owed', 'reads', 'requests', 'seconds', 'slow', 'unseen', 'veryLate'],
    ); // prettier-ignore
    expect(empty).toMatchObject({ owed: 5, unseen: 5 });
  });
});

describe('latency buckets', () => {
  it.each([0.3, 1, 7.5, 42, 250, 1_900, 30_000])('know %d ms within 5 %%', (latencyMs) => {
    const p95 = percentileOf([[bucketOf(latencyMs * 1_000), 100]], 0.95) ?? 0;
    expect(Math.abs(p95 / latencyMs - 1)).toBeLessThan(0.05);
  });

  it('have a percentile only of what was counted', () => {
    expect(percentileOf([], 0.95)).toBeUndefined();
    expect(percentileOf([[0, 1]], 0.5)).toBeLessThanOrEqual(0.05);
  });
});
