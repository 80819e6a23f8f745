import { type RunRecord, type RunSummary, type StoredPlan } from './run.ts';
import { Plan } from '#model/plan.ts';
import type { Outcome } from '#model/verdict.ts';
import type { Query } from './query.ts';

/** Runs: their plans, how they ended, and the names that people call them by. */
export interface RunTable {
  /** Stores a run's plan once. When the run key is known already, what was stored first stands and is given back. */
  saveRun(run: RunRecord): Promise<StoredPlan>;
  /** Undefined when there is no such run. */
  readPlan(runKey: string): Promise<StoredPlan | undefined>;
  /** A run that is judged again gets its new outcome. */
  finishRun(run: { runKey: string; endedAt: number; outcome: Outcome; result: unknown }): Promise<void>;
  /** The whole of result.json; undefined while the run has none. */
  readResult(runKey: string): Promise<unknown>;
  /** Latest first. */
  listRuns(limit: number): Promise<RunSummary[]>;
  /** Runs that came here as archives, latest first. */
  listImported(limit: number): Promise<(RunSummary & { readonly importedAt: number })[]>;
  /** A run key, a workflow id (its latest run) or `latest`; undefined when nothing is called so. */
  resolveRun(text: string): Promise<string | undefined>;
}

interface PlanRow {
  readonly run_key: string;
  readonly workflow_id: string;
  readonly started_at: Date;
  readonly plan: unknown;
  readonly plan_hash: string;
}

interface RunRow extends Omit<PlanRow, 'plan'> {
  readonly workflow: string;
  readonly wave: string;
  readonly ended_at: Date | null;
  readonly outcome: Outcome | null;
}

const limitMax = 1_000;

export function createRunTable(query: Query): RunTable {
  async function readPlan(runKey: string): Promise<StoredPlan | undefined> {
    const [row] = await query<PlanRow>(
      'select run_key, workflow_id, started_at, plan, plan_hash from runs where run_key = $1',
      [runKey],
    );
    return row && storedPlan(row);
  }

  return {
    readPlan,
    async saveRun({ runKey, workflowId, plan, planHash, startedAt }) {
      await query(
        `insert into runs (run_key, workflow_id, workflow, wave, plan, plan_hash, started_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (run_key) do nothing`,
        [runKey, workflowId, plan.workflow, plan.wave, JSON.stringify(plan), planHash, new Date(startedAt)],
      );
      const stored = await readPlan(runKey);
      if (stored === undefined) throw new Error(`run ${runKey} was stored and is not there`);
      return stored;
    },
    async finishRun({ runKey, endedAt, outcome, result }) {
      const rows = await query(
        'update runs set ended_at = $2, outcome = $3, result = $4 where run_key = $1 returning run_key',
        [runKey, new Date(endedAt), outcome, JSON.stringify(result)],
      );
      if (rows.length === 0) throw new Error(`there is no run ${runKey} in the evidence store`);
    },
    async readResult(runKey) {
      const [row] = await query<{ result: unknown }>('select result from runs where run_key = $1', [runKey]);
      return row?.result ?? undefined;
    },
    async listRuns(limit) {
      const rows = await query<RunRow>(
        `select run_key, workflow_id, workflow, wave, plan_hash, started_at, ended_at, outcome
         from runs order by started_at desc, run_key limit $1`,
        [Math.min(limit, limitMax)],
      );
      return rows.map(runSummary);
    },
    async listImported(limit) {
      const rows = await query<RunRow & { imported_at: Date }>(
        `select run_key, workflow_id, workflow, wave, plan_hash, started_at, ended_at, outcome, imported_at
         from runs where imported_at is not null order by started_at desc, run_key limit $1`,
        [Math.min(limit, limitMax)],
      );
      return rows.map((row) => ({ ...runSummary(row), importedAt: row.imported_at.getTime() }));
    },
    async resolveRun(text) {
      const [row] = await query<{ run_key: string }>(
        `select run_key from runs where $1 = 'latest' or run_key = $1 or workflow_id = $1
         order by run_key = $1 desc, started_at desc limit 1`,
        [text],
      );
      return row?.run_key;
    },
  };
}

const storedPlan = (row: PlanRow): StoredPlan => ({
  runKey: row.run_key,
  workflowId: row.workflow_id,
  startedAt: row.started_at.getTime(),
  plan: Plan.parse(row.plan),
  planHash: row.plan_hash,
});

const runSummary = (row: RunRow): RunSummary => ({
  runKey: row.run_key,
  workflowId: row.workflow_id,
  workflow: row.workflow,
  wave: row.wave,
  startedAt: row.started_at.getTime(),
  ...(row.ended_at !== null && { endedAt: row.ended_at.getTime() }),
  ...(row.outcome !== null && { outcome: row.outcome }),
});
