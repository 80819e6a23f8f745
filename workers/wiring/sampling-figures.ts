import type { SamplingBar, SamplingBenchReport, SamplingPair, ShareInterval } from '#cli/sampling-bench.ts';
import { formatBytes, formatRatio } from '#model/figures.ts';
import { studentQuantile } from '#verdict/leak/student.ts';

const doubt = 0.05;

/** What sampling takes from throughput, by the ratio within each pair: what the machine did meanwhile befell both trials. */
export function lossOf(pairs: readonly SamplingPair[]): ShareInterval {
  const logs = pairs.map(({ with: sampled, without }) => Math.log(sampled / without));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1);
  const reach = studentQuantile(doubt / 2, logs.length - 1) * Math.sqrt(variance / logs.length);
  const lossAt = (log: number): number => 1 - Math.exp(log);
  return { share: lossAt(mean), low: lossAt(mean + reach), high: lossAt(mean - reach) };
}

const coreMax = 0.02;
const lossMax = 0.01;
const bytesMax = 2 * 1024 ** 3;

export function samplingBars({
  quiet,
  underLoad,
  loss,
  bytesProjected,
}: Pick<SamplingBenchReport, 'quiet' | 'underLoad' | 'loss' | 'bytesProjected'>): SamplingBar[] {
  const coreShare = Math.max(quiet.coreShare, underLoad.coreShare);
  const upTo = (value: number, max: number): SamplingBar['state'] => (value < max ? 'met' : 'missed');
  return [
    { bar: 'of a core', wanted: `< ${formatRatio(coreMax)}`, found: formatRatio(coreShare), state: upTo(coreShare, coreMax) }, // prettier-ignore
    {
      ...{ bar: 'of throughput', wanted: `< ${formatRatio(lossMax)}` },
      found: `${formatRatio(loss.low)} to ${formatRatio(loss.high)}`,
      // An interval that holds the bar itself does not tell.
      state: loss.high < lossMax ? 'met' : loss.low > lossMax ? 'missed' : 'open',
    },
    { bar: '20 processes, 48 h', wanted: `< ${formatBytes(bytesMax)}`, found: formatBytes(bytesProjected), state: upTo(bytesProjected, bytesMax) }, // prettier-ignore
  ];
}
