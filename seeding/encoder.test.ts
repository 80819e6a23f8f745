import { describe, expect, it } from 'vitest';
import type { TableMapping } from '#model/target.ts';
import { compileEncoder, copyHeader, createChunk, hasRoom } from './encoder.ts';

const mapping: TableMapping = {
  entity: 'tools',
  table: 't',
  columns: [
    { column: 'small', type: 'int2', field: 'small' },
    { column: 'whole', type: 'int4', field: 'whole' },
    { column: 'large', type: 'int8', field: 'large' },
    { column: 'part', type: 'float4', field: 'part' },
    { column: 'flag', type: 'bool', field: 'flag' },
    { column: 'word', type: 'text', field: 'word' },
    { column: 'at', type: 'timestamptz', field: 'at' },
    { column: 'twice', type: 'int4', field: (row) => Number(row['whole']) * 2 },
    { column: 'nothing', type: 'text', field: 'nothing' },
  ],
};

describe('compileEncoder', () => {
  it("writes PostgreSQL's binary format: field count, then length and big-endian bytes of each value", () => {
    const chunk = createChunk();
    const row = { small: 1, whole: -2, large: 5_000_000_000, part: 0.5, flag: true, word: 'né', at: 946_684_801_000 };
    compileEncoder(mapping).write(chunk, row);
    expect(chunk.bytes.subarray(0, chunk.used).toString('hex')).toBe(
      [
        '0009',
        '00000002' + '0001',
        '00000004' + 'fffffffe',
        '00000008' + '000000012a05f200',
        '00000004' + '3f000000',
        '00000001' + '01',
        '00000003' + '6ec3a9',
        // One second after the epoch of PostgreSQL, in microseconds.
        '00000008' + '00000000000f4240',
        '00000004' + 'fffffffc',
        'ffffffff',
      ].join(''),
    );
  });

  it('writes moments before 2000 as negative ones', () => {
    const chunk = createChunk();
    const at = {
      columns: [{ column: 'at', type: 'timestamptz' as const, field: 'at' }],
      entity: 'tools' as const,
      table: 't',
    };
    compileEncoder(at).write(chunk, { at: 946_684_799_999 });
    expect(chunk.bytes.readBigInt64BE(6)).toBe(-1_000n);
  });

  it('refuses a type that it cannot write, naming the column', () => {
    const list = { ...mapping, columns: [{ column: 'list', type: 'text[]' as const, field: 'list' }] };
    expect(() => compileEncoder(list)).toThrow('t.list');
  });

  it('says when a chunk has no room for another row', () => {
    const chunk = createChunk();
    expect(hasRoom(chunk)).toBe(true);
    chunk.used = chunk.bytes.length - 100;
    expect(hasRoom(chunk)).toBe(false);
  });
});

it('begins with the signature of binary COPY, eleven bytes and no flags', () => {
  expect(copyHeader.toString('latin1')).toBe('PGCOPY\n\u00ff\r\n\0' + '\0'.repeat(8));
});
