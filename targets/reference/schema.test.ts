import { describe, expect, it } from 'vitest';
import { entities } from '#model/population-plan.ts';
import { referenceSchema } from './schema.ts';

describe('referenceSchema', () => {
  it('has a table for every entity', () => {
    expect(referenceSchema.tables.map(({ entity }) => entity)).toEqual([...entities]);
  });

  it('makes every table that rows go into, without indexes and constraints', () => {
    for (const { table } of referenceSchema.tables) {
      expect(referenceSchema.prepare.some((statement) => statement.includes(`TABLE IF NOT EXISTS ${table} (`))).toBe(
        true,
      );
    }
    expect(referenceSchema.prepare.join(' ')).not.toMatch(/PRIMARY KEY|REFERENCES|CREATE INDEX/);
  });

  it('keeps usage metrics without a primary key', () => {
    const statements = referenceSchema.finish.flat().filter((part) => JSON.stringify(part).includes('usage_metrics'));
    expect(statements).toHaveLength(1);
    expect(statements[0]).toContain('brin');
  });
});
