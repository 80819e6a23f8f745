import { describe, expect, it } from 'vitest';
import type { ColumnMapping, TableMapping } from '#model/target.ts';
import { bindColumns } from './columns.ts';
import { compileEncoder, copyHeader, createChunk, type Chunk } from './encoder.ts';
import { createBatch } from './row-batch.ts';

const mapping: TableMapping = {
  entity: 'tools',
  table: 't',
  columns: [
    { column: 'small', type: 'int2', field: 'small' },
    { column: 'whole', type: 'int4', field: 'whole' },
    { column: 'large', type: 'int8', field: 'large' },
    { column: 'part', type: 'float4', field: 'part' },
    { column: 'flag', type: 'bool', field: 'flag' },
    { column: 'at', type: 'timestamptz', field: 'at' },
    { column: 'twice', type: 'int4', field: (row) => Number(row['whole']) * 2 },
  ],
};
const texts: readonly ColumnMapping[] = [
  { column: 'word', type: 'text', field: 'word' },
  { column: 'loud', type: 'text', field: (row) => (typeof row['word'] === 'string' ? `${row['word']}!` : null) },
];
const row = { small: 1, whole: -2, large: 5_000_000_000, part: 0.5, flag: 1, at: 946_684_801_000 };
const numbersInHex = [
  '00000002' + '0001',
  '00000004' + 'fffffffe',
  '00000008' + '000000012a05f200',
  '00000004' + '3f000000',
  '00000001' + '01',
  // One second after the epoch of PostgreSQL, in microseconds.
  '00000008' + '00000000000f4240',
  '00000004' + 'fffffffc',
].join('');

interface Row {
  readonly numbers?: Partial<typeof row>;
  readonly word?: string;
}

function encode(rows: readonly Row[], columns: readonly ColumnMapping[], chunk: Chunk = createChunk()) {
  const batch = createBatch(rows.length, Object.keys(row) as (keyof typeof row)[], ['word']);
  rows.forEach(({ numbers, word }, index) => {
    const values = { ...row, ...numbers };
    for (const [name, value] of Object.entries(values)) batch.numbers[name as keyof typeof row][index] = value;
    batch.texts.word[index] = word;
  });
  batch.size = rows.length;
  const bound = bindColumns({ ...mapping, columns }, batch);
  bound.follow();
  const next = compileEncoder(bound).encode(0, chunk);
  return { next, hex: chunk.bytes.subarray(0, chunk.used).toString('hex') };
}

describe('compileEncoder', () => {
  it("writes PostgreSQL's binary format: field count, then length and big-endian bytes of each value", () => {
    expect(encode([{}, {}], mapping.columns)).toEqual({ next: 2, hex: `0007${numbersInHex}`.repeat(2) });
  });

  it('writes texts, also those that are not ASCII, and values that a row does not have', () => {
    const columns = [...mapping.columns, ...texts];
    expect(encode([{ word: 'né' }, {}], columns).hex).toBe(
      `0009${numbersInHex}000000036ec3a9000000046ec3a9210009${numbersInHex}ffffffffffffffff`,
    );
    const [, whole] = mapping.columns;
    expect(encode([{ numbers: { whole: NaN } }, {}], whole === undefined ? [] : [whole]).hex).toBe(
      '0001ffffffff000100000004fffffffe',
    );
  });

  it('writes moments before 2000 as negative ones', () => {
    const columns = mapping.columns.filter(({ column }) => column === 'at');
    const { hex } = encode([{ numbers: { at: 946_684_799_999 } }], columns);
    expect(Buffer.from(hex, 'hex').readBigInt64BE(6)).toBe(-1_000n);
  });

  it('stops when the chunk is full, and goes on in the next one with the row that did not fit', () => {
    for (const columns of [mapping.columns, [...mapping.columns, ...texts]]) {
      const chunk = createChunk();
      const rowBytes = encode([{ word: 'ab' }], columns).hex.length / 2;
      // A null takes less than a number is given room for.
      chunk.used = chunk.bytes.length - 3 * rowBytes - 10;
      const word = 'ab';
      const { next } = encode([{ word }, { word }, { word }, { word }, { word }], columns, chunk);
      expect([2, 3]).toContain(next);
      expect(chunk.used).toBeLessThanOrEqual(chunk.bytes.length);
    }
  });

  it('refuses a row that is longer than a chunk', () => {
    expect(() => encode([{ word: 'a'.repeat(300_000) }], texts)).toThrow('t: a row is longer');
  });

  it('refuses a type that it cannot write, and a field that rows do not have, naming the column', () => {
    const list: ColumnMapping = { column: 'list', type: 'text[]', field: 'whole' };
    expect(() => encode([{}], [list])).toThrow('t.list');
    expect(() => encode([{}], [{ column: 'colour', type: 'text', field: 'colour' }])).toThrow('t.colour');
  });
});

it('begins with the signature of binary COPY, eleven bytes and no flags', () => {
  expect(copyHeader.toString('latin1')).toBe('PGCOPY\n\u00ff\r\n\0' + '\0'.repeat(8));
});
