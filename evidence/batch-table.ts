import type { EvidenceReader } from '#model/evidence.ts';
import { oneByOne, readAhead } from './ahead.ts';
import { type Batch, unpackBody, unpackText } from './batch.ts';
import type { Query } from './query.ts';
import { refusedEvidence } from './unavailable.ts';
import type { BatchStore } from './upload.ts';

export interface BatchTable extends BatchStore {
  /** Streams a run's records, a few batches in memory at a time. A store that goes away in between rejects with `StoreUnavailable`. */
  reader(): EvidenceReader;
  /** Streams a run's batches in the order in which their records are read, with the text of their lines. */
  batchTexts(runKey: string): AsyncIterable<BatchText>;
  /** Until when a producer's records are stored, in ms since the epoch, by its name; all of its incarnations together. */
  storedUntil(runKey: string): Promise<ReadonlyMap<string, number>>;
  /** How much of a run is stored; `kinds` counts records by kind. */
  totals(runKey: string): Promise<BatchTotals>;
}

export interface BatchText extends Pick<Batch, 'producer' | 'incarnation' | 'sequence' | 'refused'> {
  readonly text: string;
}

interface BatchTotals {
  readonly batches: number;
  readonly records: number;
  readonly refused: number;
  readonly bytes: number;
  /** First and last time of a record, in ms since the epoch; absent when there is none. */
  readonly fromAt?: number;
  readonly toAt?: number;
  readonly kinds: Readonly<Record<string, number>>;
}

interface BodyRow {
  readonly producer: string;
  readonly incarnation: number;
  readonly sequence: number;
  readonly refused: number;
  readonly body: Buffer;
}

const pageBatches = 16;

export function createBatchTable(query: Query): BatchTable {
  return {
    async saveBatch(batch) {
      // A longer one of the same identity is the same segment, uploaded before while it was still open.
      await query(
        `insert into batches as b
           (run_key, producer, incarnation, sequence, records, refused, kinds, from_at, to_at, body)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (run_key, producer, incarnation, sequence) do update
           set records = excluded.records, refused = excluded.refused, kinds = excluded.kinds,
               from_at = excluded.from_at, to_at = excluded.to_at, body = excluded.body, stored_at = now()
           where excluded.records > b.records`,
        parametersOf(batch),
      );
    },
    reader: () => ({
      records: (runKey) =>
        oneByOne(readAhead(pages(query, runKey), (row) => unpackRow({ runKey, ...row }, unpackBody))),
    }),
    async *batchTexts(runKey) {
      for await (const row of pages(query, runKey)) {
        const { producer, incarnation, sequence, refused } = row;
        yield { producer, incarnation, sequence, refused, text: await unpackRow({ runKey, ...row }, unpackText) };
      }
    },
    async storedUntil(runKey) {
      const rows = await query<{ producer: string; until: Date }>(
        `select producer, max(to_at) as until from batches
         where run_key = $1 and to_at is not null group by producer`,
        [runKey],
      );
      return new Map(rows.map(({ producer, until }) => [producer, until.getTime()]));
    },
    async totals(runKey) {
      const [sums] = await query<
        Record<'batches' | 'records' | 'refused' | 'bytes', string> & Record<'from_at' | 'to_at', Date | null>
      >(
        `select count(*) as batches, coalesce(sum(records), 0) as records, coalesce(sum(refused), 0) as refused,
                coalesce(sum(length(body)), 0) as bytes, min(from_at) as from_at, max(to_at) as to_at
         from batches where run_key = $1`,
        [runKey],
      );
      const kinds = await query<{ kind: string; records: string }>(
        `select kind, sum(counted::bigint) as records
         from batches, jsonb_each_text(kinds) as k (kind, counted) where run_key = $1 group by kind order by kind`,
        [runKey],
      );
      return {
        batches: Number(sums?.batches ?? 0),
        records: Number(sums?.records ?? 0),
        refused: Number(sums?.refused ?? 0),
        bytes: Number(sums?.bytes ?? 0),
        ...(sums?.from_at ? { fromAt: sums.from_at.getTime() } : {}),
        ...(sums?.to_at ? { toAt: sums.to_at.getTime() } : {}),
        kinds: Object.fromEntries(kinds.map(({ kind, records }) => [kind, Number(records)])),
      };
    },
  };
}

/** A row that cannot be unpacked is damaged: left out, it would make a verdict of less than there was. */
async function unpackRow<T>(
  { runKey, producer, incarnation, sequence, body }: BodyRow & { runKey: string },
  unpack: (body: Buffer) => Promise<T>,
): Promise<T> {
  try {
    return await unpack(body);
  } catch (error) {
    const segment = `${producer}.${incarnation}.${sequence}.ndjson`;
    throw refusedEvidence(
      `batch ${producer} ${incarnation} ${sequence} of run ${runKey} is damaged in the evidence store. If runs/${runKey}/spool` +
        ` still has ${segment}.done, rename it to ${segment} and delete the row from batches: it is uploaded again; without it,` +
        ` deleting the row lets the run be judged on what is left`,
      error,
    );
  }
}

/** Pages by key, not by cursor: a reader that stops for an hour holds no transaction open. */
async function* pages(query: Query, runKey: string): AsyncIterable<BodyRow> {
  let after: Pick<BodyRow, 'producer' | 'incarnation' | 'sequence'> = { producer: '', incarnation: 0, sequence: -1 };
  for (;;) {
    const rows = await query<BodyRow>(
      `select producer, incarnation, sequence, refused, body from batches
       where run_key = $1 and (producer, incarnation, sequence) > ($2, $3, $4)
       order by producer, incarnation, sequence limit ${pageBatches}`,
      [runKey, after.producer, after.incarnation, after.sequence],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageBatches) return;
    after = last;
  }
}

/** Of `insert into batches` with all of its columns. */
export const parametersOf = (batch: Batch): unknown[] => [
  batch.runKey,
  batch.producer,
  batch.incarnation,
  batch.sequence,
  batch.records,
  batch.refused,
  JSON.stringify(batch.kinds),
  batch.fromAt === undefined ? null : new Date(batch.fromAt),
  batch.toAt === undefined ? null : new Date(batch.toAt),
  batch.body,
];
