import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { CapacitySearch, Probe } from '#model/capacity-search.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import { metrics } from '#model/metrics.ts';

/** What an engine and its target do at a rate. */
export interface ProbedLoad {
  readonly ratePerSecond: number;
  /** Of 19 local reads in 20, and of the twentieth. */
  readonly latencyMs: number;
  readonly slowMs?: number;
  /** Of 20 local reads, so many are slow; 1 unless said otherwise. */
  readonly slowOf20?: number;
  readonly cores?: number;
  readonly failedPerSecond?: number;
  /** How late the generator begins 19 of 20 iterations; the twentieth three times as late. */
  readonly lateMs?: number;
}

/** The seconds of one engine over a probe, as it spools them. An iteration is two requests, one of them a local read. */
export function* probeRecords(
  probe: Pick<Probe, 'from' | 'to'>,
  load: ProbedLoad,
  shard = 0,
): Generator<EvidenceRecord> {
  const { ratePerSecond: due, cores = 0.3, failedPerSecond = 0 } = load;
  for (let at = probe.from; at < probe.to; at += 1_000) {
    const cpuSeconds = (at / 1_000) * cores;
    yield {
      ...{ kind: 'ledger', at, shard, incarnation: 1, due, delivered: due, dropped: 0, abandoned: 0, inFlight: 0 },
      ...{
        requests: due * 2,
        iterationsOk: due - failedPerSecond,
        iterationsFailed: failedPerSecond,
        iterationsAbandoned: 0,
      },
    };
    const counts = { ok: due, failed: {}, abandoned: 0, partial: 0, bytesIn: 0 };
    const until = { at, until: at + 1_000, shard, incarnation: 1 };
    yield { kind: 'operation', ...until, operation: 'search-tools', ...counts, histogram: histogramOf(load) };
    yield {
      kind: 'operation',
      ...until,
      operation: 'create-tool',
      ...counts,
      histogram: histogramOf({ ...load, latencyMs: 900 }),
    };
    const late = histogramOf({ ratePerSecond: due, latencyMs: load.lateMs ?? 1 });
    yield { kind: 'schedule', ...until, begun: due, histogram: late };
    const values = { [metrics.eventLoopDelayP99Seconds]: 0.012, [metrics.cpuSeconds]: cpuSeconds };
    yield { kind: 'sample', at: at + 1_000, role: `engine-${shard}`, incarnation: 1, values };
  }
}

function histogramOf({ ratePerSecond, latencyMs, slowMs = latencyMs * 3, slowOf20 = 1 }: ProbedLoad): string {
  const histogram = build({ highestTrackableValue: 2 ** 26, numberOfSignificantValueDigits: 3 });
  for (let read = 0; read < ratePerSecond; read += 1) {
    histogram.recordValue(Math.round((read % 20 < slowOf20 ? slowMs : latencyMs) * 1_000));
  }
  return encodeIntoCompressedBase64(histogram);
}

/** A search whose probes were ten seconds each, a minute apart. */
export function syntheticSearch(
  startsAt: number,
  told: readonly (Pick<Probe, 'ratePerSecond' | 'outcome'> & Partial<Probe>)[],
): CapacitySearch & { endedBy: NonNullable<CapacitySearch['endedBy']> } {
  const probes = told.map((probe, index): Probe => {
    const from = startsAt + index * 60_000;
    return { look: 'first', from, to: from + 10_000, isClear: true, reason: 'as told', ...probe };
  });
  return { probes, endedBy: 'resolution' };
}
