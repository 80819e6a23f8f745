import { describe, expect, it } from 'vitest';
import { digestPrime } from '#model/digest.ts';
import type { TableMapping } from '#model/target.ts';
import { compileDigest } from './row-digest.ts';

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
const row = { at: 1_767_225_600_123, toolId: 2_147_483_647, latencyMs: 12.125, ok: true, note: 'slow' };

/** What a row adds to the checksum. */
function product(changes: Partial<typeof row>): number {
  const factors = { a: 0, b: 0 };
  compileDigest(mapping).factors({ ...row, ...changes }, factors);
  expect(Math.max(factors.a, factors.b)).toBeLessThan(digestPrime);
  expect(Number.isInteger(factors.a) && Number.isInteger(factors.b)).toBe(true);
  return factors.a * factors.b;
}

describe('compileDigest', () => {
  it('changes with every column', () => {
    const products = [
      product({}),
      product({ at: row.at + 1 }),
      product({ toolId: row.toolId - 1 }),
      product({ latencyMs: 12 }),
      product({ ok: false }),
      product({ note: 'slow ' }),
    ];
    expect(new Set(products).size).toBe(products.length);
    expect(products.every(Number.isSafeInteger)).toBe(true);
  });

  it('sees that values were swapped between two rows', () => {
    const before = product({ toolId: 1, latencyMs: 2 }) + product({ toolId: 3, latencyMs: 4 });
    const after = product({ toolId: 3, latencyMs: 2 }) + product({ toolId: 1, latencyMs: 4 });
    expect(before).not.toBe(after);
  });

  it('says the same in SQL, column by column', () => {
    const { sql } = compileDigest(mapping);
    for (const { column } of mapping.columns) expect(sql).toContain(column);
  });
});
