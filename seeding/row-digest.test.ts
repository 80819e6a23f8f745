import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChecksum, digestPrime } from '#model/digest.ts';
import type { TableMapping } from '#model/target.ts';
import { bindColumns } from './columns.ts';
import { createBatch } from './row-batch.ts';
import { compileDigest, digestSql } from './row-digest.ts';
import { hashText } from './text-hash.ts';

const hashOf = (text: string): number => {
  const bytes = new TextEncoder().encode(text);
  return hashText(new DataView(bytes.buffer), 0, bytes.length);
};

const mapping: TableMapping = {
  entity: 'usageMetrics',
  table: 't',
  columns: [
    { column: 'at', type: 'timestamptz', field: 'at' },
    { column: 'tool_id', type: 'int4', field: 'toolId' },
    { column: 'latency_ms', type: 'float4', field: 'latencyMs' },
    { column: 'ok', type: 'bool', field: 'ok' },
    { column: 'note', type: 'text', field: 'note' },
  ],
};
interface Row {
  readonly at: number;
  readonly toolId: number;
  readonly latencyMs: number;
  readonly ok: number;
  readonly note: string | undefined;
}
const row: Row = { at: 1_767_225_600_123, toolId: 2_147_483_647, latencyMs: 12.125, ok: 1, note: 'slow' };

function digest(rows: readonly Row[]): string {
  const batch = createBatch(Math.max(1, rows.length), ['at', 'toolId', 'latencyMs', 'ok'], ['note']);
  rows.forEach(({ note, ...numbers }, index) => {
    for (const [name, value] of Object.entries(numbers)) batch.numbers[name as keyof typeof numbers][index] = value;
    batch.texts.note[index] = note;
  });
  batch.size = rows.length;
  const checksum = createChecksum();
  const bound = bindColumns(mapping, batch);
  bound.follow();
  compileDigest(bound).addTo(checksum);
  return checksum.hex();
}

/** The definition, in whole numbers of any size; the weights are those that SQL is given. */
function digestExactly(rows: readonly Row[]): string {
  const sums = [...digestSql(mapping).matchAll(/\* (\d{6})\b/g)].map(([, weight]) => BigInt(weight ?? 0));
  expect(sums).toHaveLength(10);
  const prime = BigInt(digestPrime);
  const total = rows.reduce((sum, { at, toolId, latencyMs, ok, note }) => {
    const text = note === undefined ? 0 : hashOf(note) & 0x3ff_ffff;
    const values = [BigInt(at) % prime, BigInt(toolId), BigInt(latencyMs * 8), BigInt(ok), BigInt(text)];
    const form = (from: number): bigint =>
      values.reduce((all, value, index) => all + value * (sums[from + index] ?? 0n), 5n) % prime;
    return sum + form(0) * form(5);
  }, 0n);
  return (total % 2n ** 64n).toString(16).padStart(16, '0');
}

describe('compileDigest', () => {
  it('changes with every column', () => {
    const all = [
      digest([row]),
      digest([{ ...row, at: row.at + 1 }]),
      digest([{ ...row, toolId: row.toolId - 1 }]),
      digest([{ ...row, latencyMs: 12 }]),
      digest([{ ...row, ok: 0 }]),
      digest([{ ...row, note: 'slow ' }]),
      digest([{ ...row, note: undefined }]),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('sees that values were swapped between two rows', () => {
    const [one, other] = [
      { ...row, toolId: 1, latencyMs: 2 },
      { ...row, toolId: 3, latencyMs: 4 },
    ];
    expect(digest([one, other])).not.toBe(
      digest([
        { ...one, toolId: 3 },
        { ...other, toolId: 1 },
      ]),
    );
  });

  it('is what its definition says, to the last bit, whatever the rows and their order', () => {
    const anyRow = fc.record({
      at: fc.integer({ min: 0, max: 4_102_444_800_000 }),
      toolId: fc.integer({ min: 0, max: 2_147_483_647 }),
      latencyMs: fc.integer({ min: 0, max: 240_000 }).map((eighths) => eighths / 8),
      ok: fc.integer({ min: 0, max: 1 }),
      note: fc.option(fc.string(), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 50 }), (rows) => {
        expect(digest(rows)).toBe(digestExactly(rows));
        expect(digest([...rows].reverse())).toBe(digest(rows));
      }),
    );
  });
});

describe('digestSql', () => {
  it('looks at every column', () => {
    for (const { column } of mapping.columns) expect(digestSql(mapping)).toContain(column);
  });

  it('refuses a column that has no number', () => {
    const columns = [{ column: 'list', type: 'text[]' as const, field: 'list' }];
    expect(() => digestSql({ ...mapping, columns })).toThrow('t.list');
  });
});
