import type { Checkpoint } from '#model/checkpoint.ts';
import type { Outcome } from '#model/verdict.ts';
import type { Query } from './query.ts';

/** A checkpoint with what it took. */
export interface StoredCheckpoint extends Checkpoint {
  readonly seconds: number;
  readonly records: number;
}

export interface CheckpointTable {
  /** What was stored first under a number stands and is given back. */
  saveCheckpoint(runKey: string, checkpoint: StoredCheckpoint): Promise<StoredCheckpoint>;
  /** By number, the first thousand. */
  readCheckpoints(runKey: string): Promise<StoredCheckpoint[]>;
}

interface CheckpointRow {
  readonly number: number;
  readonly up_to: Date;
  readonly outcome: Outcome;
  readonly headline: string;
  readonly reasons: string[];
  readonly certain: string | null;
  readonly seconds: number;
  readonly records: string;
}

const columns = 'number, up_to, outcome, headline, reasons, certain, seconds, records';

export function createCheckpointTable(query: Query): CheckpointTable {
  return {
    async saveCheckpoint(runKey, { number, upTo, outcome, headline, reasons, certain, seconds, records }) {
      await query(
        `insert into checkpoints (run_key, ${columns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (run_key, number) do nothing`,
        [runKey, number, new Date(upTo), outcome, headline, JSON.stringify(reasons), certain ?? null, seconds, records], // prettier-ignore
      );
      const [row] = await query<CheckpointRow>(
        `select ${columns} from checkpoints where run_key = $1 and number = $2`,
        [runKey, number],
      );
      if (row === undefined) throw new Error(`checkpoint ${number} of run ${runKey} was stored and is not there`);
      return stored(row);
    },
    async readCheckpoints(runKey) {
      const rows = await query<CheckpointRow>(
        `select ${columns} from checkpoints where run_key = $1 order by number limit 1000`,
        [runKey],
      );
      return rows.map(stored);
    },
  };
}

const stored = ({ up_to, records, certain, ...rest }: CheckpointRow): StoredCheckpoint => ({
  ...rest,
  ...(certain !== null && { certain }),
  upTo: up_to.getTime(),
  records: Number(records),
});
