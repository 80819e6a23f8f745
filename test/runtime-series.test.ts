import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { metrics } from '#model/metrics.ts';
import { createMetrics } from '#targets/reference/gateway/metrics.ts';
import { gatewayProbes } from '#targets/reference/probes.ts';
import { runtimeSeries } from '#targets/runtime-series.ts';
import { createPageReader } from '#telemetry/prometheus-text.ts';

afterEach(() => {
  setFlagsFromString('--no-expose-gc');
});

/** Made by `prometheus_client` 0.26 in a CPython 3.11 that had collected once by hand. */
const cpythonPage = `# HELP python_gc_objects_collected_total Objects collected during gc
# TYPE python_gc_objects_collected_total counter
python_gc_objects_collected_total{generation="0"} 424.0
python_gc_objects_collected_total{generation="1"} 83.0
python_gc_objects_collected_total{generation="2"} 23.0
# HELP python_gc_objects_uncollectable_total Uncollectable objects found during GC
# TYPE python_gc_objects_uncollectable_total counter
python_gc_objects_uncollectable_total{generation="0"} 0.0
python_gc_objects_uncollectable_total{generation="1"} 0.0
python_gc_objects_uncollectable_total{generation="2"} 0.0
# HELP python_gc_collections_total Number of times this generation was collected
# TYPE python_gc_collections_total counter
python_gc_collections_total{generation="0"} 39.0
python_gc_collections_total{generation="1"} 3.0
python_gc_collections_total{generation="2"} 1.0
# HELP python_info Python platform information
# TYPE python_info gauge
python_info{implementation="CPython",major="3",minor="11",patchlevel="7",version="3.11.7"} 1.0
# HELP process_virtual_memory_bytes Virtual memory size in bytes.
# TYPE process_virtual_memory_bytes gauge
process_virtual_memory_bytes 2.8123136e+07
# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 2.32448e+07
# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.79584270547e+09
# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 0.08
# HELP process_open_fds Number of open file descriptors.
# TYPE process_open_fds gauge
process_open_fds 6.0
# HELP process_max_fds Maximum number of open file descriptors.
# TYPE process_max_fds gauge
process_max_fds 20000.0
`;

describe('runtimeSeries', () => {
  it('reads the collector and the memory of a CPython process from its own page', () => {
    expect(createPageReader(runtimeSeries.cpython)(cpythonPage)).toEqual({
      gc_count_total: 43,
      gc_major_count_total: 1,
      gc_minor_count_total: 39,
      gc_objects_collected_total: 530,
      gc_objects_uncollectable_total: 0,
      rss_bytes: 23_244_800,
      cpu_seconds_total: 0.08,
      open_files: 6,
    });
  });
});

const nothing = {
  counts: { l1Hits: 3, l1Misses: 1, l2Hits: 1, l2Misses: 0 },
  bytes: 500,
  connections: () => ({ total: 2, idle: 1, waiting: 0 }),
};

describe('the page of the reference gateway', () => {
  const [probe] = gatewayProbes({ gatewayUrls: ['http://127.0.0.1:1'] });
  const series = probe?.series ?? [];
  const readPage = createPageReader(series);
  const collect = (): void => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  };

  it('delivers every signal at once that it must, and what a major collection left as soon as there was one', async () => {
    const gateway = createMetrics({ cache: nothing, database: nothing });
    gateway.answered({ route: '/ready', method: 'GET', status: 200, seconds: 0.002 });
    const read = async () => readPage(await gateway.text());
    const required = new Set(series.flatMap(({ metric, optional }) => (optional === undefined ? [metric] : [])));
    await vi.waitFor(async () => {
      const values = await read();
      expect([...required].filter((metric) => values[metric] === undefined)).toEqual([]);
    }, 4_000);

    const before = await read();
    for (let round = 0; round < 3; round += 1) collect();
    await vi.waitFor(async () => {
      const values = await read();
      // Three that end together are three.
      expect((values[metrics.gcMajorCount] ?? 0) - (before[metrics.gcMajorCount] ?? 0)).toBeGreaterThanOrEqual(3);
      expect(values[metrics.heapAfterMajorGcBytes]).toBeGreaterThan(1_000_000);
      expect(values[metrics.gcCount]).toBeGreaterThanOrEqual(values[metrics.gcMajorCount] ?? Infinity);
      expect(values[metrics.gcPausesWithin1S]).toBeLessThanOrEqual(values[metrics.gcCount] ?? 0);
    }, 4_000);
  });

  it('tells pauses and calls by how long they took', async () => {
    const gateway = createMetrics({ cache: nothing, database: nothing });
    for (const seconds of [0.08, 0.25, 0.9, 4]) gateway.called('us-east', seconds, seconds < 1);
    expect(readPage(await gateway.text())).toMatchObject({
      federation_calls_total: 4,
      federation_failures_total: 1,
      federation_calls_within_100ms_total: 1,
      federation_calls_within_300ms_total: 2,
      federation_calls_within_1s_total: 3,
      federation_calls_within_2s_total: 3,
    });
  });
});
