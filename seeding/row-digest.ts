import { type Checksum, digestPrime } from '#model/digest.ts';
import { createModulo, hash32 } from '#model/random.ts';
import type { ColumnMapping, ColumnType, TableMapping } from '#model/target.ts';
import type { BoundColumn, BoundTable } from './columns.ts';
import { hashText } from './text-hash.ts';

/**
 * The checksum of a table's rows, computed of generated rows and by SQL of stored ones (R2.5). Every column is a whole
 * number; a row is the product of two linear forms of them modulo a prime, and products are summed modulo 2^64. All
 * intermediate values are below 2^53, so JavaScript's doubles are exact.
 */
export interface RowDigest {
  /** Adds the rows of the batch. */
  addTo(checksum: Checksum): void;
}

const textMask = 0x3ff_ffff;
const half = 0x400_0000;

/** Below 2^18: an int4 times a weight stays below 2^49, and sixteen of these below 2^53. */
const weight = (form: number, index: number): number => (hash32(form, index) % 0x2_0000) + 0x2_0000;

export function compileDigest({ batch, columns }: BoundTable): RowDigest {
  const left = new Float64Array(batch.capacity);
  const right = new Float64Array(batch.capacity);
  return {
    addTo: (checksum) => {
      const { size } = batch;
      left.fill(columns.length, 0, size);
      right.fill(columns.length, 0, size);
      columns.forEach((column, index) => {
        addColumn(column, { left, right, size, ofLeft: weight(1, index), ofRight: weight(2, index) });
      });
      let [high, low] = [0, 0];
      for (let row = 0; row < size; row += 1) {
        const product = modulo(left[row] ?? 0) * modulo(right[row] ?? 0);
        const upper = Math.floor(product / half);
        high += upper;
        low += product - upper * half;
      }
      checksum.addSums(high, low);
    },
  };
}

interface Forms {
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly size: number;
  readonly ofLeft: number;
  readonly ofRight: number;
}

/** Adds a column's values, times their weights, to both forms of each row. */
function addColumn({ type, numbers, texts }: BoundColumn, { left, right, size, ofLeft, ofRight }: Forms): void {
  if (texts !== undefined) {
    for (let row = 0; row < size; row += 1) {
      const length = texts.lengths[row] ?? -1;
      const value = length < 0 ? 0 : hashText(texts.view, texts.starts[row] ?? 0, length) & textMask;
      left[row] = (left[row] ?? 0) + value * ofLeft;
      right[row] = (right[row] ?? 0) + value * ofRight;
    }
    return;
  }
  if (numbers === undefined) return;
  const isLarge = type === 'int8' || type === 'timestamptz';
  const parts = type === 'float4' ? floatParts : 1;
  for (let row = 0; row < size; row += 1) {
    const number = numbers[row] ?? 0;
    const whole = isLarge ? modulo(number) : number * parts;
    const value = Number.isNaN(number) ? 0 : whole;
    left[row] = (left[row] ?? 0) + value * ofLeft;
    right[row] = (right[row] ?? 0) + value * ofRight;
  }
}

/** float4 columns hold multiples of an eighth. */
const floatParts = 8;

const modulo = createModulo(digestPrime);

/** An SQL aggregate that gives the checksum of the selected rows of a table as a decimal number (numeric). */
export function digestSql({ columns, table }: TableMapping): string {
  const values = columns.map((mapping) => valueSql(mapping, table));
  const form = (number: number): string => {
    const terms = values.map((value, index) => `${value} * ${weight(number, index)}`);
    return `((${terms.join(' + ')} + ${values.length}) % ${digestPrime})`;
  };
  return `coalesce(sum(${form(1)} * ${form(2)}), 0) % 18446744073709551616`;
}

/** Whole numbers are not negative; times are whole milliseconds. */
function valueSql({ column, type }: ColumnMapping, table: string): string {
  const sql: Readonly<Partial<Record<ColumnType, string>>> = {
    int2: `coalesce(${column}, 0)::int8`,
    int4: `coalesce(${column}, 0)::int8`,
    int8: `(coalesce(${column}, 0) % ${digestPrime})`,
    float4: `(coalesce(${column}, 0) * ${floatParts})::int8`,
    bool: `coalesce(${column}, false)::int4::int8`,
    timestamptz: `((coalesce(date_part('epoch', ${column}), 0) * 1000)::int8 % ${digestPrime})`,
    text: `(coalesce(hashtext(${column} COLLATE "C"), 0)::int8 & ${textMask})`,
  };
  const value = sql[type];
  if (value === undefined) throw new Error(`${table}.${column}: columns of type ${type} have no number`);
  return value;
}
