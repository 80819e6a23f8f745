import type { Pool, PoolClient } from 'pg';
import { canonicalJson } from '#model/canonical-json.ts';
import { packBatch } from '../batch.ts';
import { parametersOf } from '../batch-table.ts';
import { parseSegment } from '../segment.ts';
import { storeError } from '../unavailable.ts';
import type { ArchiveEntry, EntryOf } from './archive-entry.ts';
import type { OpenArchive } from './archive-reader.ts';
import { badArchive } from './bad-archive.ts';

export interface RunImport {
  /**
   * Puts the run of an archive into the store in one transaction: all of it is there, or nothing. `present`: there is a run of
   * that key already, and nothing was changed. Throws a `BadArchive` when the archive is not whole.
   */
  importRun(archive: OpenArchive, options: ImportOptions): Promise<'imported' | 'present'>;
}

export interface ImportOptions {
  readonly signal: AbortSignal;
  readonly onBatch?: () => void;
}

export const createRunImport = (pool: Pool): RunImport => ({
  async importRun(archive, options) {
    const client = await pool.connect().catch((error: unknown) => {
      throw storeError(error);
    });
    let isClean = false;
    try {
      const came = await importWith(client, archive, options);
      isClean = true;
      return came;
    } catch (error) {
      await client.query('rollback').then(
        () => (isClean = true),
        () => undefined,
      );
      throw storeError(error);
    } finally {
      // A connection that could not be rolled back is not given to anybody else.
      client.release(!isClean);
    }
  },
});

async function importWith(
  client: PoolClient,
  { header, entries }: OpenArchive,
  { signal, onBatch }: ImportOptions,
): Promise<'imported' | 'present'> {
  const { runKey } = header;
  await client.query('begin');
  // Two imports of one run come one after the other, and the second finds what the first one did.
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [runKey]);
  const { rowCount } = await client.query('select from runs where run_key = $1', [runKey]);
  if (rowCount !== 0) {
    await client.query('rollback');
    return 'present';
  }
  for await (const entry of entries) {
    signal.throwIfAborted();
    await insert(client, runKey, entry);
    if (entry.entry === 'batch') onBatch?.();
  }
  await client.query('commit');
  return 'imported';
}

async function insert(client: PoolClient, runKey: string, entry: ArchiveEntry): Promise<void> {
  switch (entry.entry) {
    case 'run':
      return insertRun(client, entry);
    case 'verdict':
      await client.query(
        'insert into verdicts (run_key, basis, verdict, judge_code, version, judged_at) values ($1, $2, $3, $4, $5, $6)',
        [runKey, entry.basis, entry.verdict, entry.judgeCode, entry.version, new Date(entry.judgedAt)],
      );
      return;
    case 'checkpoint':
      await client.query(
        `insert into checkpoints (run_key, number, up_to, outcome, headline, reasons, certain, seconds, records)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          ...[runKey, entry.number, new Date(entry.upTo), entry.outcome, entry.headline],
          ...[JSON.stringify(entry.reasons), entry.certain ?? null, entry.seconds, entry.records],
        ],
      );
      return;
    case 'audit':
      await client.query('insert into audit (run_key, entry, at, who, what, why) values ($1, $2, $3, $4, $5, $6)', [
        ...[runKey, entry.id, new Date(entry.at), entry.who, entry.what, entry.why],
      ]);
      return;
    case 'batch':
      return insertBatch(client, runKey, entry);
    case 'file':
      return;
  }
}

async function insertRun(
  client: PoolClient,
  { runKey, workflowId, workflow, wave, plan, planHash, startedAt, endedAt, outcome, result }: EntryOf<'run'>,
): Promise<void> {
  await client.query(
    `insert into runs (run_key, workflow_id, workflow, wave, plan, plan_hash, started_at, ended_at, outcome, result,
                       imported_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now())`,
    [
      ...[runKey, workflowId, workflow, wave, canonicalJson(plan), planHash, new Date(startedAt)],
      ...[endedAt === undefined ? null : new Date(endedAt), outcome ?? null],
      result === undefined ? null : canonicalJson(result),
    ],
  );
}

/** The lines are parsed as they were when they were first stored, so that no batch comes in which nobody could read. */
async function insertBatch(client: PoolClient, runKey: string, entry: EntryOf<'batch'>): Promise<void> {
  const { producer, incarnation, sequence, refused } = entry;
  const segment = parseArchived(entry);
  const batch = await packBatch({ runKey, producer, incarnation, sequence }, { ...segment, refused });
  await client.query(
    `insert into batches (run_key, producer, incarnation, sequence, records, refused, kinds, from_at, to_at, body)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    parametersOf(batch),
  );
}

/** Throws a `BadArchive` for lines that are no record to this version. */
export function parseArchived({
  producer,
  incarnation,
  sequence,
  text,
}: Pick<EntryOf<'batch'>, 'producer' | 'incarnation' | 'sequence' | 'text'>): ReturnType<typeof parseSegment> {
  const segment = parseSegment(text);
  if (segment.refused === 0) return segment;
  throw badArchive(
    `batch ${producer} ${incarnation} ${sequence} has ${segment.refused} lines that are no record to this version of soakwave`,
  );
}
