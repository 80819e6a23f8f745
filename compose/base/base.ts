import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BinarySearch, requireBinary } from '../binaries.ts';
import { isEnding, type PostgresInstance, planPostgres, postgresUrl, preparePostgres } from '../postgres.ts';
import { type ProcessTable, createProcessTable } from '../process-table.ts';
import { serverUser } from '../system-user.ts';
import { type TemporalPorts, planTemporal, prepareTemporal } from './temporal.ts';

export interface BaseOptions extends BinarySearch {
  /** `.soak/base`. */
  readonly baseFolder: string;
  readonly temporal: TemporalPorts;
  readonly evidencePort: number;
  /** False when somebody else's Temporal service is used. */
  readonly withTemporal: boolean;
  readonly onProgress?: (line: string) => void;
}

export interface BaseAddress {
  /** Absent when the Temporal service is not ours. */
  readonly temporalAddress?: string;
  readonly temporalUi?: string;
  readonly evidenceUrl: string;
}

/** Starts or adopts what every run stands on: the Temporal server and the evidence store. Idempotent; returns when both are ready. */
export async function startBase(options: BaseOptions): Promise<BaseAddress> {
  const table = openBaseTable(options.baseFolder);
  const [temporal] = await Promise.all([
    options.withTemporal ? startTemporal(options, table) : {},
    startEvidence(options, table),
  ]);
  return { ...temporal, evidenceUrl: postgresUrl(options.evidencePort) };
}

/**
 * Whether the evidence store lives and takes nobody in any more, because somebody sent it SIGTERM. `startBase` then ends it
 * for good and starts it anew: its clients hold their connections for as long as a run lasts.
 */
export const isEvidenceEnding = (baseFolder: string): boolean =>
  openBaseTable(baseFolder).adopt('evidence') !== undefined && isEnding(evidencePlace(baseFolder));

/** Ends the base, the Temporal server first. Its data stay. Returns the roles that were ended. */
export async function stopBase(baseFolder: string): Promise<string[]> {
  const table = openBaseTable(baseFolder);
  const roles = table
    .list()
    .map(({ role }) => role)
    .sort()
    .reverse();
  for (const role of roles) await table.stop(role);
  return roles;
}

/**
 * The process table of a base.
 * @internal
 */
export const openBaseTable = (baseFolder: string): ProcessTable => createProcessTable(join(baseFolder, 'processes'));

async function startTemporal(
  options: BaseOptions,
  table: ProcessTable,
): Promise<Pick<BaseAddress, 'temporalAddress' | 'temporalUi'>> {
  const folder = join(options.baseFolder, 'temporal');
  mkdirSync(folder, { recursive: true });
  const place = { ...options.temporal, temporal: requireBinary('temporal', options), folder };
  await table.start(planTemporal(place));
  await prepareTemporal(place);
  options.onProgress?.(`Temporal server ready on 127.0.0.1:${place.port}`);
  return { temporalAddress: `127.0.0.1:${place.port}`, temporalUi: `http://127.0.0.1:${place.uiPort}` };
}

const evidencePlace = (baseFolder: string) => ({ folder: join(baseFolder, 'evidence'), runAs: serverUser() });

async function startEvidence(options: BaseOptions, table: ProcessTable): Promise<void> {
  const evidence: PostgresInstance = {
    role: 'evidence',
    ...evidencePlace(options.baseFolder),
    port: options.evidencePort,
    postgres: requireBinary('postgres', options),
    settings: evidenceSettings,
  };
  if (isEvidenceEnding(options.baseFolder)) await table.stop('evidence');
  await preparePostgres(evidence);
  await table.start(planPostgres(evidence));
  options.onProgress?.(`evidence store ready on 127.0.0.1:${options.evidencePort}`);
}

/** It takes batches of evidence from a few producers; the machine's memory belongs to the target. */
const evidenceSettings: Readonly<Record<string, string>> = {
  max_connections: '60',
  shared_buffers: '64MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
};
