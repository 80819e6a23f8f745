import type { FastifyInstance } from 'fastify';
import type { Cache } from '../cache.ts';
import type { Catalog } from '../catalog.ts';
import type { Database } from '../database.ts';
import type { ToolWrites } from '../tool-writes.ts';

/** What a defect is planted with. */
export interface DefectOptions {
  /** What it counts is said in `model/defect.ts`. */
  readonly amount: number;
  /** Every choice that looks random comes from it. */
  readonly seed: number;
  readonly databaseUrl: string;
  readonly instance: string;
}

/** What a planted defect does to a gateway: it replaces parts when they are made, so that a gateway without it pays nothing. */
export interface Defect {
  cache?(cache: Cache): Cache;
  catalog?(catalog: Catalog, database: Database): Catalog;
  writes?(writes: ToolWrites, database: Database): ToolWrites;
  /** Called before routes are added. */
  prepare?(app: FastifyInstance): void;
  /** Begins what goes on by itself; what it answers with ends that. */
  start?(): () => void;
}

/** True once every so often, and in which call of each turn is drawn from the seed. */
export function everySoOften(every: number, seed: number): () => boolean {
  const turn = Math.max(1, Math.round(every));
  let called = seed % turn;
  return () => {
    called = (called + 1) % turn;
    return called === 0;
  };
}

/** `work` each so many milliseconds, in a process that may end all the same. */
export function repeat(everyMs: number, work: () => void): () => void {
  const timer = setInterval(work, Math.max(1, everyMs)).unref();
  return () => {
    clearInterval(timer);
  };
}
