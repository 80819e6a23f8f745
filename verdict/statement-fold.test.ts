import { describe, expect, it } from 'vitest';
import type { StatementRecord } from '#model/evidence.ts';
import { createStatementFold } from './statement-fold.ts';

const told = (statement: string, text: string): StatementRecord => ({
  ...{ kind: 'statement', at: 1, role: 'postgres' },
  ...{ statement, text },
});

function fold(records: readonly StatementRecord[]) {
  const statements = createStatementFold();
  for (const record of records) statements.add(record);
  return statements.summary();
}

describe('statements', () => {
  it('are each there once, whoever told of them, in whatever order', () => {
    const records = [told('7', 'select  2'), told('-3', 'select 1'), told('7', 'select 2')];
    const statements = [
      { statement: '-3', text: 'select 1' },
      { statement: '7', text: 'select  2' },
    ];
    expect(fold(records)).toEqual({ statements });
    expect(fold([...records].reverse())).toEqual({ statements });
  });

  it('are no part of a summary of a run whose server told of none', () => {
    expect(fold([])).toEqual({});
  });

  it('are bounded', () => {
    expect(fold(Array.from({ length: 500 }, (_, index) => told(`${index}`, 'select 1'))).statements).toHaveLength(200);
  });
});
