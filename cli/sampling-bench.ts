import { formatBytes, formatNumber, formatRatio } from '#model/figures.ts';
import { renderTable } from './table.ts';

/** What `soak bench sampling` is to measure. */
export interface SamplingBenchOrder {
  readonly processes: number;
  /** Of these processes so many have a metrics page, as gateways have; of the others the kernel tells. */
  readonly pages: number;
  /** Of two trials each, one of them without sampling. */
  readonly pairs: number;
  /** Of one trial. */
  readonly seconds: number;
  readonly connections: number;
}

/** The sampler in a stretch of time. */
export interface SamplerFigures {
  readonly seconds: number;
  /** Of one core, by the kernel's account of the process. */
  readonly coreShare: number;
}

/** Requests that the loaded process answers in a second of processor time. */
export interface SamplingPair {
  readonly with: number;
  readonly without: number;
}

/** Shares are of one; an interval holds the truth 95 times out of 100. */
export interface ShareInterval {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** `open`: more pairs are needed to tell. */
type BarState = 'met' | 'missed' | 'open';

export interface SamplingBar {
  readonly bar: string;
  readonly wanted: string;
  readonly found: string;
  readonly state: BarState;
}

/** Last line of `soak bench sampling --json`. */
export interface SamplingBenchReport {
  readonly processes: number;
  readonly pages: number;
  readonly seconds: number;
  readonly connections: number;
  readonly generator: string;
  /** The loaded process had a core to itself; generator, sampler and all others shared another. */
  readonly pinned: boolean;
  /** Nothing else going on, and while one of the processes is under full load. */
  readonly quiet: SamplerFigures;
  readonly underLoad: SamplerFigures;
  readonly samplerRssBytes: number;
  /** Of one core, what all sampled processes take more than unsampled: those with a page wake up and write it. */
  readonly sampledCoreShare: number;
  /** Of each process and second in the quiet stretch. */
  readonly samplesExpected: number;
  readonly samplesPresent: number;
  readonly valuesPerSample: number;
  readonly gaps: number;
  readonly pairs: readonly SamplingPair[];
  /** What sampling takes from the loaded process's throughput. */
  readonly loss: ShareInterval;
  /** Samples as they are stored. */
  readonly bytesPerProcessDay: number;
  /** Of 20 processes in 48 h. */
  readonly bytesProjected: number;
  readonly bars: readonly SamplingBar[];
}

export function renderSamplingBench(report: SamplingBenchReport): string {
  const { processes, generator, pinned, quiet, underLoad, samplesExpected, samplesPresent, pairs, loss } = report;
  const rows = [
    ['core, nothing else going on', formatRatio(quiet.coreShare), `${formatNumber(quiet.seconds)} s`],
    ['core, one process under full load', formatRatio(underLoad.coreShare), `${formatNumber(underLoad.seconds)} s`],
    [
      'core, all processes for their pages',
      formatRatio(report.sampledCoreShare),
      `${formatNumber(report.pages)} pages`,
    ],
    ['memory of the sampler', formatBytes(report.samplerRssBytes), ''],
    ['samples', `${formatNumber(samplesPresent)} of ${formatNumber(samplesExpected)}`, `${formatNumber(report.valuesPerSample)} values each, ${formatNumber(report.gaps)} gaps`], // prettier-ignore
    ['stored, a process and day', formatBytes(report.bytesPerProcessDay), `${formatBytes(report.bytesProjected)} for 20 processes in 48 h`], // prettier-ignore
    ['throughput lost', formatRatio(loss.share), `${formatRatio(loss.low)} to ${formatRatio(loss.high)}, by ${pairs.length} pairs`], // prettier-ignore
  ];
  const pairRows = pairs.map(({ with: sampled, without }, index) => [
    ...[formatNumber(index + 1), formatNumber(sampled), formatNumber(without), formatRatio(1 - sampled / without)],
  ]);
  const bars = report.bars.map(({ bar, wanted, found, state }) => [bar, wanted, found, state]);
  return [
    `${processes} processes, ${formatNumber(report.pages)} of them with a metrics page, sampled once a second`,
    renderTable([['sampling takes', 'found', ''], ...rows], '  '),
    `Requests that one of them answers in a second of its processor time, asked by ${generator}; ${pinned ? 'it has a core to itself' : 'nothing is pinned'}`,
    renderTable([['pair', 'sampled', 'not', 'lost'], ...pairRows], '  '),
    'Bars',
    renderTable([['bar', 'wanted', 'found', ''], ...bars], '  '),
  ].join('\n');
}
