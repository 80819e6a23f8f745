import { build, decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { createTally } from './tally.ts';

const ok = (durationUs: number) => ({ outcome: 'ok', durationUs, bytesIn: 10, partial: false }) as const;

describe('a tally', () => {
  it('tells ok, failures by cause, partial and abandoned apart', () => {
    const tally = createTally(2, 3);
    tally.note('read-tool', ok(100));
    tally.note('read-tool', { ...ok(100), partial: true });
    tally.note('read-tool', { outcome: 'failed', cause: 'http-503', bytesIn: 5 });
    tally.note('read-tool', { outcome: 'failed', cause: 'timeout', bytesIn: 0 });
    tally.note('read-tool', { outcome: 'abandoned' });
    const [record, ...others] = tally.flush(0, 10_000);
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      ...{ at: 0, until: 10_000, shard: 2, incarnation: 3, operation: 'read-tool' },
      ...{ ok: 2, partial: 1, abandoned: 1, bytesIn: 25, failed: { 'http-503': 1, timeout: 1 } },
    });
  });

  it('counts what went over the wire, by class of status, and begins anew', () => {
    const tally = createTally(0, 1);
    tally.note('read-tool', { ...ok(100), status: 200, bytesOut: 70, reconnects: 0 });
    tally.note('read-tool', { outcome: 'failed', cause: 'http-503', bytesIn: 5, status: 503, bytesOut: 70, reconnects: 1 }); // prettier-ignore
    tally.note('read-tool', { outcome: 'failed', cause: 'timeout', bytesIn: 0, reconnects: 1 });
    const [record] = tally.flush(0, 10_000);
    expect(record).toMatchObject({ bytesOut: 140, reconnects: 2, statuses: { '2xx': 1, '5xx': 1 } });
    tally.note('read-tool', { ...ok(100), status: 204 });
    expect(tally.flush(10_000, 20_000)).toMatchObject([{ bytesOut: 0, reconnects: 0, statuses: { '2xx': 1 } }]);
  });

  it('keeps histograms whose merge equals one of everything', () => {
    const tally = createTally(0, 1);
    const whole = build({ numberOfSignificantValueDigits: 3 });
    const merged = build({ numberOfSignificantValueDigits: 3 });
    for (let interval = 0; interval < 3; interval += 1) {
      for (let index = 1; index <= 1_000; index += 1) {
        const durationUs = (interval + 1) * index * 37;
        tally.note('search-tools', ok(durationUs));
        whole.recordValue(durationUs);
      }
      const [record] = tally.flush(interval * 10_000, (interval + 1) * 10_000);
      merged.add(decodeFromCompressedBase64(record?.histogram ?? ''));
    }
    expect(merged.totalCount).toBe(3_000);
    for (const percentile of [50, 95, 99, 99.9]) {
      expect(merged.getValueAtPercentile(percentile)).toBe(whole.getValueAtPercentile(percentile));
    }
  });

  it('keeps latency from the intended start beside service time, where a start is intended', () => {
    const tally = createTally(0, 1, true);
    tally.note('read-tool', ok(1_000), 4_000);
    tally.note('read-tool', ok(1_000));
    const [record] = tally.flush(0, 10_000);
    const maxOf = (text = ''): number => Math.round(decodeFromCompressedBase64(text).maxValue / 100) * 100;
    expect([maxOf(record?.histogram), maxOf(record?.latencyHistogram)]).toEqual([1_000, 5_000]);
    expect(tally.latencyMsP95()).toBeCloseTo(5, 1);
    const closed = createTally(0, 1);
    closed.note('read-tool', ok(1_000));
    expect(closed.flush(0, 1)[0]).not.toHaveProperty('latencyHistogram');
  });

  it('forgets what it flushed and says nothing of what did not happen', () => {
    const tally = createTally(0, 1);
    expect(tally.latencyMsP95()).toBeUndefined();
    tally.note('read-tool', ok(2_000));
    expect(tally.flush(0, 1)).toHaveLength(1);
    expect(tally.flush(1, 2)).toEqual([]);
  });

  it('says the p95 of the last full interval', () => {
    const tally = createTally(0, 1);
    for (let index = 0; index < 100; index += 1) tally.note('read-tool', ok(5_000));
    tally.flush(0, 1);
    tally.note('read-tool', ok(900_000));
    expect(tally.latencyMsP95()).toBeCloseTo(5, 1);
  });

  it('counts causes without end together', () => {
    const tally = createTally(0, 1);
    for (let status = 0; status < 100; status += 1) {
      tally.note('read-tool', { outcome: 'failed', cause: `http-${status}`, bytesIn: 0 });
    }
    const [record] = tally.flush(0, 1);
    expect(Object.keys(record?.failed ?? {})).toHaveLength(33);
    expect(record?.failed['other']).toBe(68);
  });
});
