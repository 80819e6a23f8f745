import type { Outcome } from '#model/verdict.ts';
import { quantile } from '../leak/reduce.ts';
import { families } from './families.ts';
import { type PeerName, peers } from './peers.ts';
import { type Rate, rateOf } from './rate.ts';
import type { SeriesTrial } from './trial.ts';
import { processesOfRun, type RunTrial, seriesOfProcess } from './whole-run.ts';

/** What came of the series of one family and length. */
export interface FamilyRow {
  readonly family: string;
  readonly truth: 'healthy' | 'leak';
  readonly hours: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Called leaks: false alarms or detections, by the family's truth. */
  readonly called: Rate;
  /** Median of the hours that an inconclusive or passed one is said to need; absent when nobody could say. */
  readonly needHours?: number;
  /** How often the interval held the true slope; absent where there is no one slope. */
  readonly coverage?: Rate;
  readonly peerAlarms: Readonly<Record<PeerName, number>>;
}

/** Whole runs of one length, checkpoints and verdict together. */
export interface RunRow {
  readonly truth: 'healthy' | 'leak';
  readonly hours: number;
  /** Those with at least one series that was called a leak and is none. */
  readonly alarmed: Rate;
  /** Those that a checkpoint ended. */
  readonly endedEarly: Rate;
  /** Median hour of those ends; absent when there were none. */
  readonly endedAfterHours?: number;
  /** Whose leak was found; of runs that leak only. */
  readonly found?: Rate;
  /** Of their series, those that passed. */
  readonly passed: Rate;
}

export interface VerdictBenchFigures {
  readonly families: readonly FamilyRow[];
  readonly runs: readonly RunRow[];
}

export function summariseBench(series: readonly SeriesTrial[], runs: readonly RunTrial[]): VerdictBenchFigures {
  const lengths = (all: readonly { readonly hours: number }[]): number[] =>
    [...new Set(all.map(({ hours }) => hours))].sort((one, other) => one - other);
  return {
    families: families.flatMap((family) => {
      const own = series.filter((trial) => trial.family === family.name);
      return lengths(own).map((hours) => rowOf(family, hours, own.filter((trial) => trial.hours === hours))); // prettier-ignore
    }),
    runs: (['healthy', 'leak'] as const).flatMap((truth) => {
      const own = runs.filter((trial) => (trial.truth ?? 'healthy') === truth);
      return lengths(own).map((hours) => runRow(truth, hours, own.filter((trial) => trial.hours === hours))); // prettier-ignore
    }),
  };
}

function rowOf(
  { name, truth }: Pick<(typeof families)[number], 'name' | 'truth'>,
  hours: number,
  trials: readonly SeriesTrial[],
): FamilyRow {
  const count = (wanted: Outcome): number => trials.filter(({ outcome }) => outcome === wanted).length;
  const needs = trials.flatMap(({ needHours }) => needHours ?? []);
  const covered = trials.flatMap(({ isCovered }) => isCovered ?? []);
  const alarms = (peer: PeerName): number => trials.filter((trial) => trial.alarms.includes(peer)).length;
  return {
    ...{ family: name, truth, hours },
    outcomes: { pass: count('pass'), inconclusive: count('inconclusive'), fail: count('fail') },
    called: rateOf(count('fail'), trials.length),
    ...(needs.length > 0 && { needHours: quantile(needs, 0.5) }),
    ...(covered.length > 0 && { coverage: rateOf(covered.filter(Boolean).length, covered.length) }),
    peerAlarms: Object.fromEntries(Object.keys(peers).map((peer) => [peer, alarms(peer as PeerName)])) as Record<
      PeerName,
      number
    >,
  };
}

function runRow(truth: RunRow['truth'], hours: number, trials: readonly RunTrial[]): RunRow {
  const ends = trials.flatMap(({ endedAfterHours }) => endedAfterHours ?? []);
  const passed = trials.reduce((sum, trial) => sum + trial.passed, 0);
  return {
    ...{ truth, hours },
    alarmed: rateOf(trials.filter(({ alarms }) => alarms > 0).length, trials.length),
    endedEarly: rateOf(ends.length, trials.length),
    ...(ends.length > 0 && { endedAfterHours: quantile(ends, 0.5) }),
    ...(truth === 'leak' && { found: rateOf(trials.filter(({ isFound }) => isFound).length, trials.length) }),
    passed: rateOf(passed, trials.length * processesOfRun * seriesOfProcess),
  };
}
