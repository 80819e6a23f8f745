import type { Pool, QueryResultRow } from 'pg';
import { storeError } from './unavailable.ts';

/** One statement; rejects with `StoreUnavailable` when the store does not answer in time. */
export type Query = <Row extends QueryResultRow>(text: string, values: readonly unknown[]) => Promise<Row[]>;

export const createQuery =
  (pool: Pool): Query =>
  async <Row extends QueryResultRow>(text: string, values: readonly unknown[]) => {
    try {
      return (await pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw storeError(error);
    }
  };
