import type { Query } from './query.ts';

interface StoredJournal {
  readonly file: string;
  readonly pieces: number;
  readonly bytes: number;
}

/** Copies of write journals, on their way from the host that wrote them to the one that reads back; a few megabytes at a time. */
export interface JournalTable {
  /** The same piece again replaces the one that is there: a journal may have grown. */
  saveJournalPiece(piece: { runKey: string; file: string; piece: number; body: Buffer }): Promise<void>;
  listJournals(runKey: string): Promise<StoredJournal[]>;
  /** Undefined when there is no such piece. */
  readJournalPiece(piece: { runKey: string; file: string; piece: number }): Promise<Buffer | undefined>;
  dropJournals(runKey: string): Promise<void>;
}

export function createJournalTable(query: Query): JournalTable {
  return {
    async saveJournalPiece({ runKey, file, piece, body }) {
      await query(
        `insert into journal_pieces (run_key, file, piece, body) values ($1, $2, $3, $4)
         on conflict (run_key, file, piece) do update set body = excluded.body`,
        [runKey, file, piece, body],
      );
    },
    async listJournals(runKey) {
      const rows = await query<{ file: string; pieces: string; bytes: string }>(
        `select file, count(*) as pieces, sum(length(body)) as bytes
         from journal_pieces where run_key = $1 group by file order by file`,
        [runKey],
      );
      return rows.map(({ file, pieces, bytes }) => ({ file, pieces: Number(pieces), bytes: Number(bytes) }));
    },
    async readJournalPiece({ runKey, file, piece }) {
      const [row] = await query<{ body: Buffer }>(
        'select body from journal_pieces where run_key = $1 and file = $2 and piece = $3',
        [runKey, file, piece],
      );
      return row?.body;
    },
    async dropJournals(runKey) {
      await query('delete from journal_pieces where run_key = $1', [runKey]);
    },
  };
}
