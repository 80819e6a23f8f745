import { cpus, release, totalmem } from 'node:os';
import { type Cell, signals, steps, targetVictims, victims, whyNot } from './cells.ts';
import type { CellResult } from './cell-store.ts';
import type { CellRun } from './run-cell.ts';

export interface MatrixState {
  readonly cells: readonly Cell[];
  readonly results: ReadonlyMap<string, CellResult>;
  readonly treeHash: string;
  readonly seed: number;
  /** How many systems shared the machine, each with a cell of its own under way. */
  readonly systems: number;
  readonly twin: CellRun;
  readonly at: Date;
}

/** `docs/durability.json`: what the page is made from. */
export function renderMatrixJson(state: MatrixState): string {
  const { cells, results, treeHash, seed, systems, at } = state;
  const told = cells.flatMap(({ id }) => results.get(id) ?? []);
  const absent = steps.flatMap((step) =>
    victims.flatMap((victim) => {
      const reason = whyNot(step, victim);
      return reason === undefined ? [] : [{ step, victim, reason }];
    }),
  );
  const machine = machineOf();
  const twin = twinFigures(state.twin);
  const whole = {
    schemaVersion: 1,
    at: at.toISOString(),
    treeHash,
    seed,
    systems,
    machine,
    twin,
    cells: told,
    notApplicable: absent,
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

/** `docs/durability.md`. */
export function renderMatrixPage(state: MatrixState): string {
  const { cells, results } = state;
  const told = cells.flatMap(({ id }) => results.get(id) ?? []);
  const failed = told.filter(({ passed }) => !passed);
  const sections = [
    '# What a run survives',
    '<!-- Made by `make kill-matrix`; do not edit. -->',
    introduction,
    `${told.length} of ${cells.length} cells were run: ${told.length - failed.length} passed, ${failed.length} failed.`,
    ...signals.flatMap((signal) => [`## ${signal}`, grid(state, signal)]),
    '## Three minutes without',
    outageTable(state),
    '## Parts of the target',
    'Killed from outside in the middle of the load: an unplanned fault, which the evidence names with its cost, and which is judged by the outage budget (R7.1).',
    targetTable(state),
    ...(failed.length === 0 ? [] : ['## Failed', failedList(failed)]),
    '## What was not seen',
    'As the result and the report of each run say it themselves. Cells that are not named here missed nothing.',
    unseenList(told),
    '## Why there is no cell',
    absentTable(),
    '## How it was measured',
    measured(state),
  ];
  return `${sections.join('\n\n')}\n`;
}

const introduction = `Each cell is one whole run in which something of the harness was killed while the step of its row was under way. Its twin is the same run, left alone. A cell passes (✓) when it ends with the twin's outcome and answers, the same plan, the same seeded rows by checksum, the same planned slots and faults; when the load ledger balances in every second, every lease was closed in order, no process and no activity was started once more than the kill explains, no second of load and no batch of evidence is there twice; and when whatever was not seen is said. Seconds are those from the kill until what was killed was there again: for an engine until its successor asks, for the supervisor and the command line how long \`soak up\` and \`soak attach\` take. A dash means that nobody has to bring it back.

Run one cell with \`make kill-matrix CELL=load/engine/SIGKILL\`, all that are not done yet with \`make kill-matrix\`.`;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

const seconds = (value: number | undefined): string => (value === undefined ? '–' : `${value.toFixed(1)} s`);

function mark(result: CellResult | undefined): string {
  if (result === undefined) return '·';
  return result.passed ? `✓ ${seconds(result.recoveredSeconds)}` : '✗';
}

function grid({ results }: MatrixState, signal: string): string {
  const rows = steps.map((step) => [
    step,
    ...victims.map((victim) =>
      whyNot(step, victim) === undefined ? mark(results.get(`${step}/${victim}/${signal}`)) : 'n/a',
    ),
  ]);
  return table(['', ...victims.map((victim) => victim.replace('+', ' + '))], rows);
}

function outageTable({ cells, results }: MatrixState): string {
  const rows = cells
    .filter(({ kind }) => kind === 'outage')
    .map(({ id, step, victim }) => {
      const result = results.get(id);
      return [step, victim, mark(result), seconds(result?.delaySeconds)];
    });
  return table(['step', 'down for 3 min', 'back after', 'the run took longer by'], rows);
}

const targetTable = ({ results }: MatrixState): string =>
  table(
    ['victim', 'passed', 'what it cost'],
    targetVictims.map((victim) => {
      const result = results.get(`load/${victim}/SIGKILL`);
      return [victim, mark(result), result?.notSeen.join('; ') ?? ''];
    }),
  );

const failedList = (failed: readonly CellResult[]): string =>
  failed.map(({ cell, landed, problems }) => `- \`${cell}\` (${landed}): ${problems.join('; ')}`).join('\n');

function unseenList(told: readonly CellResult[]): string {
  const unseen = told.filter(({ notSeen, cell }) => notSeen.length > 0 && !isTarget(cell));
  if (unseen.length === 0) return 'Nothing.';
  return unseen.map(({ cell, landed, notSeen }) => `- \`${cell}\`, ${landed}: ${notSeen.join('; ')}`).join('\n');
}

const isTarget = (cell: string): boolean => targetVictims.some((victim) => cell.includes(`/${victim}/`));

function absentTable(): string {
  const rows = victims.flatMap((victim) => {
    const absent = steps.filter((step) => whyNot(step, victim) !== undefined);
    return absent.length === 0 ? [] : [[victim, absent.join(', '), whyNot(absent[0] ?? 'plan', victim) ?? '']];
  });
  return table(['victim', 'not in', 'because'], rows);
}

const machineOf = () => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryBytes: totalmem(),
  kernel: release(),
});

function twinFigures({ observation, elapsedMs }: CellRun) {
  const { outcome, load, operations } = observation.result;
  return {
    outcome,
    seconds: Math.round(elapsedMs / 100) / 10,
    requests: load.requests,
    due: load.due,
    delivered: load.delivered,
    rarestOperation: Math.min(...operations.map(({ ok }) => ok)),
    planHash: observation.planHash,
  };
}

const shared = (systems: number): string =>
  systems === 1 ? '' : ` ${systems} systems shared it; a cell that failed beside another was done once more alone.`;

function measured({ at, treeHash, seed, systems, twin, results }: MatrixState): string {
  const { cpu, cores, memoryBytes, kernel } = machineOf();
  const { outcome, seconds: took, requests, due, delivered, rarestOperation } = twinFigures(twin);
  const total = [...results.values()].reduce((sum, { elapsedSeconds }) => sum + elapsedSeconds, 0);
  const landings = [...results.values()].filter(({ landed }) => landed !== '').length;
  return [
    `- ${at.toISOString().slice(0, 10)}, on ${cores} cores (${cpu}), ${(memoryBytes / 2 ** 30).toFixed(0)} GB, Linux ${kernel}.${shared(systems)}`,
    `- The twin: ${outcome} in ${took} s, ${requests} requests, ${delivered} of ${due} virtual-user seconds, its rarest operation answered ${rarestOperation} times, one gateway killed and healed as planned. One twin serves all steps, because all cells have its input.`,
    `- ${landings} kills in ${Math.round(total / 60)} min of runs; source \`${treeHash}\`, seed ${seed}. The seed decides where within its step each kill lands; another one tries other moments.`,
  ].join('\n');
}
