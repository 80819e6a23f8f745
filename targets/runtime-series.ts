import { metrics } from '#model/metrics.ts';
import type { ProbeSpec } from '#model/target.ts';
import { runtimeSeriesNames as node } from './reference/gateway/runtime-metrics.ts';

const untilMajorGc = 'there is none before the first major collection';

/** What a runtime's own metrics page says of its memory and its collector, by canonical name (R6.1). */
export const runtimeSeries: Readonly<Record<'node' | 'cpython', ProbeSpec['series']>> = {
  node: [
    { name: `${node.gcSeconds}_sum`, metric: metrics.gcPauseSeconds },
    { name: `${node.gcSeconds}_sum`, labels: { kind: 'minor' }, metric: metrics.gcMinorPauseSeconds },
    { name: `${node.gcSeconds}_sum`, labels: { kind: 'major' }, metric: metrics.gcMajorPauseSeconds },
    { name: `${node.gcSeconds}_count`, metric: metrics.gcCount },
    { name: `${node.gcSeconds}_count`, labels: { kind: 'minor' }, metric: metrics.gcMinorCount },
    { name: `${node.gcSeconds}_count`, labels: { kind: 'major' }, metric: metrics.gcMajorCount },
    { name: `${node.gcSeconds}_bucket`, labels: { le: '0.001' }, metric: metrics.gcPausesWithin1Ms },
    { name: `${node.gcSeconds}_bucket`, labels: { le: '0.01' }, metric: metrics.gcPausesWithin10Ms },
    { name: `${node.gcSeconds}_bucket`, labels: { le: '0.1' }, metric: metrics.gcPausesWithin100Ms },
    { name: `${node.gcSeconds}_bucket`, labels: { le: '1' }, metric: metrics.gcPausesWithin1S },
    { name: node.heapUsedBytes, metric: metrics.heapUsedBytes },
    { name: node.heapTotalBytes, metric: metrics.heapTotalBytes },
    { name: node.heapAfterGcBytes, metric: metrics.heapAfterMajorGcBytes, optional: untilMajorGc },
    { name: node.heapSpaceBytes, labels: { space: 'new' }, metric: metrics.heapNewBytes },
    { name: node.heapSpaceBytes, labels: { space: 'old' }, metric: metrics.heapOldBytes },
    { name: node.heapSpaceBytes, labels: { space: 'large_object' }, metric: metrics.heapLargeBytes },
    { name: node.heapSpaceBytes, labels: { space: 'new_large_object' }, metric: metrics.heapLargeBytes },
    { name: node.heapSpaceBytes, labels: { space: 'code' }, metric: metrics.heapCodeBytes },
    { name: node.externalBytes, metric: metrics.externalBytes },
    { name: node.arrayBufferBytes, metric: metrics.arrayBufferBytes },
    { name: node.eventLoopDelayP99Seconds, metric: metrics.eventLoopDelayP99Seconds },
    { name: node.eventLoopDelayMaxSeconds, metric: metrics.eventLoopDelayMaxSeconds },
  ],
  /** As Python's `prometheus_client` exports it; CPython calls a collection of its oldest generation a full one. */
  cpython: [
    { name: 'python_gc_collections_total', metric: metrics.gcCount },
    { name: 'python_gc_collections_total', labels: { generation: '2' }, metric: metrics.gcMajorCount },
    { name: 'python_gc_collections_total', labels: { generation: '0' }, metric: metrics.gcMinorCount },
    { name: 'python_gc_objects_collected_total', metric: metrics.gcObjectsCollected },
    { name: 'python_gc_objects_uncollectable_total', metric: metrics.gcObjectsUncollectable },
    // What /proc says of a process comes before these: they are for one that runs on another host.
    { name: 'process_resident_memory_bytes', metric: metrics.rssBytes },
    { name: 'process_cpu_seconds_total', metric: metrics.cpuSeconds },
    { name: 'process_open_fds', metric: metrics.openFiles },
  ],
};
