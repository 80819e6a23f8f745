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
  swapBytes: 'swap_bytes',
  ioReadBytes: 'io_read_bytes_total',
  ioWriteBytes: 'io_write_bytes_total',
  // Runtimes with a collector, from their own /metrics. "Within" counts pauses of all kinds that were so short, shorter ones included.
  gcPauseSeconds: 'gc_pause_seconds_total',
  gcMinorPauseSeconds: 'gc_minor_pause_seconds_total',
  gcMajorPauseSeconds: 'gc_major_pause_seconds_total',
  gcCount: 'gc_count_total',
  gcMinorCount: 'gc_minor_count_total',
  gcMajorCount: 'gc_major_count_total',
  gcPausesWithin1Ms: 'gc_pauses_within_1ms_total',
  gcPausesWithin10Ms: 'gc_pauses_within_10ms_total',
  gcPausesWithin100Ms: 'gc_pauses_within_100ms_total',
  gcPausesWithin1S: 'gc_pauses_within_1s_total',
  gcObjectsCollected: 'gc_objects_collected_total',
  gcObjectsUncollectable: 'gc_objects_uncollectable_total',
  heapUsedBytes: 'heap_used_bytes',
  heapTotalBytes: 'heap_total_bytes',
  /** What the newest major collection left: the floor of the heap. Absent before the first one. */
  heapAfterMajorGcBytes: 'heap_after_major_gc_bytes',
  heapNewBytes: 'heap_new_bytes',
  heapOldBytes: 'heap_old_bytes',
  heapLargeBytes: 'heap_large_bytes',
  heapCodeBytes: 'heap_code_bytes',
  externalBytes: 'external_bytes',
  arrayBufferBytes: 'array_buffer_bytes',
  eventLoopDelayP99Seconds: 'event_loop_delay_p99_seconds',
  eventLoopDelayMaxSeconds: 'event_loop_delay_max_seconds',
  // Gateway instances.
  httpRequests: 'http_requests_total',
  httpRequestSeconds: 'http_request_seconds_total',
  cacheL1Hits: 'cache_l1_hits_total',
  cacheL1Misses: 'cache_l1_misses_total',
  cacheL1Bytes: 'cache_l1_bytes',
  cacheL2Hits: 'cache_l2_hits_total',
  cacheL2Misses: 'cache_l2_misses_total',
  federationCalls: 'federation_calls_total',
  federationFailures: 'federation_failures_total',
  federationSeconds: 'federation_call_seconds_total',
  federationWithin100Ms: 'federation_calls_within_100ms_total',
  federationWithin300Ms: 'federation_calls_within_300ms_total',
  federationWithin1S: 'federation_calls_within_1s_total',
  federationWithin2S: 'federation_calls_within_2s_total',
  poolConnections: 'pool_connections',
  poolIdle: 'pool_idle_connections',
  poolWaiting: 'pool_waiting',
  // PostgreSQL.
  databaseConnections: 'database_connections',
  databaseActive: 'database_active_connections',
  databaseIdle: 'database_idle_connections',
  databaseIdleInTransaction: 'database_idle_in_transaction_connections',
  databaseLockWaits: 'database_lock_waits',
  databaseLongestTransactionSeconds: 'database_longest_transaction_seconds',
  databaseConnectionsMax: 'database_connections_max',
  databaseBlocksHit: 'database_blocks_hit_total',
  databaseBlocksRead: 'database_blocks_read_total',
  databaseTransactions: 'database_transactions_total',
  databaseRollbacks: 'database_rollbacks_total',
  databaseDeadlocks: 'database_deadlocks_total',
  databaseTemporaryBytes: 'database_temporary_bytes_total',
  databaseRowsWritten: 'database_rows_written_total',
  databaseDeadRows: 'database_dead_rows',
  databaseWalBytes: 'database_wal_bytes_total',
  databaseBytes: 'database_bytes',
  databaseStatementCalls: 'database_statement_calls_total',
  databaseStatementSeconds: 'database_statement_seconds_total',
  // Redis.
  redisMemoryBytes: 'redis_memory_bytes',
  redisMemoryMaxBytes: 'redis_memory_max_bytes',
  redisHits: 'redis_hits_total',
  redisMisses: 'redis_misses_total',
  redisEvictions: 'redis_evictions_total',
  redisExpired: 'redis_expired_total',
  redisCommands: 'redis_commands_total',
  redisClients: 'redis_clients',
  redisKeys: 'redis_keys',
  // nginx.
  nginxConnections: 'nginx_connections',
  nginxWaiting: 'nginx_waiting_connections',
  nginxDropped: 'nginx_dropped_total',
  nginxRequests: 'nginx_requests_total',
  // The machine that the stack is on, and the control group that it is in.
  machineCpuSeconds: 'machine_cpu_seconds_total',
  machineBusySeconds: 'machine_cpu_busy_seconds_total',
  machineStealSeconds: 'machine_cpu_steal_seconds_total',
  machineIowaitSeconds: 'machine_cpu_iowait_seconds_total',
  machineCpuStallSeconds: 'machine_cpu_stall_seconds_total',
  machineMemoryStallSeconds: 'machine_memory_stall_seconds_total',
  machineIoStallSeconds: 'machine_io_stall_seconds_total',
  machineMemoryAvailableBytes: 'machine_memory_available_bytes',
  machineDiskFreeBytes: 'machine_disk_free_bytes',
  machineOomKills: 'machine_oom_kills_total',
  machineClockJumpSeconds: 'machine_clock_jump_seconds_total',
  cgroupPeriods: 'cgroup_cpu_periods_total',
  cgroupThrottledPeriods: 'cgroup_cpu_throttled_periods_total',
} as const;

/** What of a table is sampled. `net_rows`: rows inserted without rows deleted, those that were rolled back included, since the server began to count; not of materialized views. */
export const tableFigures = ['bytes', 'rows', 'dead_rows', 'net_rows'] as const;
export type TableFigure = (typeof tableFigures)[number];

/** What is sampled of each of the biggest tables, a partitioned one as a whole: `table[gateway.tools]_bytes`. */
export const tableMetric = (table: string, what: TableFigure): string => `table[${table}]_${what}`;

/** The table whose net rows a metric is; undefined for every other metric. */
export const tableOfNetRows = (metric: string): string | undefined => /^table\[(.+)\]_net_rows$/.exec(metric)?.[1];

/** What is sampled of each of the slowest statements, by PostgreSQL's own id: `statement[-42]_seconds_total`. */
export const statementMetric = (statement: string, what: 'calls_total' | 'seconds_total'): string =>
  `statement[${statement}]_${what}`;
