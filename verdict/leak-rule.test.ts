import { describe, expect, it } from 'vitest';
import type { EvidenceSummary, LowSeries } from '#model/evidence-summary.ts';
import { metrics } from '#model/metrics.ts';
import { families, generate } from './leak-bench/families.ts';
import { memoryLeak } from './leak-rule.ts';
import { createLowFold } from './low-fold.ts';
import type { JudgeInput } from './rule.ts';

const hourMs = 3_600_000;
const startsAt = 1_750_000_000_000;
const load = { from: startsAt, to: startsAt + 24 * hourMs };

/** A day of one gateway's life as the sampler tells it, every ten seconds, folded. */
function lowsOf(name: string, { role = 'gateway-1' } = {}): LowSeries[] {
  const family = families.find((each) => each.name === name);
  if (family === undefined) throw new Error(`there is no family ${name}`);
  const fold = createLowFold({ load, intervalMs: 1_000 });
  for (const { at, value } of generate(family, { hours: 24, samples: 8_640, seed: 3 }).moments)
    fold.add({ kind: 'sample', at: startsAt + at, role, incarnation: 1, values: { [metrics.rssAnonBytes]: value, [metrics.openFiles]: 40 } }); // prettier-ignore
  return fold.summary();
}

function judge(lows: LowSeries[] | undefined) {
  const evidence: Partial<EvidenceSummary> = { faultWindows: [], ...(lows === undefined ? {} : { lows }) };
  return memoryLeak({ evidence } as JudgeInput);
}

describe('does memory leak', () => {
  it('passes a day of gateways that only collect garbage', () => {
    const found = judge([...lowsOf('saw-tooth of 5 min'), ...lowsOf('saw-tooth of 45 min', { role: 'gateway-2' })]);
    expect(found.outcome).toBe('pass');
    expect(found.reason).toContain('None of 4 series');
  });

  it('fails a day of one that leaks, and names it with its slope', () => {
    const found = judge([...lowsOf('saw-tooth of 5 min'), ...lowsOf('leak of 0.5 MB/h', { role: 'gateway-2' })]);
    expect(found.outcome).toBe('fail');
    expect(found.reason).toMatch(
      /^rss_anon_bytes of gateway-2#1 rises by 0\.\d+ MB an hour \(0\.\d+ MB to 0\.\d+ MB\)\.$/,
    );
  });

  it('is open where a rise may still settle, and says what would have been seen', () => {
    const found = judge(lowsOf('plateau after 5 h'));
    expect(found.outcome).toBe('inconclusive');
    expect(found.reason).toMatch(
      /rss_anon_bytes of gateway-1#1: .*settles|explains.* would have been seen, which takes about \d+ h/,
    );
  });

  it('is open where nobody looked', () => {
    expect(judge([])).toMatchObject({ outcome: 'inconclusive' });
    expect(judge(undefined)).toMatchObject({ outcome: 'inconclusive' });
  });
});

describe('the lowest samples', () => {
  const heapOf = (collections: number): string[] => {
    const fold = createLowFold({ load, intervalMs: 1_000 });
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      const left = 40e6 + Math.floor((minute / (24 * 60)) * collections);
      const values = {
        [metrics.heapUsedBytes]: 60e6,
        ...(collections > 0 && { [metrics.heapAfterMajorGcBytes]: left }),
      };
      fold.add({ kind: 'sample', at: startsAt + minute * 60_000, role: 'gateway-1', incarnation: 1, values });
    }
    return fold.summary().map(({ metric }) => metric);
  };

  it('of the heap are what major collections left, where there were enough of them', () => {
    expect(heapOf(200)).toEqual([metrics.heapAfterMajorGcBytes]);
    expect(heapOf(3)).toEqual([metrics.heapUsedBytes]);
    expect(heapOf(0)).toEqual([metrics.heapUsedBytes]);
  });

  it('are at most some thousand a series, whatever order they come in', () => {
    const forwards = createLowFold({ load, intervalMs: 1_000 });
    const backwards = createLowFold({ load, intervalMs: 1_000 });
    const records = Array.from({ length: 8_640 }, (_, index) => ({
      ...{ kind: 'sample' as const, at: startsAt + index * 10_000, role: 'gateway-1', incarnation: 1 },
      values: { [metrics.rssBytes]: 100 + ((index * 37) % 9) },
    }));
    for (const record of records) forwards.add(record);
    for (const record of records.toReversed()) backwards.add(record);
    expect(forwards.summary()).toEqual(backwards.summary());
    expect(forwards.summary()[0]?.points).toHaveLength(960);
    expect(forwards.summary()[0]?.points.every(([, value]) => value === 100)).toBe(true);
  });

  it('are those of the gateways in the load, and of no one else', () => {
    const fold = createLowFold({ load, intervalMs: 1_000 });
    const sample = { kind: 'sample' as const, incarnation: 1, values: { [metrics.rssBytes]: 1 } };
    fold.add({ ...sample, at: startsAt - 1, role: 'gateway-1' });
    fold.add({ ...sample, at: load.to, role: 'gateway-1' });
    fold.add({ ...sample, at: startsAt, role: 'postgres' });
    expect(fold.summary()).toEqual([]);
  });
});
