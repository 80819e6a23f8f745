import { metrics } from '#model/metrics.ts';
import type { StackAddress } from '#model/stack.ts';
import type { ProbeSpec } from '#model/target.ts';
import { gatewaySeries } from './gateway/metrics.ts';

/** What each gateway says of itself, by canonical name (R6.1). */
export function gatewayProbes(address: StackAddress): ProbeSpec[] {
  return address.gatewayUrls.map((url, index) => ({
    role: `gateway-${index + 1}`,
    url: new URL('/metrics', url).href,
    series,
  }));
}

const series: ProbeSpec['series'] = [
  { name: 'nodejs_gc_duration_seconds_sum', metric: metrics.gcPauseSeconds },
  { name: 'nodejs_gc_duration_seconds_count', metric: metrics.gcCount },
  { name: 'nodejs_gc_duration_seconds_count', labels: { kind: 'major' }, metric: metrics.gcMajorCount },
  { name: 'nodejs_heap_size_used_bytes', metric: metrics.heapUsedBytes },
  { name: 'nodejs_heap_size_total_bytes', metric: metrics.heapTotalBytes },
  { name: 'nodejs_external_memory_bytes', metric: metrics.externalBytes },
  { name: 'nodejs_eventloop_lag_p99_seconds', metric: metrics.eventLoopDelayP99Seconds },
  { name: gatewaySeries.requests, metric: metrics.httpRequests },
  { name: gatewaySeries.cacheHits, labels: { level: 'l1' }, metric: metrics.cacheL1Hits },
  { name: gatewaySeries.cacheMisses, labels: { level: 'l1' }, metric: metrics.cacheL1Misses },
  { name: gatewaySeries.cacheBytes, metric: metrics.cacheL1Bytes },
  { name: gatewaySeries.cacheHits, labels: { level: 'l2' }, metric: metrics.cacheL2Hits },
  { name: gatewaySeries.cacheMisses, labels: { level: 'l2' }, metric: metrics.cacheL2Misses },
  { name: gatewaySeries.federationCalls, metric: metrics.federationCalls },
  { name: gatewaySeries.federationFailures, metric: metrics.federationFailures },
  { name: gatewaySeries.poolConnections, metric: metrics.poolConnections },
  { name: gatewaySeries.poolIdle, metric: metrics.poolIdle },
  { name: gatewaySeries.poolWaiting, metric: metrics.poolWaiting },
];
