import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { createChecksum } from '#model/digest.ts';
import type { TableMapping } from '#model/target.ts';
import { bindColumns } from './columns.ts';
import { compileEncoder, copyHeader, copyTrailer, createChunk } from './encoder.ts';
import type { RowStream } from './row-batch.ts';
import { compileDigest } from './row-digest.ts';

/** The rows of a stream as the data of a binary COPY. */
export interface EncodedRows {
  readonly columns: readonly string[];
  /** Once, from the signature to the trailer; chunk by chunk, so that the process can do other things in between. */
  chunks(): AsyncGenerator<Buffer>;
  /** What was encoded up to now; `seconds` of this thread went into it. */
  tally(): { rows: number; checksum: string; seconds: number };
}

export function encodeRows(mapping: TableMapping, stream: RowStream, onRows?: (rows: number) => void): EncodedRows {
  const bound = bindColumns(mapping, stream.batch);
  const encoder = compileEncoder(bound);
  const digest = compileDigest(bound);
  const checksum = createChecksum();
  let [rows, milliseconds] = [0, 0];
  const timed = <T>(work: () => T): T => {
    const startedAt = performance.now();
    const result = work();
    milliseconds += performance.now() - startedAt;
    return result;
  };
  const next = (): boolean => {
    if (!stream.fill()) return false;
    bound.follow();
    digest.addTo(checksum);
    return true;
  };
  return {
    columns: bound.columns.map(({ column }) => column),
    async *chunks() {
      yield copyHeader;
      let chunk = createChunk();
      while (timed(next)) {
        const { size } = stream.batch;
        for (let row = 0; row < size;) {
          const first = row;
          row = timed(() => encoder.encode(first, chunk));
          if (row === size) break;
          yield chunk.bytes.subarray(0, chunk.used);
          await setImmediate();
          chunk = createChunk();
        }
        rows += size;
        onRows?.(size);
      }
      yield chunk.bytes.subarray(0, chunk.used);
      yield copyTrailer;
    },
    tally: () => ({ rows, checksum: checksum.hex(), seconds: milliseconds / 1_000 }),
  };
}

interface CopyTarget {
  readonly into: string;
  readonly columns: readonly string[];
  /** Only a table that was made in the same transaction can be filled frozen. */
  readonly isFrozen?: boolean;
  readonly signal?: AbortSignal;
}

/** Sends the data of a binary COPY; answers how many rows the server took. */
export async function sendCopy(
  client: Client,
  { into, columns, isFrozen, signal }: CopyTarget,
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<number> {
  const frozen = isFrozen === true ? ', FREEZE true' : '';
  const copy = client.query(copyFrom(`COPY ${into} (${columns.join(', ')}) FROM STDIN (FORMAT binary${frozen})`));
  const data = Readable.from(chunks, { highWaterMark: 1, objectMode: true });
  await pipeline(data, copy, signal === undefined ? {} : { signal });
  return copy.rowCount;
}
