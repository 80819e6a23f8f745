import { describe, expect, it } from 'vitest';
import { createRandom } from '#model/random.ts';
import { lossOf, samplingBars } from './sampling-figures.ts';

const steady = { seconds: 60, coreShare: 0.01 };

describe('lossOf', () => {
  it('finds what is taken from each pair, whatever the machine does from pair to pair', () => {
    const pairs = [1_000, 400, 2_500, 900].map((without) => ({ without, with: without * 0.97 }));
    const { share, low, high } = lossOf(pairs);
    expect(share).toBeCloseTo(0.03, 6);
    expect([low, high]).toEqual([expect.closeTo(0.03, 6), expect.closeTo(0.03, 6)]);
  });

  it('has the truth within its interval about 95 times out of 100', () => {
    const random = createRandom(7);
    const noise = (): number => Array.from({ length: 6 }, () => random() - 0.5).reduce((sum, each) => sum + each, 0) * 0.03; // prettier-ignore
    const rounds = 400;
    const right = Array.from({ length: rounds }, () => {
      const pairs = Array.from({ length: 10 }, () => ({ with: 0.99 * Math.exp(noise()), without: Math.exp(noise()) }));
      const { low, high } = lossOf(pairs);
      return low <= 0.01 && high >= 0.01;
    }).filter(Boolean).length;
    expect(right / rounds).toBeGreaterThan(0.92);
    expect(right / rounds).toBeLessThan(0.98);
  });
});

describe('samplingBars', () => {
  const states = (loss: { low: number; high: number }, more = {}) =>
    samplingBars({ quiet: steady, underLoad: steady, loss: { share: 0, ...loss }, bytesProjected: 1e9, ...more }).map(
      ({ state }) => state,
    );

  it('leaves open what an interval does not tell', () => {
    expect(states({ low: -0.002, high: 0.008 })).toEqual(['met', 'met', 'met']);
    expect(states({ low: -0.002, high: 0.02 })).toEqual(['met', 'open', 'met']);
    expect(states({ low: 0.012, high: 0.02 })).toEqual(['met', 'missed', 'met']);
  });

  it('takes the dearer of a quiet and a busy machine', () => {
    const dear = { underLoad: { seconds: 60, coreShare: 0.021 }, bytesProjected: 2.2e9 };
    expect(states({ low: 0, high: 0.001 }, dear)).toEqual(['missed', 'met', 'missed']);
  });
});
