import type { Outcome } from '#model/verdict.ts';
import type { BatchTable } from '../batch-table.ts';
import type { CheckpointTable } from '../checkpoint-table.ts';
import type { Query } from '../query.ts';
import type { VerdictTable } from '../verdict-table.ts';
import { type ArchiveEntry, type ArchiveSections, textOf } from './archive-entry.ts';
import { createSectionDigest, storedSections } from './archive-sections.ts';

export interface StoredRuns {
  /** All that is stored of a run, in the order of an archive; a few batches in memory at a time. Nothing, when there is no such run. */
  entries(runKey: string): AsyncIterable<ArchiveEntry>;
  /** How many entries of a kind that is read as a whole there are. */
  countTold(runKey: string): Promise<{ checkpoints: number; audit: number }>;
}

interface RunRow {
  readonly run_key: string;
  readonly workflow_id: string;
  readonly workflow: string;
  readonly wave: string;
  readonly plan: unknown;
  readonly plan_hash: string;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly outcome: Outcome | null;
  readonly result: unknown;
}

interface AuditRow {
  readonly entry: string;
  readonly at: Date;
  readonly who: string;
  readonly what: string;
  readonly why: string;
}

/** Far beyond what operators tell one run, and a bound on the memory that reading them takes. */
const toldMax = 10_000;

export function createStoredRuns(query: Query, tables: BatchTable & CheckpointTable & VerdictTable): StoredRuns {
  return {
    async *entries(runKey) {
      const [row] = await query<RunRow>(
        `select run_key, workflow_id, workflow, wave, plan, plan_hash, started_at, ended_at, outcome, result
         from runs where run_key = $1`,
        [runKey],
      );
      if (row === undefined) return;
      yield runEntry(row);
      const verdict = await tables.readVerdict(runKey);
      if (verdict !== undefined) {
        const { basis, verdict: text, judgeCode, version, judgedAt } = verdict;
        yield { entry: 'verdict', basis, verdict: text, judgeCode, version, judgedAt };
      }
      for (const checkpoint of await tables.readCheckpoints(runKey)) yield { entry: 'checkpoint', ...checkpoint };
      const audit = await query<AuditRow>(
        `select entry, at, who, what, why from audit where run_key = $1 order by at, entry limit ${toldMax}`,
        [runKey],
      );
      for (const { entry: id, at, ...told } of audit) yield { entry: 'audit', id, at: at.getTime(), ...told };
      for await (const batch of tables.batchTexts(runKey)) yield { entry: 'batch', ...batch };
    },
    async countTold(runKey) {
      const [counts] = await query<Record<'checkpoints' | 'audit', string>>(
        `select (select count(*) from checkpoints where run_key = $1) as checkpoints,
                (select count(*) from audit where run_key = $1) as audit`,
        [runKey],
      );
      return { checkpoints: Number(counts?.checkpoints ?? 0), audit: Number(counts?.audit ?? 0) };
    },
  };
}

const runEntry = (row: RunRow): ArchiveEntry => ({
  ...{ entry: 'run', runKey: row.run_key, workflowId: row.workflow_id, workflow: row.workflow, wave: row.wave },
  ...{ plan: row.plan, planHash: row.plan_hash },
  startedAt: row.started_at.getTime(),
  ...(row.ended_at !== null && { endedAt: row.ended_at.getTime() }),
  ...(row.outcome !== null && { outcome: row.outcome }),
  ...(row.result !== null && { result: row.result }),
});

/** In which sections what is stored of a run is not what an archive holds of it; none: the same to the byte. */
export async function differingSections(
  stored: AsyncIterable<ArchiveEntry>,
  archived: ArchiveSections,
): Promise<string[]> {
  const digest = createSectionDigest();
  for await (const entry of stored) digest.add(entry.entry, textOf(entry));
  const found = digest.end();
  return storedSections.filter((name) => found[name] !== archived[name]);
}
