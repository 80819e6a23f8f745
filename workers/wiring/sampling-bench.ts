import { setTimeout as sleep } from 'node:timers/promises';
import type { SamplingBenchOrder, SamplingBenchReport } from '#cli/sampling-bench.ts';
import { formatRatio } from '#model/figures.ts';
import { proveSignals } from '#telemetry/prove.ts';
import { findPinning, readProcess } from './bench-process.ts';
import { createBenchTrials } from './bench-trials.ts';
import type { Context } from './context.ts';
import { type SampledProcesses, startSampledProcesses } from './sampled-processes.ts';
import { lossOf, samplingBars } from './sampling-figures.ts';
import { comparePairs, cpuOf, figuresOf, pairsMs } from './sampling-pairs.ts';

/** A whole minute: by then each process had its turn at what is read once a minute. */
const quietMs = 60_000;
/** Until the sampler's code is compiled and its connections are open. */
const settleMs = 6_000;
const startMsMax = 120_000;
const proveWithinMs = 10_000;
const dayMs = 86_400_000;
const projected = { processes: 20, days: 2 };

/**
 * What sampling takes: the sampler of a run, as a process of its own, on so many real processes, of which some have a metrics page. Its
 * processor time is the kernel's account of it; what it takes from who is sampled is told by pairs of stretches in which one of
 * them is at full load, one with the sampler running and one with it stopped.
 */
export async function benchSampling(
  context: Context,
  order: SamplingBenchOrder,
  onLine: (line: string) => void,
): Promise<SamplingBenchReport> {
  const pinning = await findPinning();
  const livesMs = startMsMax + 2 * quietMs + settleMs + pairsMs(order);
  const sampled = await startSampledProcesses(context, {
    count: order.processes,
    pages: order.pages,
    livesMs,
    pinning,
  });
  try {
    await prove(sampled);
    onLine(`${order.processes} processes are up and every signal delivers`);
    const trials = createBenchTrials(context.environment, { folder: sampled.folder, pinning });
    const quiet = await watchQuietly(sampled, order, onLine);
    const loaded = await comparePairs({ sampled, trials, order, onLine });
    const { storedBytes, ...samples } = quiet.samples;
    const bytesPerProcessDay = (storedBytes / samples.processMs) * dayMs;
    const found = {
      ...{ quiet: quiet.sampler, underLoad: loaded.underLoad, loss: lossOf(loaded.pairs) },
      bytesProjected: bytesPerProcessDay * projected.processes * projected.days,
    };
    return {
      ...{ processes: order.processes, pages: order.pages, seconds: order.seconds, connections: order.connections },
      ...{ generator: loaded.generator, pinned: pinning !== undefined },
      ...{ samplerRssBytes: readProcess(sampled.samplerPid).rssBytes, pairs: loaded.pairs },
      ...{ sampledCoreShare: quiet.sampledCoreShare },
      ...{ samplesExpected: samples.expected, samplesPresent: samples.present },
      ...{ valuesPerSample: samples.valuesPerSample, gaps: samples.gaps, bytesPerProcessDay },
      ...{ ...found, bars: samplingBars(found) },
    };
  } finally {
    await sampled.stop();
  }
}

async function prove({ orders, incarnations: processes }: SampledProcesses): Promise<void> {
  const { signal } = new AbortController();
  const { missing } = await proveSignals({ orders, processes, withinMs: proveWithinMs, signal });
  if (missing.length === 0) return;
  throw new Error(`signals that do not deliver: ${missing.map(({ signal: name }) => name).join(', ')}`);
}

/** Of a core, what those who are sampled take together from now on until it is asked. */
function ownShareOf({ sampledPids }: SampledProcesses): () => number {
  const spent = (): number => sampledPids.reduce((sum, pid) => sum + readProcess(pid).cpuSeconds, 0);
  const [before, at] = [spent(), performance.now()];
  return () => (spent() - before) / ((performance.now() - at) / 1_000);
}

async function watchQuietly(
  sampled: SampledProcesses,
  { processes }: SamplingBenchOrder,
  onLine: (line: string) => void,
) {
  await sleep(settleMs);
  const [before, ownBefore, from] = [cpuOf(sampled), ownShareOf(sampled), Date.now()];
  await sleep(quietMs);
  const [sampler, until] = [figuresOf(before, cpuOf(sampled)), Date.now()];
  const watchedShare = ownBefore();
  onLine(`${formatRatio(sampler.coreShare)} of a core, nothing else going on`);
  sampled.setSampling(false);
  const unwatched = ownShareOf(sampled);
  // As long again, for what those who are sampled do by themselves.
  await sleep(quietMs);
  const sampledCoreShare = watchedShare - unwatched();
  const { records, storedBytes } = await sampled.readSpool(from, until);
  const own = records.filter((record) => record.kind === 'sample').filter(({ role }) => role !== 'sampler');
  const values = own.reduce((sum, record) => sum + Object.keys(record.values).length, 0);
  const gaps = records.filter(({ kind }) => kind === 'gap').length;
  const ticks = new Set(own.map(({ at }) => at)).size;
  const spanTicks = ticks === 0 ? 0 : (Math.max(...own.map(({ at }) => at)) - Math.min(...own.map(({ at }) => at))) / 1_000 + 1; // prettier-ignore
  // The sampler's own samples are among the bytes: they count as those of one process more.
  const processMs = spanTicks * 1_000 * (processes + 1);
  const samples = { storedBytes, processMs, gaps, expected: spanTicks * processes, present: own.length };
  return { sampler, sampledCoreShare, samples: { ...samples, valuesPerSample: values / Math.max(1, own.length) } };
}
