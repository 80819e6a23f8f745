import { type StackPlan } from '#model/stack.ts';

const mebibyte = 1024 * 1024;
/** Seeding, sampling, verification and a person with psql, beside the gateways' pools. */
const connectionsBeside = 60;

/**
 * Settings of the target's PostgreSQL, computed from the plan and the machine's memory (R5): the source's 256 MB work_mem and
 * 1,000 connections belong to its 128 GB machine. `fsync` stays on: the death of the machine is in scope.
 */
export function planPostgresSettings(plan: StackPlan, memoryBytes: number): Record<string, string> {
  const connections = plan.gatewayInstances * plan.databasePoolMax + connectionsBeside;
  const within = (bytes: number, [min, max]: readonly [number, number]): string =>
    `${Math.round(Math.min(Math.max(bytes / mebibyte, min), max))}MB`;
  return {
    max_connections: `${connections}`,
    shared_buffers: within(plan.databaseSharedBuffersBytes, [16, 65_536]),
    effective_cache_size: within(memoryBytes / 2, [128, 262_144]),
    work_mem: within(memoryBytes / 4 / connections, [4, 256]),
    maintenance_work_mem: within(memoryBytes / 24, [64, 2_048]),
    // While the data set is loaded there is nothing to replicate; replicas are made afterwards.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '4GB',
    min_wal_size: '256MB',
    checkpoint_timeout: '15min',
    checkpoint_completion_target: '0.9',
    random_page_cost: '1.1',
    effective_io_concurrency: '200',
    // Compiling a query that runs for a millisecond costs more than the query.
    jit: 'off',
    max_worker_processes: `${Math.max(8, plan.cores * 2)}`,
    max_parallel_workers: `${Math.max(2, plan.cores)}`,
    max_parallel_workers_per_gather: '2',
    max_parallel_maintenance_workers: `${Math.min(Math.max(1, plan.cores), 4)}`,
    log_min_duration_statement: '2000',
    log_autovacuum_min_duration: '-1',
  };
}
