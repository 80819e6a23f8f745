import * as z from 'zod';
import { Outcome } from '#model/verdict.ts';

const count = z.int().nonnegative();

/** Last line of `soak evidence export`, `import` and `show` with `--json`; published under docs/schema/. */
export const ArchiveReport = z.strictObject({
  run: z.string(),
  workflowId: z.string(),
  /** Path of the archive. */
  file: z.string(),
  /** `present`: the run was here already, the same to the byte. `whole`: it was only looked at, and nothing is wrong with it. */
  came: z.enum(['exported', 'imported', 'present', 'whole']),
  /** Size of the archive. */
  bytes: count,
  batches: count,
  records: count,
  /** Version of soakwave that made the archive, and when. */
  version: z.string(),
  exportedAt: z.iso.datetime(),
  /** The verdict that was told; absent for a run that has none. */
  outcome: Outcome.optional(),
  seconds: z.number(),
});
export type ArchiveReport = z.infer<typeof ArchiveReport>;

/** Last line of `soak evidence size --json`. */
export const EvidenceSize = z.strictObject({
  run: z.string(),
  workflowId: z.string(),
  batches: count,
  records: count,
  kinds: z.record(z.string(), count),
  /** As the store holds it: compressed, without the table's own share. */
  bytes: count,
  /** From the first record to the last, in milliseconds. */
  spanMs: z.number(),
  /** What 48 h at this rate would take; absent when there is less than half a minute to tell it from. */
  bytesIn48Hours: z.number().optional(),
  /** What 48 h may take. */
  bytesIn48HoursMax: count,
});
export type EvidenceSize = z.infer<typeof EvidenceSize>;

/**
 * Output of `soak evidence --json`.
 * @internal
 */
export const EvidenceReport = z.union([ArchiveReport, EvidenceSize]);

export interface ExportOrder {
  /** A run key, a workflow id, or `latest`. */
  readonly run: string;
  /** Absent: `soak-<run key>.soak` in the working directory. */
  readonly to?: string;
  readonly force: boolean;
}

export interface ArchiveWatch {
  readonly signal: AbortSignal;
  /** Batches that are through, of how many. */
  readonly onProgress: (done: number, of: number) => void;
}

/** Evidence of runs as files (R6.5). What is wrong with a file or a name rejects with a `UsageError` that says so. */
export interface EvidenceDesk {
  /** Writes an archive, whole or not at all. */
  exportRun(order: ExportOrder, watch: ArchiveWatch): Promise<ArchiveReport>;
  /** Puts the run of an archive into the store here, whole or not at all; twice is once. */
  importRun(file: string, watch: ArchiveWatch): Promise<ArchiveReport>;
  /** Reads an archive to its end; needs no server. */
  show(file: string, watch: ArchiveWatch): Promise<ArchiveReport>;
  size(run: string): Promise<EvidenceSize>;
}
