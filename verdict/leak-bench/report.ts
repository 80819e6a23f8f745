import type { Outcome } from '#model/verdict.ts';
import { quantile } from '../leak/reduce.ts';
import { families } from './families.ts';
import { type PeerName, peers } from './peers.ts';
import { type Rate, rateOf } from './rate.ts';
import { processesOfRun, type RunTrial, seriesOfProcess, type SeriesTrial } from './trial.ts';

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

/** Healthy whole runs of one length: those with at least one series that was called a leak. */
export interface RunRow {
  readonly hours: number;
  readonly alarmed: Rate;
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
    runs: lengths(runs).map((hours) => runRow(hours, runs.filter((trial) => trial.hours === hours))), // prettier-ignore
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

function runRow(hours: number, trials: readonly RunTrial[]): RunRow {
  return {
    hours,
    alarmed: rateOf(trials.filter(({ alarms }) => alarms > 0).length, trials.length),
    passed: rateOf(
      trials.reduce((sum, { passed }) => sum + passed, 0),
      trials.length * processesOfRun * seriesOfProcess,
    ),
  };
}
