import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shuffled } from '#model/random.ts';
import { startSystem, type System } from '../stack/system.ts';
import { type Cell, listCells } from './cells.ts';
import { createMatrix, type Matrix } from './matrix.ts';

/** Two cells take less than three minutes. `KILL_MATRIX_SEED` chooses others, and other moments within their steps. */
const sampleSize = 2;
const seed = Number(process.env['KILL_MATRIX_SEED'] ?? Math.floor(Date.now() / 1_000) % 100_000);
/** A pair in the load wants a longer load and a twin of its own; that and outages are for the whole matrix. */
const isShort = ({ kind, step, victim }: Cell): boolean =>
  kind === 'kill' && !(step === 'load' && victim === 'load+engine');
const sample = shuffled(listCells(seed).filter(isShort), seed).slice(0, sampleSize);

let system: System;
let matrix: Matrix;
beforeAll(async () => {
  console.log(`kill matrix: KILL_MATRIX_SEED=${seed} chooses ${sample.map(({ id }) => id).join(', ')}`);
  system = await startSystem({ SOAK_TEST_HOOKS: '1' });
  matrix = createMatrix(system);
});
afterAll(async () => {
  await system.down();
});

describe(`a run of which something dies (KILL_MATRIX_SEED=${seed})`, () => {
  it.each(sample.map((cell) => [cell.id, cell] as const))('%s: ends as its undisturbed twin does', async (_, cell) => {
    const { problems } = await matrix.run(cell);
    expect(problems).toEqual([]);
  });
});
