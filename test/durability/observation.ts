import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { postgresUrl } from '#compose/postgres.ts';
import { createEvidenceStore } from '#evidence/store.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { FaultLease } from '#model/fault-plan.ts';
import { Desired } from '#model/held.ts';
import type { Plan } from '#model/plan.ts';
import type { RunResultFile } from '#reports/result.ts';
import { createProcessTable } from '#compose/process-table.ts';
import type { System } from '../stack/system.ts';
import { accountLedger, type LedgerAccount } from './ledger-account.ts';

/** How often each role was started, by the table that it is in. */
export type Starts = Readonly<Record<string, number>>;

/** Everything of one run that is held against its twin. */
export interface Observation {
  readonly runKey: string;
  readonly result: RunResultFile;
  readonly plan: Plan;
  readonly planHash: string;
  readonly evidence: EvidenceSummary;
  readonly ledger: LedgerAccount;
  readonly leases: readonly FaultLease[];
  /** Held processes that were not told to stop, or live on. */
  readonly stillHeld: readonly string[];
  /** Starts of everything since the cell began; the run's own engines, sampler and watchdog since ever. */
  readonly starts: Starts;
  /** Activities that the workflow scheduled, by type. */
  readonly scheduled: Readonly<Record<string, number>>;
  /** Segments that no upload took, and numbers that are missing among those that one took. */
  readonly spoolProblems: readonly string[];
  readonly runRows: number;
  readonly reportHtml: string;
}

const tables = ['workers', 'base/processes', 'stack/processes'] as const;

export function readStarts(stateFolder: string): Record<string, number> {
  const starts: Record<string, number> = {};
  for (const table of tables) Object.assign(starts, startsIn(join(stateFolder, table)));
  return starts;
}

function startsIn(folder: string): Record<string, number> {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.starts')) : [];
  return Object.fromEntries(
    files.map((file) => [file.replace(/\.starts$/, ''), Number(readFileSync(join(folder, file), 'utf8'))]),
  );
}

/** `startsBefore`: of the moment before the run began. */
export async function observe(
  system: System,
  { runKey, workflowId }: { runKey: string; workflowId: string },
  startsBefore: Starts,
): Promise<Observation> {
  const folder = join(system.folder, 'runs', runKey);
  const evidenceUrl = postgresUrl(15_432 + system.portOffset);
  const json = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const plan = json('plan.json') as Plan;
  const evidence = json('evidence.json') as EvidenceSummary;
  const stored = await readRunRow(evidenceUrl, runKey);
  const grown = Object.entries(readStarts(system.folder)).map(
    ([role, starts]) => [role, starts - (startsBefore[role] ?? 0)] as const,
  );
  return {
    runKey,
    result: system.readResult(runKey),
    plan,
    planHash: stored.planHash,
    evidence,
    ledger: await readLedger(evidenceUrl, runKey, { plan, startsAt: evidence.loadStartsAt ?? 0 }),
    leases: readLeases(join(folder, 'faults')),
    stillHeld: findStillHeld(join(folder, 'held')),
    starts: { ...Object.fromEntries(grown), ...startsIn(join(folder, 'held', 'processes')) },
    scheduled: await countScheduled(system, workflowId),
    spoolProblems: [...findUnstored(join(folder, 'spool')), ...stored.holes],
    runRows: stored.rows,
    reportHtml: readFileSync(join(folder, 'report.html'), 'utf8'),
  };
}

/** Rejects when the evidence store does not answer. */
export async function askEvidence(system: System): Promise<void> {
  const connectionString = postgresUrl(15_432 + system.portOffset);
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2_000, query_timeout: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function readLedger(
  databaseUrl: string,
  runKey: string,
  { plan, startsAt }: { plan: Plan; startsAt: number },
): Promise<LedgerAccount> {
  const store = createEvidenceStore({ databaseUrl });
  try {
    return await accountLedger(store.reader().records(runKey), plan.load, startsAt);
  } finally {
    await store.close();
  }
}

async function readRunRow(
  connectionString: string,
  runKey: string,
): Promise<{ planHash: string; rows: number; holes: string[] }> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const runs = await client.query<{ plan_hash: string }>('select plan_hash from runs where run_key = $1', [runKey]);
    const holes = await client.query<{ producer: string; incarnation: number }>(
      `select producer, incarnation from batches where run_key = $1
       group by producer, incarnation having max(sequence) - min(sequence) + 1 <> count(*) or min(sequence) > 1`,
      [runKey],
    );
    return {
      planHash: runs.rows[0]?.plan_hash ?? '',
      rows: runs.rows.length,
      holes: holes.rows.map(({ producer, incarnation }) => `batches of ${producer}.${incarnation} are missing`),
    };
  } finally {
    await client.end();
  }
}

const findUnstored = (spool: string): string[] =>
  existsSync(spool)
    ? readdirSync(spool)
        .filter((file) => /\.ndjson(\.part)?$/.test(file))
        .map((file) => `${file} was never stored`)
    : [];

function readLeases(folder: string): FaultLease[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => /^[a-z0-9-]+\.json$/.test(file))
    .map((file) => FaultLease.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
}

function findStillHeld(held: string): string[] {
  if (!existsSync(held)) return [];
  const living = createProcessTable(join(held, 'processes'))
    .list()
    .filter(({ isAlive }) => isAlive)
    .map(({ role }) => `${role} lives on`);
  const untold = readdirSync(held)
    .filter((name) => existsSync(join(held, name, 'desired.json')))
    .filter((name) => !Desired.parse(JSON.parse(readFileSync(join(held, name, 'desired.json'), 'utf8'))).stop)
    .map((name) => `${name} was never told to stop`);
  return [...living, ...untold];
}

async function countScheduled(system: System, workflowId: string): Promise<Record<string, number>> {
  const history = await system.client.workflow.getHandle(workflowId).fetchHistory();
  const counts: Record<string, number> = {};
  for (const { activityTaskScheduledEventAttributes: scheduled } of history.events ?? []) {
    const type = scheduled?.activityType?.name;
    if (typeof type === 'string') counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}
