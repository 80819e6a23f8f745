import { hash } from 'node:crypto';
import { digestPrime } from '#model/digest.ts';
import { hash32 } from '#model/random.ts';
import type { ColumnMapping, TableMapping } from '#model/target.ts';
import { readerOf } from './encoder.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * The checksum of a table's rows, computable from generated rows and by SQL from stored ones (R2.5). Every column is a
 * whole number; a row is the product of two linear forms of them modulo a prime, and products are summed modulo 2^64.
 * All intermediate values are below 2^53, so JavaScript's doubles are exact.
 */
export interface RowDigest {
  /** The two factors of a row; their product is what it adds to the checksum. */
  factors(row: Row, into: { a: number; b: number }): void;
  /** An SQL aggregate that gives the checksum of the selected rows as a decimal number (numeric). */
  readonly sql: string;
}

interface DigestPart {
  value(row: Row): number;
  readonly sql: string;
}

export function compileDigest({ columns, table }: TableMapping): RowDigest {
  const texts = columns.filter(({ type }) => type === 'text');
  const parts = [
    ...columns.filter(({ type }) => type !== 'text').map((mapping) => numberPart(mapping, table)),
    ...(texts.length > 0 ? [textPart(texts)] : []),
  ];
  const left = parts.map((_, index) => weight(1, index));
  const right = parts.map((_, index) => weight(2, index));
  const form = (weights: readonly number[]): string =>
    `((${parts.map(({ sql }, index) => `${sql} * ${weights[index] ?? 0}`).join(' + ')} + ${weights.length}) % ${digestPrime})`;
  return {
    factors: (row, into) => {
      let a = parts.length;
      let b = parts.length;
      for (let index = 0; index < parts.length; index += 1) {
        const value = parts[index]?.value(row) ?? 0;
        a += value * (left[index] ?? 0);
        b += value * (right[index] ?? 0);
      }
      into.a = a % digestPrime;
      into.b = b % digestPrime;
    },
    sql: `coalesce(sum(${form(left)} * ${form(right)}), 0) % 18446744073709551616`,
  };
}

/** Below 2^18: an int4 times a weight stays below 2^49, and sixteen of these below 2^53. */
const weight = (form: number, index: number): number => (hash32(form, index) % 0x2_0000) + 0x2_0000;

/** Whole numbers are not negative; float4 columns hold multiples of an eighth, times whole milliseconds. */
function numberPart(mapping: ColumnMapping, table: string): DigestPart {
  const read = readerOf(mapping) as (row: Row) => number | boolean | null | undefined;
  const { column, type } = mapping;
  switch (type) {
    case 'int2':
    case 'int4':
      return { value: (row) => (read(row) as number | undefined) ?? 0, sql: `coalesce(${column}, 0)::int8` };
    case 'int8':
      return { value: (row) => Number(read(row) ?? 0) % digestPrime, sql: `(coalesce(${column}, 0) % ${digestPrime})` };
    case 'float4':
      return { value: (row) => Number(read(row) ?? 0) * 8, sql: `(coalesce(${column}, 0) * 8)::int8` };
    case 'bool':
      return { value: (row) => (read(row) === true ? 1 : 0), sql: `coalesce(${column}, false)::int4::int8` };
    case 'timestamptz':
      return {
        value: (row) => Number(read(row)) % digestPrime,
        sql: `((date_part('epoch', ${column}) * 1000)::int8 % ${digestPrime})`,
      };
    case 'text':
    case 'text[]':
      throw new Error(`${table}.${column}: columns of type ${type} have no number`);
  }
}

/** All texts of a row together: the first 24 bits of their MD5, which both sides have. */
function textPart(columns: readonly ColumnMapping[]): DigestPart {
  const readers = columns.map((mapping) => readerOf(mapping) as (row: Row) => string | null | undefined);
  const names = columns.map(({ column }) => column).join(', ');
  return {
    value: (row) => {
      const texts = readers.map((read) => read(row)).filter((text) => text !== undefined && text !== null);
      return Number.parseInt(hash('md5', texts.join('\u001f'), 'hex').slice(0, 6), 16);
    },
    sql: `('x' || substr(md5(concat_ws(chr(31), ${names})), 1, 6))::bit(24)::int4::int8`,
  };
}
