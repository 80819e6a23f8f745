import type { Query } from './query.ts';

/** A verdict as it was told, and everything that it was judged by beside the records; both as canonical JSON. */
export interface StoredVerdict {
  readonly runKey: string;
  readonly basis: string;
  readonly verdict: string;
  /** Stamp of the code that judged, and its version. */
  readonly judgeCode: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly judgedAt: number;
}

export interface VerdictTable {
  /** A run that is judged again gets its new verdict. */
  saveVerdict(verdict: StoredVerdict): Promise<void>;
  /** Undefined for a run that was not judged, or by a version that did not keep what it judged by. */
  readVerdict(runKey: string): Promise<StoredVerdict | undefined>;
}

interface VerdictRow {
  readonly run_key: string;
  readonly basis: string;
  readonly verdict: string;
  readonly judge_code: string;
  readonly version: string;
  readonly judged_at: Date;
}

export function createVerdictTable(query: Query): VerdictTable {
  return {
    async saveVerdict({ runKey, basis, verdict, judgeCode, version, judgedAt }) {
      await query(
        `insert into verdicts (run_key, basis, verdict, judge_code, version, judged_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (run_key) do update
           set basis = excluded.basis, verdict = excluded.verdict, judge_code = excluded.judge_code,
               version = excluded.version, judged_at = excluded.judged_at`,
        [runKey, basis, verdict, judgeCode, version, new Date(judgedAt)],
      );
    },
    async readVerdict(runKey) {
      const [row] = await query<VerdictRow>(
        'select run_key, basis, verdict, judge_code, version, judged_at from verdicts where run_key = $1',
        [runKey],
      );
      return row && stored(row);
    },
  };
}

const stored = ({ run_key, judge_code, judged_at, ...rest }: VerdictRow): StoredVerdict => ({
  ...{ runKey: run_key, ...rest, judgeCode: judge_code },
  judgedAt: judged_at.getTime(),
});
