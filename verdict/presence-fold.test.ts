import { describe, expect, it } from 'vitest';
import { createPresenceFold } from './presence-fold.ts';

const second = 1_000;
const load = { from: 0, to: 60 * second };

/** Samples of a role from one second to another, the first and last included. */
function sampled(
  fold: ReturnType<typeof createPresenceFold>,
  role: string,
  seconds: readonly [number, number, number],
): void {
  const [incarnation, from, to] = seconds;
  fold.addIncarnation({ kind: 'incarnation', at: from * second, role, incarnation, pid: 1, event: 'seen' });
  for (let at = from; at <= to; at += 1)
    fold.addSample({ kind: 'sample', at: at * second, role, incarnation, values: {} });
}

describe('presence of samples', () => {
  it('owes none of a process that died while nobody looked, once its successor is seen', () => {
    const fold = createPresenceFold({ load, intervalMs: second });
    sampled(fold, 'gateway-1', [1, 0, 29]);
    sampled(fold, 'sampler', [1, 0, 29]);
    // The sampler is killed: nothing at all for four seconds, and nobody writes that it is gone.
    sampled(fold, 'gateway-1', [1, 34, 60]);
    sampled(fold, 'sampler', [2, 34, 60]);
    const { processes, samplerOutages } = fold.summary();
    expect(samplerOutages).toEqual([{ name: 'sampler', from: 30 * second, to: 34 * second }]);
    for (const { samplesExpected, samplesPresent } of processes) {
      expect(samplesExpected).toBeGreaterThan(20);
      expect(samplesPresent).toBe(samplesExpected);
    }
  });

  it('takes even one empty tick for an outage when another sampler begins after it', () => {
    const fold = createPresenceFold({ load, intervalMs: second });
    sampled(fold, 'gateway-1', [1, 0, 29]);
    sampled(fold, 'sampler', [1, 0, 29]);
    sampled(fold, 'gateway-1', [1, 31, 60]);
    sampled(fold, 'sampler', [2, 31, 60]);
    const { processes, samplerOutages } = fold.summary();
    expect(samplerOutages).toEqual([{ name: 'sampler', from: 30 * second, to: 31 * second }]);
    for (const { samplesExpected, samplesPresent } of processes) expect(samplesPresent).toBe(samplesExpected);
  });

  it('owes an empty tick of a sampler that lived on', () => {
    const fold = createPresenceFold({ load, intervalMs: second });
    for (const role of ['sampler', 'gateway-1']) {
      sampled(fold, role, [1, 0, 29]);
      sampled(fold, role, [1, 31, 60]);
    }
    const { processes, samplerOutages } = fold.summary();
    expect(samplerOutages).toEqual([]);
    for (const { samplesExpected, samplesPresent } of processes) expect(samplesExpected - samplesPresent).toBe(1);
  });

  it('misses the samples of a process that lived on unseen', () => {
    const fold = createPresenceFold({ load, intervalMs: second });
    sampled(fold, 'sampler', [1, 0, 60]);
    sampled(fold, 'gateway-1', [1, 0, 20]);
    sampled(fold, 'gateway-1', [1, 40, 60]);
    const gateway = fold.summary().processes.find(({ role }) => role === 'gateway-1');
    expect((gateway?.samplesExpected ?? 0) - (gateway?.samplesPresent ?? 0)).toBe(19);
  });
});
