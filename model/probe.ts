import * as z from 'zod';
import { percentileOf, type LatencyBuckets } from './latency-buckets.ts';

const count = z.int().nonnegative();

/** A probe is cut into so many stretches of equal length; how much they differ says how sure its share of slow reads is. */
export const batchesOfProbe = 10;

/**
 * What the engines of one host did in a probe. Parts of several hosts add up; percentiles do not, so the latencies of local
 * reads travel as counts in buckets. Under 4 KB.
 */
export interface ProbePart {
  /** Seconds of shards that were recorded. */
  readonly recorded: number;
  readonly due: number;
  readonly dropped: number;
  /** Iterations that ended: answered or failed. */
  readonly ended: number;
  readonly failed: number;
  readonly requests: number;
  /** Local reads that were answered, and those of them that took longer than the objective allows. */
  readonly reads: number;
  readonly slow: number;
  /** The same two by stretches of the probe, as many as `batchesOfProbe`. */
  readonly batches: readonly (readonly [reads: number, slow: number])[];
  readonly latencies: LatencyBuckets;
  /** Iterations that the generator began, those that it began late against the latency that is asked for, and those far too late. */
  readonly begun: number;
  readonly late: number;
  readonly veryLate: number;
  /** Of the busiest engine: mean of cores, and the 95th percentile over seconds of its event loop's p99 delay. */
  readonly generatorCores?: number;
  readonly generatorDelaySeconds?: number;
}

/** What all engines together did in a probe. */
export const ProbeFigures = z.strictObject({
  /** Length of the measured stretch. */
  seconds: z.number().positive(),
  /** Seconds of shards without a record, of all that were owed. */
  unseen: count,
  owed: count,
  due: count,
  dropped: count,
  ended: count,
  failed: count,
  requests: count,
  reads: count,
  slow: count,
  begun: count,
  late: count,
  veryLate: count,
  /** Standard error of slow ÷ reads by the method of batch means; absent when there are too few stretches with reads. */
  slowShareError: z.number().nonnegative().optional(),
  /** Of local reads, within 5 %. */
  latencyMsP50: z.number().optional(),
  latencyMsP95: z.number().optional(),
  generatorCores: z.number().optional(),
  generatorDelaySeconds: z.number().optional(),
});
export type ProbeFigures = z.infer<typeof ProbeFigures>;

const summed = [
  ...(['recorded', 'due', 'dropped', 'ended', 'failed', 'requests', 'reads', 'slow'] as const),
  ...(['begun', 'late', 'veryLate'] as const),
] as const;

/** The figures of a probe of `seconds` in which each of `shards` engines owed a record a second. */
export function sumProbeParts(parts: readonly ProbePart[], { seconds, shards }: { seconds: number; shards: number }) {
  const sum = {
    ...{ recorded: 0, due: 0, dropped: 0, ended: 0, failed: 0, requests: 0, reads: 0, slow: 0 },
    ...{ begun: 0, late: 0, veryLate: 0 },
  };
  for (const part of parts) for (const key of summed) sum[key] += part[key];
  const { recorded, ...counts } = sum;
  const owed = Math.round(seconds) * shards;
  const latencies = parts.flatMap((part) => part.latencies);
  const slowShareError = errorOfShare(parts);
  const highest = (values: readonly (number | undefined)[]): number | undefined =>
    values.reduce(
      (max, value) => (value === undefined || (max !== undefined && max >= value) ? max : value),
      undefined,
    );
  return withoutAbsent({
    ...{ seconds, owed, unseen: Math.max(0, owed - recorded), ...counts, slowShareError },
    latencyMsP50: percentileOf(latencies, 0.5),
    latencyMsP95: percentileOf(latencies, 0.95),
    generatorCores: highest(parts.map((part) => part.generatorCores)),
    generatorDelaySeconds: highest(parts.map((part) => part.generatorDelaySeconds)),
  });
}

type Absent<T> = { [K in keyof T]: T[K] | undefined };

const withoutAbsent = (figures: Absent<ProbeFigures>): ProbeFigures =>
  Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) as ProbeFigures;

/** Fewer stretches say nothing of how much stretches differ. */
const batchesMin = 4;

/**
 * Answers of one queue depend on their neighbours, so their share is less sure than as many throws of a coin would be. The
 * means of long stretches hardly do (batch means: Law and Kelton, Simulation Modeling and Analysis), as a ratio of two sums.
 */
function errorOfShare(parts: readonly ProbePart[]): number | undefined {
  const batches = Array.from({ length: batchesOfProbe }, (_, index) => {
    const ofParts = parts.map((part) => part.batches[index] ?? ([0, 0] as const));
    return {
      reads: ofParts.reduce((sum, [reads]) => sum + reads, 0),
      slow: ofParts.reduce((sum, [, slow]) => sum + slow, 0),
    };
  }).filter(({ reads }) => reads > 0);
  if (batches.length < batchesMin) return undefined;
  const reads = batches.reduce((sum, batch) => sum + batch.reads, 0);
  const share = batches.reduce((sum, batch) => sum + batch.slow, 0) / reads;
  const squares = batches.reduce((sum, batch) => sum + (batch.slow - share * batch.reads) ** 2, 0);
  return Math.sqrt((batches.length / (batches.length - 1)) * squares) / reads;
}
