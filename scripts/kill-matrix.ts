import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { shuffled } from '#model/random.ts';
import { type CellStore, openCellStore } from '../test/durability/cell-store.ts';
import { type Cell, listCells } from '../test/durability/cells.ts';
import { createMatrix, type Matrix } from '../test/durability/matrix.ts';
import { type MatrixState, renderMatrixJson, renderMatrixPage } from '../test/durability/matrix-page.ts';
import { startSystem } from '../test/stack/system.ts';

/**
 * Kills every part of the harness in every step of a run, and holds what comes of it against an undisturbed twin
 * (R7.1). Cells that were done on this very source are skipped, so that it may be interrupted and called again.
 */

const usage = `make kill-matrix [CELL=step/victim/signal]   or   scripts/kill-matrix.ts [flags]
  --only <text>    cells whose name begins with this: load, load/engine, load/engine/SIGKILL; may be repeated
  --sample <n>     so many cells, chosen at random among those
  --systems <n>    so many systems side by side, 1 to 4 (default 2); what fails beside another is done once more alone
  --seed <n>       decides the sample, and where within its step each kill lands (default 1)
  --again          also cells that were done on this source; without it only those that are not done or failed
  --busy           for a machine that does other things too: asks nothing that rests on its speed, writes no page
  --list           name the cells and what came of them, and end
`;

const home = fileURLToPath(new URL('..', import.meta.url));
process.chdir(home);
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    sample: { type: 'string' },
    systems: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    again: { type: 'boolean', default: false },
    busy: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
async function main(): Promise<number> {
  const seed = Number(values.seed);
  const sample = values.sample === undefined ? undefined : Number(values.sample);
  const systems = Number(values.systems);
  const isUsable = Number.isInteger(seed) && [1, 2, 3, 4].includes(systems) && (sample === undefined || sample > 0);
  if (values.help || !isUsable) {
    process.stdout.write(usage);
    return values.help ? 0 : 64;
  }
  const all = listCells(seed);
  const asked = choose(all, sample, seed);
  const store = await openCellStore(home, values.busy ? 'busy' : 'quiet');
  const done = store.read();
  if (asked.length === 0) {
    process.stdout.write('no cell is called so; --list names them\n');
    return 64;
  }
  if (values.list) {
    for (const { id } of asked) process.stdout.write(`${told(done.get(id)?.passed)} ${id}\n`);
    return 0;
  }
  const left = asked.filter(({ id }) => values.again || done.get(id)?.passed !== true);
  say(
    `${asked.length} cells, ${left.length} to do, about ${minutes(left, systems)} min; source ${store.treeHash}, seed ${seed}`,
  );
  if (left.length > 0) await runAll({ all, left, store, seed, systems });
  const results = store.read();
  const failed = asked.filter(({ id }) => results.get(id)?.passed !== true);
  say(`kill matrix: ${asked.length - failed.length} passed, ${failed.length} failed or not done`);
  return failed.length === 0 ? 0 : 1;
}

function choose(all: readonly Cell[], sample: number | undefined, seed: number): Cell[] {
  const { only = [''] } = values;
  const isMeant = (id: string, text: string): boolean => text === '' || id === text || id.startsWith(`${text}/`);
  const chosen = [...new Set(only.flatMap((text) => all.filter(({ id }) => isMeant(id, text))))];
  return sample === undefined ? chosen : shuffled(chosen, seed).slice(0, sample);
}

const told = (passed: boolean | undefined): string => (passed === undefined ? '·' : passed ? '✓' : '✗');

/** Measured on two cores that do nothing else. */
const secondsOf = ({ kind, step }: Cell): number => (kind !== 'outage' ? 46 : step === 'load' ? 290 : 230);
const minutes = (cells: readonly Cell[], systems: number): number =>
  Math.ceil(cells.reduce((sum, cell) => sum + secondsOf(cell), 60) / 60 / systems);

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

interface Job {
  readonly all: readonly Cell[];
  readonly left: readonly Cell[];
  readonly store: CellStore;
  readonly seed: number;
  readonly systems: number;
}

async function runAll(job: Job): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!interrupted.signal.aborted) say('ending after these cells; what is done is kept');
      interrupted.abort();
    });
  }
  const { left, store, systems } = job;
  // Outages first: a long cell that began last would let the other systems stand idle.
  const queue = [...left].sort((one, other) => secondsOf(other) - secondsOf(one));
  const crew = Array.from({ length: Math.min(systems, queue.length) }, () => work(job, queue, interrupted.signal));
  const ended = await Promise.allSettled(crew);
  const broken = ended.find((each) => each.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  if (crew.length === 1) return;
  const results = store.read();
  const failed = left.filter(({ id }) => results.get(id)?.passed === false);
  if (failed.length > 0) say(`${failed.length} cells failed beside others, and are done once more alone`);
  await work(job, failed, interrupted.signal);
}

/** Takes cells from the queue, on a system of its own, until there are none. */
async function work({ all, store, seed, systems }: Job, queue: Cell[], interrupted: AbortSignal): Promise<void> {
  const first = queue[0];
  const isOver = (): boolean => interrupted.aborted;
  if (first === undefined || isOver()) return;
  const system = await startSystem({ SOAK_TEST_HOOKS: '1' });
  try {
    const matrix = createMatrix(system, { isBusy: values.busy });
    const twin = await matrix.twinOf({ ...first, kind: 'kill', step: 'plan', victim: 'orchestrator' });
    say(`the twin passes in ${(twin.elapsedMs / 1_000).toFixed(1)} s`);
    for (let cell = queue.shift(); cell !== undefined && !isOver(); cell = queue.shift()) {
      await runOne(matrix, cell, store);
      const state = { cells: all, results: store.read(), treeHash: store.treeHash, seed, systems, twin };
      if (!values.busy) writePages({ ...state, at: new Date() });
      say(`${queue.length} to do, about ${minutes(queue, systems)} min`);
    }
  } catch (error) {
    say(`one system ends: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  } finally {
    await system.down();
  }
}

function writePages(state: MatrixState): void {
  writeFileSync(join(home, 'docs', 'durability.md'), renderMatrixPage(state));
  writeFileSync(join(home, 'docs', 'durability.json'), renderMatrixJson(state));
}

async function runOne(matrix: Matrix, cell: Cell, store: CellStore): Promise<void> {
  const result = await matrix.run(cell);
  store.write(result);
  const { passed, recoveredSeconds, delaySeconds, landed, notSeen, elapsedSeconds } = result;
  const back = recoveredSeconds === undefined ? '' : `, back in ${recoveredSeconds} s`;
  const figures = `${landed}${back}, run ${delaySeconds ?? '?'} s longer, ${elapsedSeconds} s in all`;
  say(`${told(passed)} ${cell.id}: ${figures}${notSeen.length === 0 ? '' : `; not seen: ${notSeen.join('; ')}`}`);
  for (const problem of result.problems) say(`    ${problem}`);
}

process.exitCode = await main();
