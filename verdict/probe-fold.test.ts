import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import type { EvidenceRecord } from '#model/evidence.ts';
import { sumProbeParts } from '#model/probe.ts';
import { shuffled } from '#model/random.ts';
import { probeRecords } from '../test/synthetic-probes.ts';
import { createProbeFold } from './probe-fold.ts';

const probe = { from: 1_000_000, to: 1_020_000 };
const load = { ratePerSecond: 40, latencyMs: 10, slowMs: 90, slowOf20: 2 };
const records = [...probeRecords(probe, load)];

function partOf(told: Iterable<EvidenceRecord>) {
  const fold = createProbeFold([probe], 50);
  for (const record of told) fold.add(record);
  const [part] = fold.parts();
  if (part === undefined) throw new Error('no part');
  return part;
}

describe('what engines did in a probe', () => {
  it('is counted from their ledger, and their local reads from histograms', () => {
    const part = partOf(records);
    expect(part).toMatchObject({
      ...{ recorded: 20, due: 800, dropped: 0, ended: 800, failed: 0, requests: 1_600, reads: 800, slow: 80 },
      ...{ begun: 800, late: 0, veryLate: 0, generatorDelaySeconds: 0.012 },
    });
    expect(part.batches).toEqual(Array.from({ length: 10 }, () => [80, 8]));
    expect(part.generatorCores).toBeCloseTo(0.3);
    const { latencyMsP50, latencyMsP95 } = sumProbeParts([part], { seconds: 20, shards: 1 });
    expect(Math.abs((latencyMsP50 ?? 0) / 10 - 1)).toBeLessThan(0.05);
    expect(Math.abs((latencyMsP95 ?? 0) / 90 - 1)).toBeLessThan(0.05);
  });

  it('does not depend on the order of records, nor on how often one comes', () => {
    expect(partOf(shuffled([...records, ...records.slice(7)], 5))).toEqual(partOf(records));
  });

  it('is of the probe alone: the seconds before and after it are none of it', () => {
    const around = [
      ...probeRecords({ from: probe.from - 9_000, to: probe.from }, { ...load, latencyMs: 4_000 }),
      ...probeRecords({ from: probe.to, to: probe.to + 9_000 }, { ...load, latencyMs: 4_000 }),
    ];
    expect(partOf([...around, ...records])).toEqual(partOf(records));
  });

  it('is the same from two hosts as from one', () => {
    const other = [...probeRecords(probe, { ...load, cores: 0.8 }, 1)];
    const options = { seconds: 20, shards: 2 };
    const apart = sumProbeParts([partOf(records), partOf(other)], options);
    expect(apart).toEqual(sumProbeParts([partOf([...records, ...other])], options));
    expect(apart.generatorCores).toBeCloseTo(0.8);
  });

  it('knows how late the generator began, against the latency that is asked for and by itself', () => {
    // A fifth of 50 ms is late, and a tenth of a second is far too late.
    expect(partOf(probeRecords(probe, { ...load, lateMs: 4 }))).toMatchObject({ begun: 800, late: 40, veryLate: 0 });
    expect(partOf(probeRecords(probe, { ...load, lateMs: 40 }))).toMatchObject({ begun: 800, late: 800, veryLate: 40 });
  });

  it('is small enough for a workflow to carry, whatever the latencies', () => {
    const wild = build({ highestTrackableValue: 2 ** 26, numberOfSignificantValueDigits: 3 });
    for (let latencyUs = 50; latencyUs < 2 ** 26; latencyUs *= 1.035) {
      wild.recordValueWithCount(Math.round(latencyUs), 4_000);
    }
    const histogram = encodeIntoCompressedBase64(wild);
    const told = records.map((record) => (record.kind === 'operation' ? { ...record, histogram } : record));
    expect(partOf(told).latencies.length).toBeGreaterThan(280);
    expect(JSON.stringify(partOf(told)).length).toBeLessThan(4_000);
  });

  it('survives a histogram that cannot be read, and counts what an engine did before and after its death', () => {
    const torn = records.map((record) =>
      record.kind === 'operation' && record.at === probe.from ? { ...record, histogram: 'torn' } : record,
    );
    expect(partOf(torn)).toMatchObject({ reads: 760, recorded: 20 });
    const died = records.filter(({ at }) => at < probe.from + 5_000 || at > probe.from + 9_000);
    expect(partOf(died).recorded).toBe(15);
  });
});
