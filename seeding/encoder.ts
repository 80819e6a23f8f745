import type { ColumnType } from '#model/target.ts';
import type { BoundColumn, BoundTable } from './columns.ts';
import type { TextColumn } from './text-column.ts';

/** Milliseconds between the Unix epoch and PostgreSQL's, 2000-01-01. */
const postgresEpochMs = 946_684_800_000;
const nullLength = -1;
const chunkBytes = 256 * 1_024;

/** `PGCOPY`, no flags, no header extension. */
export const copyHeader = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
/** Field count −1 ends the data. */
export const copyTrailer = Buffer.from([0xff, 0xff]);

/** A stretch of COPY data that rows are written into until it is full. */
export interface Chunk {
  readonly bytes: Buffer;
  readonly view: DataView;
  used: number;
}

/** Never used again once handed on: the driver may still hold it when it asks for more. */
export function createChunk(): Chunk {
  const bytes = Buffer.allocUnsafeSlow(chunkBytes);
  return { bytes, view: new DataView(bytes.buffer), used: 0 };
}

export interface RowEncoder {
  /**
   * Writes rows of the batch from index `from` on as long as they fit into the chunk, and says which is the first that was not
   * written. Throws when not even one fits into an empty chunk.
   */
  encode(from: number, chunk: Chunk): number;
}

const widths: Readonly<Partial<Record<ColumnType, number>>> = {
  int2: 2,
  int4: 4,
  int8: 8,
  float4: 4,
  bool: 1,
  timestamptz: 8,
};

/** Compiles a table into a writer of PostgreSQL's binary COPY rows; throws on a column type that it cannot write. */
export function compileEncoder(bound: BoundTable): RowEncoder {
  for (const { column, type } of bound.columns) {
    if (type !== 'text' && widths[type] === undefined) {
      throw new Error(`${bound.table}.${column}: type ${type} cannot be seeded`);
    }
  }
  const isFixed = bound.columns.every(({ type }) => type !== 'text');
  const { batch } = bound;
  return {
    encode: (from, chunk) => {
      const next =
        isFixed && isDense(bound, batch.size) ? encodeColumns(bound, from, chunk) : encodeRows(bound, from, chunk);
      if (next === from && chunk.used === 0 && from < batch.size) {
        throw new Error(`${bound.table}: a row is longer than ${chunkBytes} bytes`);
      }
      return next;
    },
  };
}

/** No number is missing, so that every row is as long as every other. */
function isDense({ columns }: BoundTable, size: number): boolean {
  for (const { numbers } of columns) {
    if (numbers === undefined) return false;
    for (let row = 0; row < size; row += 1) if (Number.isNaN(numbers[row])) return false;
  }
  return true;
}

/** Rows of one length, a column at a time: each loop is over one type, which is what makes it fast. */
function encodeColumns({ columns, batch }: BoundTable, from: number, chunk: Chunk): number {
  const rowBytes = columns.reduce((sum, { type }) => sum + 4 + (widths[type] ?? 0), 2);
  const end = Math.min(batch.size, from + Math.floor((chunkBytes - chunk.used) / rowBytes));
  const { view } = chunk;
  for (let row = from, at = chunk.used; row < end; row += 1, at += rowBytes) view.setInt16(at, columns.length);
  let at = chunk.used + 2;
  for (const { type, numbers = new Float64Array(0) } of columns) {
    const width = widths[type] ?? 0;
    writeColumn({ view, type, width, rowBytes }, numbers.subarray(from, end), at);
    at += 4 + width;
  }
  chunk.used += (end - from) * rowBytes;
  return end;
}

interface ColumnPlace {
  readonly view: DataView;
  readonly type: ColumnType;
  readonly width: number;
  readonly rowBytes: number;
}

function writeColumn({ view, type, width, rowBytes }: ColumnPlace, values: Float64Array, start: number): void {
  const rows = values.length;
  for (let row = 0, at = start; row < rows; row += 1, at += rowBytes) view.setInt32(at, width);
  let at = start + 4;
  switch (type) {
    case 'int4':
      for (let row = 0; row < rows; row += 1, at += rowBytes) view.setInt32(at, values[row] ?? 0);
      return;
    case 'int2':
      for (let row = 0; row < rows; row += 1, at += rowBytes) view.setInt16(at, values[row] ?? 0);
      return;
    case 'float4':
      for (let row = 0; row < rows; row += 1, at += rowBytes) view.setFloat32(at, values[row] ?? 0);
      return;
    case 'bool':
      for (let row = 0; row < rows; row += 1, at += rowBytes) view.setUint8(at, values[row] ?? 0);
      return;
    case 'int8':
    case 'timestamptz': {
      const isTime = type === 'timestamptz';
      for (let row = 0; row < rows; row += 1, at += rowBytes) {
        const value = values[row] ?? 0;
        writeInt8(view, at, isTime ? (value - postgresEpochMs) * 1_000 : value);
      }
      return;
    }
    case 'text':
    case 'text[]':
      throw new Error(`a column of type ${type} has no fixed width`);
  }
}

/** Rows with texts, or without some of their values: value after value. */
function encodeRows({ columns, batch }: BoundTable, from: number, chunk: Chunk): number {
  let row = from;
  while (row < batch.size && chunk.used + bytesOf(columns, row) <= chunkBytes) {
    chunk.view.setInt16(chunk.used, columns.length);
    chunk.used += 2;
    for (const column of columns) writeValue(column, row, chunk);
    row += 1;
  }
  return row;
}

/** At most. */
function bytesOf(columns: readonly BoundColumn[], row: number): number {
  let bytes = 2;
  for (const { texts } of columns) {
    bytes += texts === undefined ? 12 : 4 + Math.max(0, texts.lengths[row] ?? 0);
  }
  return bytes;
}

function writeValue({ type, numbers, texts }: BoundColumn, row: number, chunk: Chunk): void {
  const { view, used: at } = chunk;
  if (texts !== undefined) {
    chunk.used = writeText(texts, row, chunk);
    return;
  }
  const value = numbers?.[row] ?? NaN;
  if (Number.isNaN(value)) {
    view.setInt32(at, nullLength);
    chunk.used = at + 4;
    return;
  }
  const width = widths[type] ?? 0;
  view.setInt32(at, width);
  chunk.used = at + 4;
  writeNumber(type, value, chunk);
}

/** Short texts are copied faster by hand than by a call into the runtime. Answers where the next value begins. */
function writeText({ bytes: from, starts, lengths }: TextColumn, row: number, { bytes, view, used }: Chunk): number {
  const length = lengths[row] ?? nullLength;
  view.setInt32(used, length);
  if (length === nullLength) return used + 4;
  const start = starts[row] ?? 0;
  const at = used + 4;
  if (length > 100) from.copy(bytes, at, start, start + length);
  else for (let index = 0; index < length; index += 1) bytes[at + index] = from[start + index] ?? 0;
  return at + length;
}

function writeNumber(type: ColumnType, value: number, chunk: Chunk): void {
  const { view, used: at } = chunk;
  if (type === 'int4') view.setInt32(at, value);
  else if (type === 'int2') view.setInt16(at, value);
  else if (type === 'float4') view.setFloat32(at, value);
  else if (type === 'bool') view.setUint8(at, value);
  else writeInt8(view, at, type === 'timestamptz' ? (value - postgresEpochMs) * 1_000 : value);
  chunk.used = at + (widths[type] ?? 0);
}

/** A whole number below 2^53 as eight bytes; the low word's conversion is modulo 2^32. */
function writeInt8(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / 0x1_0000_0000));
  view.setInt32(at + 4, value | 0);
}
