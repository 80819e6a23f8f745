/** The canonical name of everything that is sampled; the one place where a metric is named. Unit last. */
export const metrics = {
  // Every process, from /proc.
  rssBytes: 'rss_bytes',
  rssAnonBytes: 'rss_anon_bytes',
  pssBytes: 'pss_bytes',
  cpuSeconds: 'cpu_seconds_total',
  threads: 'threads',
  openFiles: 'open_files',
  contextSwitches: 'context_switches_total',
  // Node targets, from their own /metrics.
  gcPauseSeconds: 'gc_pause_seconds_total',
  gcCount: 'gc_count_total',
  gcMajorCount: 'gc_major_count_total',
  heapUsedBytes: 'heap_used_bytes',
  heapTotalBytes: 'heap_total_bytes',
  externalBytes: 'external_bytes',
  eventLoopDelayP99Seconds: 'event_loop_delay_p99_seconds',
  // Gateway instances.
  httpRequests: 'http_requests_total',
  cacheL1Hits: 'cache_l1_hits_total',
  cacheL1Misses: 'cache_l1_misses_total',
  cacheL1Bytes: 'cache_l1_bytes',
  cacheL2Hits: 'cache_l2_hits_total',
  cacheL2Misses: 'cache_l2_misses_total',
  federationCalls: 'federation_calls_total',
  federationFailures: 'federation_failures_total',
  poolConnections: 'pool_connections',
  poolIdle: 'pool_idle_connections',
  poolWaiting: 'pool_waiting',
  // PostgreSQL.
  databaseConnections: 'database_connections',
  databaseActive: 'database_active_connections',
  databaseConnectionsMax: 'database_connections_max',
  databaseBlocksHit: 'database_blocks_hit_total',
  databaseBlocksRead: 'database_blocks_read_total',
  databaseTransactions: 'database_transactions_total',
  databaseDeadRows: 'database_dead_rows',
  databaseWalBytes: 'database_wal_bytes_total',
  databaseBytes: 'database_bytes',
  // Redis.
  redisMemoryBytes: 'redis_memory_bytes',
  redisHits: 'redis_hits_total',
  redisMisses: 'redis_misses_total',
  redisEvictions: 'redis_evictions_total',
  redisClients: 'redis_clients',
  redisKeys: 'redis_keys',
  // nginx.
  nginxConnections: 'nginx_connections',
  nginxRequests: 'nginx_requests_total',
} as const;
export type MetricName = (typeof metrics)[keyof typeof metrics];
