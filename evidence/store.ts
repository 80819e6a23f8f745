import { Pool, type PoolConfig } from 'pg';
import { createRunImport, type RunImport } from './archive/run-import.ts';
import { createStoredRuns, type StoredRuns } from './archive/stored-run.ts';
import { type BatchTable, createBatchTable } from './batch-table.ts';
import { type CheckpointTable, createCheckpointTable } from './checkpoint-table.ts';
import { createJournalTable, type JournalTable } from './journal-table.ts';
import { createLoadHostTable, type LoadHostTable } from './load-host-table.ts';
import { runMigrations } from './migrate.ts';
import { createQuery, type Query } from './query.ts';
import type { AuditEntry } from './run.ts';
import { createRunTable, type RunTable } from './run-table.ts';
import { storeError } from './unavailable.ts';
import { createVerdictTable, type VerdictTable } from './verdict-table.ts';

/**
 * The evidence store: a PostgreSQL instance of its own, never the target's (design §4). Every method rejects with an error
 * named `StoreUnavailable` when the store does not answer in time; all of them may be called again.
 */
export interface EvidenceStore
  extends RunTable, BatchTable, CheckpointTable, VerdictTable, LoadHostTable, JournalTable, StoredRuns, RunImport {
  /** Creates or upgrades the tables; safe to call at every start, by any number of processes. */
  migrate(): Promise<void>;
  appendAudit(entry: AuditEntry): Promise<void>;
  /** Oldest first, at most 1,000. */
  readAudit(runKey: string): Promise<AuditEntry[]>;
  close(): Promise<void>;
}

const connectMsMax = 5_000;
const statementMsMax = 20_000;
/** The client gives up by itself: a store that is stopped in mid-statement never says so. */
const answerMsMax = 25_000;

/** Opens no connection until it is used. */
export function createEvidenceStore({ databaseUrl }: { databaseUrl: string }): EvidenceStore {
  const pool = new Pool(poolOptions(databaseUrl));
  // An idle connection that breaks is replaced by the next query; without a listener it would end the process.
  pool.on('error', () => undefined);

  const query = createQuery(pool);
  const judged = { ...createBatchTable(query), ...createCheckpointTable(query), ...createVerdictTable(query) };

  return {
    ...createRunTable(query),
    ...judged,
    ...createStoredRuns(query, judged),
    ...createRunImport(pool),
    ...createLoadHostTable(query),
    ...createJournalTable(query),
    ...createAuditTable(query),
    async migrate() {
      try {
        await runMigrations(pool);
      } catch (error) {
        throw storeError(error);
      }
    },
    async close() {
      await pool.end();
    },
  };
}

const poolOptions = (databaseUrl: string): PoolConfig => ({
  connectionString: databaseUrl,
  application_name: 'soakwave-evidence',
  max: 4,
  connectionTimeoutMillis: connectMsMax,
  statement_timeout: statementMsMax,
  query_timeout: answerMsMax,
  idleTimeoutMillis: 30_000,
  keepAlive: true,
});

interface AuditRow {
  readonly run_key: string;
  readonly entry: string;
  readonly at: Date;
  readonly who: string;
  readonly what: string;
  readonly why: string;
}

function createAuditTable(query: Query): Pick<EvidenceStore, 'appendAudit' | 'readAudit'> {
  return {
    async appendAudit({ runKey, entry, at, who, what, why }) {
      await query(
        `insert into audit (run_key, entry, at, who, what, why) values ($1, $2, $3, $4, $5, $6)
         on conflict (run_key, entry) do nothing`,
        [runKey, entry, new Date(at), who, what, why],
      );
    },
    async readAudit(runKey) {
      const rows = await query<AuditRow>(
        'select run_key, entry, at, who, what, why from audit where run_key = $1 order by at, entry limit 1000',
        [runKey],
      );
      return rows.map(({ run_key, at, ...rest }) => ({ runKey: run_key, at: at.getTime(), ...rest }));
    },
  };
}
