import { formatNumber, formatRatio } from '#model/figures.ts';
import { renderTable } from './table.ts';

export interface VerdictBenchOrder {
  /** Lengths of the series. */
  readonly hours: readonly number[];
  /** Of each family and length. */
  readonly series: number;
  /** Healthy whole runs of each length. */
  readonly runs: number;
  /** Whole runs of each length in which one process leaks 0.5 MB/h. */
  readonly leaks: number;
  readonly seed: number;
  /** File of trials that are done. */
  readonly keep?: string;
}

interface Rate {
  readonly count: number;
  readonly of: number;
  readonly low: number;
  readonly high: number;
}

/** Last line of `soak bench verdict --json`. Rates have their 95 % interval beside them. */
export interface VerdictBenchReport {
  readonly seed: number;
  readonly seconds: number;
  readonly families: readonly {
    readonly family: string;
    readonly truth: 'healthy' | 'leak';
    readonly hours: number;
    readonly outcomes: Readonly<Record<'pass' | 'inconclusive' | 'fail', number>>;
    readonly called: Rate;
    readonly needHours?: number;
    readonly coverage?: Rate;
    readonly peerAlarms: Readonly<Record<string, number>>;
  }[];
  readonly runs: readonly {
    readonly truth: 'healthy' | 'leak';
    readonly hours: number;
    readonly alarmed: Rate;
    readonly endedEarly: Rate;
    readonly endedAfterHours?: number;
    readonly found?: Rate;
    readonly passed: Rate;
  }[];
}

export function renderVerdictBench({ families, runs, seed, seconds }: VerdictBenchReport): string {
  const peerNames = Object.keys(families[0]?.peerAlarms ?? {});
  const head = ['series', 'truth', 'h', 'pass', 'open', 'fail', 'needs, h', 'interval right', ...peerNames];
  const rows = families.map((row) => [
    ...[row.family, row.truth, formatNumber(row.hours)],
    ...[row.outcomes.pass, row.outcomes.inconclusive, row.outcomes.fail].map(formatNumber),
    ...[row.needHours === undefined ? '–' : formatNumber(row.needHours), row.coverage ? share(row.coverage) : '–'],
    ...peerNames.map((name) => formatNumber(row.peerAlarms[name] ?? 0)),
  ]);
  const runRows = runs.map(({ truth, hours, alarmed, endedEarly, endedAfterHours, found, passed }) => [
    ...[truth, formatNumber(hours), formatNumber(alarmed.of), formatNumber(alarmed.count)],
    ...[`${formatRatio(alarmed.low)} to ${formatRatio(alarmed.high)}`, found === undefined ? '–' : share(found)],
    `${formatNumber(endedEarly.count)}${endedAfterHours === undefined ? '' : ` (${formatNumber(endedAfterHours)} h)`}`,
    share(passed),
  ]);
  return [
    `Series whose truth is known, seed ${seed}, in ${seconds} s. The last columns are alarms that others raise.`,
    renderTable([head, ...rows], '  '),
    ...(runs.length === 0
      ? []
      : [
          'Whole runs of 20 processes with 8 series each, hourly checkpoints from the 24th hour on',
          renderTable([runHead, ...runRows], '  '),
        ]),
  ].join('\n');
}

const runHead = [
  ...['truth', 'h', 'runs', 'with a false alarm', 'in truth, 95 %', 'leak found', 'ended early (median)'],
  'series that passed',
];

const share = ({ count, of }: Rate): string => formatRatio(of === 0 ? 0 : count / of);
