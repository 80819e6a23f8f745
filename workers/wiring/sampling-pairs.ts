import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { SamplerFigures, SamplingBenchOrder, SamplingPair } from '#cli/sampling-bench.ts';
import { readProcess } from './bench-process.ts';
import type { BenchTrials } from './bench-trials.ts';
import type { SampledProcesses } from './sampled-processes.ts';

export interface Comparison {
  readonly sampled: SampledProcesses;
  readonly trials: BenchTrials;
  readonly order: SamplingBenchOrder;
  readonly onLine: (line: string) => void;
}

/** A sampler that was stopped has missed a tick, and is in step again with the next. */
const switchMs = 1_500;
/** Until what is asked is compiled and all connections are open. */
const warmUpMs = 3_000;
/** Of a load: what one more starts with is not in a pair, and one that has to be waited for is over soon. */
const pairsOfLoad = 10;
/** What asking for figures may take, in a pair. */
const spareMs = 1_000;

const loadMs = ({ seconds }: SamplingBenchOrder, pairs: number): number =>
  warmUpMs + pairs * (2 * (switchMs + seconds * 1_000) + spareMs);

/** At most so long do all pairs take. */
export const pairsMs = (order: SamplingBenchOrder): number =>
  Math.ceil(order.pairs / pairsOfLoad) * (loadMs(order, pairsOfLoad) + 10_000);

/**
 * Pairs of stretches of one load on one of the processes, one with the sampler running and one with it stopped, in an order that
 * changes from pair to pair. Told is how much the process gets done in a second of its own processor time, which says little of
 * what else the machine does; and both are of one load, because two loads differ by more than sampling takes.
 */
export async function comparePairs({ sampled, trials, order, onLine }: Comparison) {
  const generator = trials.missing('wrk') === undefined ? 'wrk' : 'soakwave';
  const spent = { seconds: 0, cpuSeconds: 0 };
  const pairs: SamplingPair[] = [];

  async function tryWith(isOn: boolean): Promise<number> {
    sampled.setSampling(isOn);
    await sleep(switchMs);
    const [samplerBefore, before] = [cpuOf(sampled), await readSpent(sampled)];
    await sleep(order.seconds * 1_000);
    const [{ seconds, coreShare }, after] = [figuresOf(samplerBefore, cpuOf(sampled)), await readSpent(sampled)];
    if (isOn) {
      spent.seconds += seconds;
      spent.cpuSeconds += coreShare * seconds;
    }
    return (after.answered - before.answered) / ((after.cpuUs - before.cpuUs) / 1e6);
  }

  async function tryPairs(count: number, isLoadOver: () => boolean): Promise<void> {
    await sleep(warmUpMs);
    for (let pair = 0; pair < count; pair += 1) {
      const isFirst = pairs.length % 2 === 0;
      const [first, second] = [await tryWith(isFirst), await tryWith(!isFirst)];
      if (isLoadOver())
        throw new Error('the load ended in the middle of a pair: the machine is too busy to measure on');
      const found = isFirst ? { with: first, without: second } : { with: second, without: first };
      pairs.push(found);
      onLine(`pair ${pairs.length} of ${order.pairs}: ${Math.round(found.with)} requests a core-second sampled, ${Math.round(found.without)} not`); // prettier-ignore
    }
  }

  while (pairs.length < order.pairs) {
    const count = Math.min(pairsOfLoad, order.pairs - pairs.length);
    const { url } = sampled;
    let isOver = false;
    const load = trials
      .bare(generator, { url, connections: order.connections, seconds: loadMs(order, count) / 1_000 })
      .finally(() => (isOver = true));
    await Promise.all([load, tryPairs(count, () => isOver)]);
  }
  sampled.setSampling(true);
  return { generator, pairs, underLoad: { seconds: spent.seconds, coreShare: spent.cpuSeconds / spent.seconds } };
}

const Spent = z.strictObject({ answered: z.int().nonnegative(), cpuUs: z.int().nonnegative() });

/** What the process under load says of itself at one moment: the lists that it has answered, and its processor time. */
async function readSpent({ url }: SampledProcesses): Promise<z.infer<typeof Spent>> {
  const answer = await fetch(new URL('/spent', url));
  return Spent.parse(await answer.json());
}

export const cpuOf = ({ samplerPid }: SampledProcesses): { cpuSeconds: number; at: number } => ({
  cpuSeconds: readProcess(samplerPid).cpuSeconds,
  at: performance.now(),
});

/** Between two looks. */
export function figuresOf(from: ReturnType<typeof cpuOf>, to: ReturnType<typeof cpuOf>): SamplerFigures {
  const seconds = (to.at - from.at) / 1_000;
  return { seconds, coreShare: (to.cpuSeconds - from.cpuSeconds) / seconds };
}
