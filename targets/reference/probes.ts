import { metrics } from '#model/metrics.ts';
import type { StackAddress } from '#model/stack.ts';
import type { ProbeSpec } from '#model/target.ts';
import { runtimeSeries } from '../runtime-series.ts';
import { gatewaySeries } from './gateway/metrics.ts';

/** What each gateway says of itself, by canonical name (R6.1). */
export function gatewayProbes(address: Pick<StackAddress, 'gatewayUrls'>): ProbeSpec[] {
  return address.gatewayUrls.map((url, index) => ({
    role: `gateway-${index + 1}`,
    url: new URL('/metrics', url).href,
    series,
  }));
}

const series: ProbeSpec['series'] = [
  ...runtimeSeries.node,
  { name: gatewaySeries.requests, metric: metrics.httpRequests },
  { name: `${gatewaySeries.requestSeconds}_sum`, metric: metrics.httpRequestSeconds },
  { name: gatewaySeries.cacheHits, labels: { level: 'l1' }, metric: metrics.cacheL1Hits },
  { name: gatewaySeries.cacheMisses, labels: { level: 'l1' }, metric: metrics.cacheL1Misses },
  { name: gatewaySeries.cacheBytes, metric: metrics.cacheL1Bytes },
  { name: gatewaySeries.cacheHits, labels: { level: 'l2' }, metric: metrics.cacheL2Hits },
  { name: gatewaySeries.cacheMisses, labels: { level: 'l2' }, metric: metrics.cacheL2Misses },
  { name: gatewaySeries.federationCalls, metric: metrics.federationCalls },
  { name: gatewaySeries.federationFailures, metric: metrics.federationFailures },
  { name: `${gatewaySeries.federationSeconds}_sum`, metric: metrics.federationSeconds },
  { name: `${gatewaySeries.federationSeconds}_bucket`, labels: { le: '0.1' }, metric: metrics.federationWithin100Ms },
  { name: `${gatewaySeries.federationSeconds}_bucket`, labels: { le: '0.3' }, metric: metrics.federationWithin300Ms },
  { name: `${gatewaySeries.federationSeconds}_bucket`, labels: { le: '1' }, metric: metrics.federationWithin1S },
  { name: `${gatewaySeries.federationSeconds}_bucket`, labels: { le: '2' }, metric: metrics.federationWithin2S },
  { name: gatewaySeries.poolConnections, metric: metrics.poolConnections },
  { name: gatewaySeries.poolIdle, metric: metrics.poolIdle },
  { name: gatewaySeries.poolWaiting, metric: metrics.poolWaiting },
];
