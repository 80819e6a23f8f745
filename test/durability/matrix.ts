import type { System } from '../stack/system.ts';
import type { Cell } from './cells.ts';
import type { CellResult } from './cell-store.ts';
import { findProblems, findTwinProblems } from './compare.ts';
import type { Observation } from './observation.ts';
import { type CellInput, type CellRun, inputOf, runCell, runTwin } from './run-cell.ts';

/** Runs cells one after another on one system, each against the twin of its input. */
export interface Matrix {
  /** The undisturbed run of a cell's input; made when it is first wanted. Throws when it does not pass. */
  twinOf(cell: Cell): Promise<CellRun>;
  run(cell: Cell): Promise<CellResult>;
}

/** `isBusy`: the machine does other things too, so nothing is asked whose answer rests on its speed. */
export function createMatrix(system: System, { isBusy = false }: { isBusy?: boolean } = {}): Matrix {
  const twins = new Map<string, CellRun>();
  const twinOf: Matrix['twinOf'] = async (cell) => {
    const input = inputOf(cell, isBusy);
    const known = twins.get(JSON.stringify(input));
    if (known !== undefined) return known;
    const twin = await measureTwin(system, input);
    twins.set(JSON.stringify(input), twin);
    return twin;
  };
  return {
    twinOf,
    async run(cell) {
      const twin = await twinOf(cell);
      const startedAt = Date.now();
      const begun = { cell: cell.id, at: new Date().toISOString() };
      const elapsed = (): number => Math.round((Date.now() - startedAt) / 100) / 10;
      try {
        const run = await runCell(system, cell, inputOf(cell, isBusy));
        const engineMs = engineBackMs(cell, run);
        const recoveredMs = engineMs ?? run.recoveredMs;
        const problems = [
          ...run.problems,
          ...findProblems(cell, run.observation, twin.observation),
          ...(isBusy || engineMs === undefined ? [] : findLate(cell, engineMs)),
        ];
        return {
          ...begun,
          passed: problems.length === 0,
          problems: problems.slice(0, problemsMax),
          landed: run.landed,
          ...(recoveredMs === undefined ? {} : { recoveredSeconds: Math.round(recoveredMs / 100) / 10 }),
          delaySeconds: Math.round((run.elapsedMs - twin.elapsedMs) / 100) / 10,
          notSeen: listUnseen(run.observation),
          elapsedSeconds: elapsed(),
        };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { ...begun, passed: false, problems: [reason], landed: '', notSeen: [], elapsedSeconds: elapsed() };
      }
    },
  };
}

/** The machine may have been slow for a moment; a twin that does not pass twice is not the machine's fault. */
async function measureTwin(system: System, input: CellInput): Promise<CellRun> {
  const attempts = 2;
  for (let attempt = 1; ; attempt += 1) {
    const twin = await runTwin(system, input);
    const problems = findTwinProblems(twin.observation);
    if (problems.length === 0) return twin;
    if (attempt === attempts) throw new Error(`the undisturbed run is no measure: ${problems.join('; ')}`);
  }
}

const problemsMax = 12;

/** An engine is back with the first request of its successor, not with its process. */
function engineBackMs({ step, victim }: Cell, { observation, killedAt }: CellRun): number | undefined {
  const successor = observation.ledger.firstRequestAt['engine-0.2'];
  if (step !== 'load' || !victim.includes('engine') || successor === undefined || killedAt === undefined) {
    return undefined;
  }
  return Math.max(0, successor - killedAt);
}

/** R3.5 and R7.1: an engine alone, and an engine that died together with its worker. */
function findLate({ victim }: Cell, engineMs: number): string[] {
  const withinMs = victim === 'engine' ? 5_000 : 20_000;
  return engineMs < withinMs ? [] : [`the engine was back after ${engineMs} ms; ${withinMs} ms are allowed`];
}

function listUnseen({ result, evidence, plan }: Observation): string[] {
  // What a planned fault kills cannot be sampled, in the twin neither.
  const isUnplanned = ({ source }: { source: string }): boolean =>
    !plan.faults.some(({ victim }) => source.endsWith(victim));
  const { due, delivered, dropped, abandoned, unknown } = result.load;
  const lost = `${dropped} dropped, ${abandoned} abandoned, ${unknown} unknown of ${due} virtual-user seconds`;
  return [
    ...result.outages.map(({ name, from, to }) => `${name} out for ${((to - from) / 1_000).toFixed(1)} s`),
    ...(delivered === due ? [] : [lost]),
    ...evidence.gaps
      .filter(isUnplanned)
      .map(({ source, at, until }) => `a gap of ${((until - at) / 1_000).toFixed(1)} s in ${source}`),
    ...evidence.faults.flatMap(({ fault, healedBy }) =>
      healedBy === 'watchdog' ? [`${fault} healed by the watchdog`] : [],
    ),
  ];
}
