import * as z from 'zod';
import { canonicalJson } from '#model/canonical-json.ts';
import { Checkpoint } from '#model/checkpoint.ts';
import { Outcome } from '#model/verdict.ts';

/** Raised when an archive of this version could not be read by the one before. */
export const archiveVersion = 1;

const count = z.int().nonnegative();
const at = z.int();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** Files of a run's folder that travel; none holds a secret, and a lease, which somebody else's janitor would carry out, is not among them. */
const travelling =
  /^((input|plan|verdict|evidence|result)[.]json|report[.]html|writes\/[a-z][a-z0-9-]*[.]\d+[.]\d+[.]journal)$/;
export const isTravelling = (path: string): boolean => travelling.test(path);

/** What the archive holds, by number: more than this is not read. */
const ArchiveContents = z.strictObject({
  batches: count,
  records: count,
  checkpoints: count,
  audit: count,
  files: count,
  /** Of the batches as the store has them, and of the files. */
  storedBytes: count,
  fileBytes: count,
});

/** First line. Not strict: of a newer archive it must be readable how new it is. */
export const ArchiveHeader = z.object({
  archive: z.literal('soakwave evidence'),
  formatVersion: z.int().positive(),
  runKey: z.string(),
  workflowId: z.string(),
  exportedAt: z.iso.datetime(),
  /** Of soakwave. */
  version: z.string(),
  contents: ArchiveContents,
});
export type ArchiveHeader = z.infer<typeof ArchiveHeader>;

const runKey = z.string().regex(/^[A-Za-z0-9-]{1,100}$/);

const RunEntry = z.strictObject({
  entry: z.literal('run'),
  runKey,
  workflowId: z.string(),
  workflow: z.string(),
  wave: z.string(),
  plan: z.unknown(),
  planHash: z.string(),
  startedAt: at,
  endedAt: at.optional(),
  outcome: Outcome.optional(),
  /** The whole of result.json. */
  result: z.unknown().optional(),
});
const VerdictEntry = z.strictObject({
  entry: z.literal('verdict'),
  ...{ basis: z.string(), verdict: z.string(), judgeCode: z.string(), version: z.string(), judgedAt: at },
});
const CheckpointEntry = z.strictObject({
  entry: z.literal('checkpoint'),
  ...Checkpoint.shape,
  ...{ seconds: z.number(), records: count },
});
const AuditEntry = z.strictObject({
  entry: z.literal('audit'),
  ...{ id: z.string(), at, who: z.string(), what: z.string(), why: z.string() },
});
/** Followed by as many lines, a record each, as they were spooled. */
const BatchEntry = z.strictObject({
  entry: z.literal('batch'),
  producer: z.string().regex(/^[a-z][a-z0-9-]*$/),
  incarnation: count,
  sequence: count,
  refused: count,
  lines: count,
});
const FileEntry = z.strictObject({
  entry: z.literal('file'),
  path: z.string().refine(isTravelling, 'not a file that travels'),
  piece: count,
  isLast: z.boolean(),
  body: z.base64(),
});
/** Last line: SHA-256 of all lines before it that belong to a section, by section. */
const EndEntry = z.strictObject({
  entry: z.literal('end'),
  sections: z.record(z.enum(['header', 'run', 'verdict', 'checkpoint', 'audit', 'batch', 'file']), hash),
});

export const ArchiveLine = z.discriminatedUnion('entry', [
  RunEntry,
  VerdictEntry,
  CheckpointEntry,
  AuditEntry,
  BatchEntry,
  FileEntry,
  EndEntry,
]);
export type ArchiveLine = z.infer<typeof ArchiveLine>;

/** A batch with the text of its lines; every other entry is its line. */
export type ArchiveEntry =
  | Exclude<ArchiveLine, { entry: 'batch' | 'end' }>
  | (Omit<z.infer<typeof BatchEntry>, 'lines'> & { readonly text: string });
export type EntryOf<Name extends ArchiveEntry['entry']> = Extract<ArchiveEntry, { entry: Name }>;

export type ArchiveSections = z.infer<typeof EndEntry>['sections'];

/** The lines of an entry, each with its line break. */
export function textOf(entry: ArchiveEntry): string {
  if (entry.entry !== 'batch') return `${canonicalJson(entry)}\n`;
  const { text, ...rest } = entry;
  return `${canonicalJson({ ...rest, lines: countLines(text) })}\n${text}`;
}

function countLines(text: string): number {
  let lines = 0;
  for (let from = text.indexOf('\n'); from >= 0; from = text.indexOf('\n', from + 1)) lines += 1;
  return lines;
}
