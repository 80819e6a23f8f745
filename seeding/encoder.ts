import type { ColumnMapping, ColumnType, TableMapping } from '#model/target.ts';

/** Milliseconds between the Unix epoch and PostgreSQL's, 2000-01-01. */
const postgresEpochMs = 946_684_800_000;
const nullLength = -1;
/** No row is longer; a chunk is handed on when less than this is left of it. */
const rowBytesMax = 8_192;

/** `PGCOPY`, no flags, no header extension. */
export const copyHeader = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
/** Field count −1 ends the data. */
export const copyTrailer = Buffer.from([0xff, 0xff]);

type Row = Readonly<Record<string, unknown>>;

const chunkBytes = 256 * 1_024;

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

export const hasRoom = (chunk: Chunk): boolean => chunkBytes - chunk.used >= rowBytesMax;

export interface RowEncoder {
  readonly columns: readonly string[];
  /** Appends a row; the caller has seen that the chunk has room. */
  write(chunk: Chunk, row: Row): void;
}

/** Writes length and value at an offset and says where the next column begins. */
type ColumnWriter = (chunk: Chunk, offset: number, value: unknown) => number;

/** Compiles a table's mapping into a writer of PostgreSQL's binary COPY rows; throws on a column type it cannot write. */
export function compileEncoder({ columns, table }: TableMapping): RowEncoder {
  const fields = columns.map((mapping) => {
    const write = columnWriters[mapping.type];
    if (write === undefined) throw new Error(`${table}.${mapping.column}: type ${mapping.type} cannot be seeded`);
    return { read: readerOf(mapping), write };
  });
  return {
    columns: columns.map(({ column }) => column),
    write: (chunk, row) => {
      chunk.view.setInt16(chunk.used, fields.length);
      let offset = chunk.used + 2;
      for (const { read, write } of fields) {
        const value = read(row);
        if (value === undefined || value === null) {
          chunk.view.setInt32(offset, nullLength);
          offset += 4;
        } else {
          offset = write(chunk, offset, value);
        }
      }
      chunk.used = offset;
    },
  };
}

/** How a column's value is read from a row. */
export function readerOf({ field }: ColumnMapping): (row: Row) => unknown {
  return typeof field === 'string' ? (row) => row[field] : field;
}

const columnWriters: Readonly<Partial<Record<ColumnType, ColumnWriter>>> = {
  int2: ({ view }, offset, value) => {
    view.setInt32(offset, 2);
    view.setInt16(offset + 4, value as number);
    return offset + 6;
  },
  int4: ({ view }, offset, value) => {
    view.setInt32(offset, 4);
    view.setInt32(offset + 4, value as number);
    return offset + 8;
  },
  int8: (chunk, offset, value) => writeInt8(chunk, offset, value as number),
  float4: ({ view }, offset, value) => {
    view.setInt32(offset, 4);
    view.setFloat32(offset + 4, value as number);
    return offset + 8;
  },
  bool: ({ view }, offset, value) => {
    view.setInt32(offset, 1);
    view.setUint8(offset + 4, value === true ? 1 : 0);
    return offset + 5;
  },
  text: ({ view, bytes }, offset, value) => {
    const length = bytes.write(value as string, offset + 4, 'utf8');
    view.setInt32(offset, length);
    return offset + 4 + length;
  },
  timestamptz: (chunk, offset, value) => writeInt8(chunk, offset, ((value as number) - postgresEpochMs) * 1_000),
};

/** A whole number below 2^53 as eight bytes; the low word's conversion is modulo 2^32. */
function writeInt8({ view }: Chunk, offset: number, value: number): number {
  view.setInt32(offset, 8);
  view.setInt32(offset + 4, Math.floor(value / 0x1_0000_0000));
  view.setInt32(offset + 8, value | 0);
  return offset + 12;
}
