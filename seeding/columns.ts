import type { ColumnMapping, ColumnType, TableMapping } from '#model/target.ts';
import { type RowBatch, rowAt } from './row-batch.ts';
import { createTextColumn, type TextColumn, writeTexts } from './text-column.ts';

/** A column of a table with the values of a batch of rows: `texts` where it is of texts, `numbers` otherwise. */
export interface BoundColumn {
  readonly column: string;
  readonly type: ColumnType;
  readonly numbers?: Float64Array;
  readonly texts?: TextColumn;
}

export interface BoundTable {
  readonly table: string;
  readonly batch: RowBatch;
  readonly columns: readonly BoundColumn[];
  /** Computes what follows from a row: columns that are functions of it, and the bytes of texts. Called after each fill. */
  follow(): void;
}

interface Bound {
  readonly column: BoundColumn;
  readonly follow?: () => void;
}

/** Ties the columns of a table to those of a batch; throws when rows have no such field, or of another kind. */
export function bindColumns({ table, columns }: TableMapping, batch: RowBatch): BoundTable {
  const bound = columns.map((mapping) => (mapping.type === 'text' ? bindText : bindNumber)(table, mapping, batch));
  return {
    table,
    batch,
    columns: bound.map(({ column }) => column),
    follow: () => {
      for (const { follow } of bound) follow?.();
    },
  };
}

function bindNumber(table: string, { column, type, field }: ColumnMapping, batch: RowBatch): Bound {
  if (typeof field === 'string') {
    const numbers = batch.numbers[field];
    if (numbers === undefined) throw new Error(`${table}.${column}: rows have no number called ${field}`);
    return { column: { column, type, numbers } };
  }
  const numbers = new Float64Array(batch.capacity);
  const follow = (): void => {
    for (let row = 0; row < batch.size; row += 1) numbers[row] = Number(field(rowAt(batch, row)) ?? NaN);
  };
  return { column: { column, type, numbers }, follow };
}

function bindText(table: string, { column, type, field }: ColumnMapping, batch: RowBatch): Bound {
  const texts = createTextColumn(batch.capacity);
  const values = typeof field === 'string' ? batch.texts[field] : new Array<string | undefined>(batch.capacity);
  if (values === undefined) throw new Error(`${table}.${column}: rows have no text called ${String(field)}`);
  const follow = (): void => {
    if (typeof field !== 'string') {
      for (let row = 0; row < batch.size; row += 1) {
        values[row] = (field(rowAt(batch, row)) ?? undefined) as string | undefined;
      }
    }
    writeTexts(texts, values, batch.size);
  };
  return { column: { column, type, texts }, follow };
}
