import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { regions } from '#model/region.ts';
import type { Cache } from './cache.ts';
import type { Database } from './database.ts';
import type { FederationObserver } from './federation.ts';
import { watchRuntime } from './runtime-metrics.ts';

/** Names as this gateway exports them; `targets/reference/probes.ts` maps them to the canonical ones. */
export const gatewaySeries = {
  requests: 'gateway_http_requests_total',
  requestSeconds: 'gateway_http_request_seconds',
  cacheHits: 'gateway_cache_hits_total',
  cacheMisses: 'gateway_cache_misses_total',
  cacheBytes: 'gateway_cache_bytes',
  federationCalls: 'gateway_federation_calls_total',
  federationFailures: 'gateway_federation_failures_total',
  federationSeconds: 'gateway_federation_call_seconds',
  poolConnections: 'gateway_pool_connections',
  poolIdle: 'gateway_pool_idle_connections',
  poolWaiting: 'gateway_pool_waiting',
} as const;

export interface GatewayMetrics extends FederationObserver {
  answered(request: { route: string; method: string; status: number; seconds: number }): void;
  text(): Promise<string>;
  readonly contentType: string;
}

interface WatchedParts {
  readonly cache: Pick<Cache, 'counts' | 'bytes'>;
  readonly database: Pick<Database, 'connections'>;
}

export function createMetrics(watched: WatchedParts): GatewayMetrics {
  const registry = new Registry();
  watchRuntime(registry);
  watchCache(registry, watched.cache);
  watchPool(registry, watched.database);

  const registers = [registry];
  const requests = new Counter({
    name: gatewaySeries.requests,
    help: 'Requests answered',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const requestSeconds = new Histogram({
    name: gatewaySeries.requestSeconds,
    help: 'Time from request to answer',
    labelNames: ['route', 'method'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const calls = new Counter({
    name: gatewaySeries.federationCalls,
    help: 'Calls of peers',
    labelNames: ['region'],
    registers,
  });
  const failures = new Counter({
    name: gatewaySeries.federationFailures,
    help: 'Calls of peers that failed or timed out',
    labelNames: ['region'],
    registers,
  });
  const callSeconds = new Histogram({
    name: gatewaySeries.federationSeconds,
    help: 'Time that a peer took to answer or fail',
    labelNames: ['region'],
    buckets: [0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5],
    registers,
  });
  // A counter that nobody has touched yet is not exported, and a signal that does not deliver stops a run.
  for (const region of regions) {
    calls.inc({ region }, 0);
    failures.inc({ region }, 0);
    callSeconds.zero({ region });
  }

  return {
    answered({ route, method, status, seconds }) {
      requests.inc({ route, method, status });
      requestSeconds.observe({ route, method }, seconds);
    },
    called(region, seconds, isAnswered) {
      calls.inc({ region });
      failures.inc({ region }, isAnswered ? 0 : 1);
      callSeconds.observe({ region }, seconds);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** The cache counts for itself; a scrape copies its counts, so that a hit costs no label look-up. */
function watchCache(registry: Registry, cache: WatchedParts['cache']): void {
  const counted = (name: string, help: string, read: () => { l1: number; l2: number }): Counter<'level'> =>
    new Counter({
      name,
      help,
      labelNames: ['level'],
      registers: [registry],
      collect() {
        this.reset();
        const { l1, l2 } = read();
        this.inc({ level: 'l1' }, l1);
        this.inc({ level: 'l2' }, l2);
      },
    });
  const { counts } = cache;
  counted(gatewaySeries.cacheHits, 'Reads answered by a level of the cache', () => ({
    l1: counts.l1Hits,
    l2: counts.l2Hits,
  }));
  counted(gatewaySeries.cacheMisses, 'Reads that a level of the cache could not answer', () => ({
    l1: counts.l1Misses,
    l2: counts.l2Misses,
  }));
  gauge(registry, { name: gatewaySeries.cacheBytes, help: 'Bytes held in L1' }, () => cache.bytes);
}

function watchPool(registry: Registry, database: WatchedParts['database']): void {
  const help = 'Connections of the database pool';
  gauge(registry, { name: gatewaySeries.poolConnections, help }, () => database.connections().total);
  gauge(registry, { name: gatewaySeries.poolIdle, help: `${help} that do nothing` }, () => database.connections().idle);
  gauge(
    registry,
    { name: gatewaySeries.poolWaiting, help: 'Requests that wait for a connection' },
    () => database.connections().waiting,
  );
}

function gauge(registry: Registry, named: { name: string; help: string }, read: () => number): Gauge {
  return new Gauge({
    ...named,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
