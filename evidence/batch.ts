import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { EvidenceRecord } from '#model/evidence.ts';
import type { SegmentText } from './segment.ts';

/** One segment as it is stored. (run, producer, incarnation, sequence) is its identity, whoever uploads it and how often. */
export interface Batch {
  readonly runKey: string;
  readonly producer: string;
  readonly incarnation: number;
  readonly sequence: number;
  readonly records: number;
  readonly refused: number;
  readonly kinds: Readonly<Record<string, number>>;
  /** Milliseconds since the epoch; undefined for a batch without records. */
  readonly fromAt: number | undefined;
  readonly toAt: number | undefined;
  /** gzip of NDJSON. */
  readonly body: Buffer;
}

const compress = promisify(gzip);
const decompress = promisify(gunzip);
/** A batch is one segment of about 1 MB; anything far beyond is damage, not evidence. */
const bodyBytesMax = 64 * 1024 * 1024;
/** Room for most bodies in one piece: each piece costs the event loop a turn. */
const chunkBytes = 1024 * 1024;

export async function packBatch(
  identity: Pick<Batch, 'runKey' | 'producer' | 'incarnation' | 'sequence'>,
  { records, lines, refused }: SegmentText,
): Promise<Batch> {
  const kinds: Record<string, number> = {};
  let fromAt: number | undefined;
  let toAt: number | undefined;
  for (const { kind, at } of records) {
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    fromAt = Math.min(fromAt ?? at, at);
    toAt = Math.max(toAt ?? at, at);
  }
  const body = await compress(lines.map((line) => `${line}\n`).join(''));
  const { runKey, producer, incarnation, sequence } = identity;
  return { runKey, producer, incarnation, sequence, records: records.length, refused, kinds, fromAt, toAt, body };
}

/** The lines of a stored body, as they were spooled, each with its line break. */
export const unpackText = async (body: Buffer): Promise<string> =>
  (await decompress(body, { maxOutputLength: bodyBytesMax, chunkSize: chunkBytes })).toString();

/** The records of a stored body. They were parsed when they were stored, so their shape is not checked again. */
export async function unpackBody(body: Buffer): Promise<EvidenceRecord[]> {
  const text = await unpackText(body);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as EvidenceRecord);
}
