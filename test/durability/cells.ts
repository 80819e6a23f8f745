import { fraction, hash32 } from '#model/random.ts';
import { killPoints, type KillPoint } from './kill-points.ts';

/** The steps of a run, in order; `done` is none. */
export const steps = [
  'plan',
  'preflight',
  'provision',
  'seed',
  'warm-cache',
  'load',
  'drain',
  'verify',
  'heal',
  'collect',
  'judge',
  'report',
  'release',
] as const;
export type Step = (typeof steps)[number];

/** What of the harness is killed. A pair dies at one moment. */
export const victims = [
  'orchestrator',
  'host',
  'seed',
  'load',
  'engine',
  'sampler',
  'watchdog',
  'supervisor',
  'temporal',
  'evidence',
  'cli',
  'orchestrator+temporal',
  'load+engine',
] as const;
export type Victim = (typeof victims)[number];

/** What of the target is killed from outside: an unplanned fault, judged by the outage budget (R7.1). */
export const targetVictims = ['gateway-1', 'postgres', 'redis', 'nginx', 'mocks'] as const;
export type TargetVictim = (typeof targetVictims)[number];

export const signals = ['SIGKILL', 'SIGTERM'] as const;
export type Signal = (typeof signals)[number];

/** One thing that goes wrong in one step of one run. `outage`: the victim is kept down for three minutes. */
export interface Cell {
  readonly id: string;
  readonly kind: 'kill' | 'outage' | 'target';
  readonly step: Step;
  readonly victim: Victim | TargetVictim;
  readonly signal: Signal;
  readonly point: KillPoint;
}

const watched: readonly Step[] = ['provision', 'seed', 'warm-cache', 'load', 'drain', 'verify', 'heal', 'collect'];

interface Work {
  readonly in: readonly Step[];
  readonly elsewhere: string;
}

/** Where each victim has work. A kill where it has none would show nothing: such a cell is not there, for this reason. */
const workOf: Readonly<Record<Victim, Work>> = {
  orchestrator: { in: steps, elsewhere: '' },
  host: {
    in: steps.filter((step) => step !== 'judge' && step !== 'report'),
    elsewhere: 'judging and reporting ask nothing of the host',
  },
  seed: { in: ['seed'], elsewhere: 'pulls shards of the data set and does nothing else' },
  load: { in: ['warm-cache', 'load', 'drain', 'verify'], elsewhere: 'warms, holds engines and reads back, no more' },
  engine: { in: ['load', 'drain'], elsewhere: 'lives from the beginning of the load to the end of the drain' },
  sampler: { in: watched, elsewhere: 'lives from provision to collect' },
  watchdog: { in: watched, elsewhere: 'lives from provision to collect' },
  supervisor: { in: steps, elsewhere: '' },
  temporal: { in: steps, elsewhere: '' },
  evidence: {
    in: ['plan', 'seed', 'warm-cache', 'load', 'drain', 'verify', 'collect', 'judge', 'report'],
    elsewhere: 'nothing is stored or asked of the store in this step',
  },
  cli: { in: steps, elsewhere: '' },
  'orchestrator+temporal': { in: steps, elsewhere: '' },
  'load+engine': { in: ['load', 'drain'], elsewhere: 'there is no engine in this step' },
};

/** Why there is no such cell; undefined when there is one. */
export const whyNot = (step: Step, victim: Victim): string | undefined =>
  workOf[victim].in.includes(step) ? undefined : workOf[victim].elsewhere;

/** The processes that a victim is, by role. */
export const rolesOf = (victim: Cell['victim']): string[] =>
  victim === 'cli' ? [] : victim.split('+').map((role) => (role === 'engine' ? 'engine-0' : role));

/**
 * Every cell there is. `seed` decides where within its step each kill lands: another seed tries other moments, and the
 * two signals of one victim never take the same one where a step has several.
 */
export function listCells(seed: number): Cell[] {
  const kills = steps.flatMap((step) =>
    victims
      .filter((victim) => whyNot(step, victim) === undefined)
      .flatMap((victim) => signals.map((signal) => makeCell({ kind: 'kill', step, victim, signal }, seed))),
  );
  const outages = (['seed', 'load'] as const).flatMap((step) =>
    (['temporal', 'evidence'] as const).map((victim) =>
      makeCell({ kind: 'outage', step, victim, signal: 'SIGKILL' }, seed),
    ),
  );
  const targets = targetVictims.map((victim) =>
    makeCell({ kind: 'target', step: 'load', victim, signal: 'SIGKILL' }, seed),
  );
  return [...kills, ...outages, ...targets];
}

function makeCell(cell: Omit<Cell, 'id' | 'point'>, seed: number): Cell {
  const { kind, step, victim, signal } = cell;
  const id = `${step}/${victim}/${kind === 'outage' ? 'outage' : signal}`;
  const key = hash32(seed, ...Buffer.from(`${step}/${victim}`));
  const points = killPoints(step, victim);
  const index = (key + signals.indexOf(signal)) % points.length;
  const share = fraction(hash32(key, signals.indexOf(signal)));
  const chosen = points[index]?.(share);
  if (chosen === undefined) throw new Error(`no moment to kill at is known for ${id}`);
  return { ...cell, id, point: kind === 'outage' && step === 'load' ? { at: 'load', afterMs: 10_000 } : chosen };
}
