import { describe, expect, it } from 'vitest';
import type { EvidenceRecord } from '#model/evidence.ts';
import { createGapLog } from './gap-log.ts';

function recorded() {
  const records: EvidenceRecord[] = [];
  const gaps = createGapLog({ append: (record) => void records.push(record), close: () => Promise.resolve() });
  return { records, gaps };
}
const gap = (at: number, reason = 'refused') => ({ source: 'redis', at, until: at + 1_000, reason });

describe('createGapLog', () => {
  it('records one gap for ticks that touch, as soon as it does not go on', () => {
    const { records, gaps } = recorded();
    gaps.add(gap(1_000));
    gaps.settle(1_000);
    gaps.add(gap(2_000));
    gaps.settle(2_000);
    expect(records).toEqual([]);
    gaps.settle(3_000);
    expect(records).toEqual([{ kind: 'gap', source: 'redis', at: 1_000, until: 3_000, reason: 'refused' }]);
  });

  it('keeps two reasons apart', () => {
    const { records, gaps } = recorded();
    gaps.add(gap(1_000));
    gaps.add(gap(2_000, 'timeout'));
    gaps.flush();
    expect(records.map((record) => 'reason' in record && record.reason)).toEqual(['refused', 'timeout']);
  });

  it('does not hold back more than ten seconds of a long gap', () => {
    const { records, gaps } = recorded();
    for (let tick = 0; tick < 25; tick += 1) gaps.add(gap(tick * 1_000));
    expect(records.map(({ at }) => at)).toEqual([0, 10_000]);
    gaps.flush();
    expect(gaps.recorded()).toBe(3);
  });
});
