import * as z from 'zod';
import type { CapacityPlan } from './capacity-plan.ts';
import { bracketOf, isHarness, Probe, SearchEnd, settleRates } from './capacity-search.ts';

const rate = z.number().positive();

/** What a search came to, from its probes alone. Rates are iterations begun per second; requests are what these came to at the target. */
export const CapacityAnswer = z.strictObject({
  endedBy: SearchEnd,
  /** Held, and the target's own limit is above it by no more than the resolution. */
  isFound: z.boolean(),
  /** The highest rate that was met with nothing missed below it. */
  low: z
    .strictObject({
      ratePerSecond: rate,
      /** Met over the long look too. */
      isHeld: z.boolean(),
      /** By the longest look at it. */
      requestsPerSecond: z.number().nonnegative(),
      heldSeconds: z.number().positive(),
      latencyMsP95: z.number().optional(),
    })
    .optional(),
  /** The lowest rate from which on nothing was met. `by` the harness it says nothing of the target. */
  high: z
    .strictObject({
      ratePerSecond: rate,
      /** Reckoned from the requests of an iteration, because a target that is asked for too much answers less. */
      requestsPerSecond: z.number().nonnegative().optional(),
      by: z.enum(['target', 'generator', 'users']),
    })
    .optional(),
  /** Rates whose looks disagreed, or that were met above one that was missed. */
  noisyRates: z.array(rate),
});
export type CapacityAnswer = z.infer<typeof CapacityAnswer>;

/** What a capacity search says of the target, judged again from the stored evidence. */
export const CapacityResult = CapacityAnswer.extend({
  /** Where throughput for latency is best: beyond it latency grows faster than throughput. Absent when no probe was beyond it. */
  knee: z
    .strictObject({ ratePerSecond: rate, requestsPerSecond: z.number().nonnegative(), latencyMsP95: z.number() })
    .optional(),
  /** What to plan with: `share` of the highest rate that was met, or the knee where that is lower. */
  safe: z
    .strictObject({
      ratePerSecond: rate,
      requestsPerSecond: z.number().nonnegative(),
      share: z.number().positive(),
      by: z.enum(['limit', 'knee']),
    })
    .optional(),
  probes: z.array(Probe),
  /** Probes that the stored evidence judges otherwise than the search did: what it saw was not all stored. */
  differing: z.int().nonnegative(),
});
export type CapacityResult = z.infer<typeof CapacityResult>;

/** Of rates with three figures the nearest ones may be this much further apart than asked for. */
const rounding = 0.005;

export function answerOf(plan: CapacityPlan, probes: readonly Probe[], endedBy: SearchEnd): CapacityAnswer {
  const rates = settleRates(probes);
  const { low, high } = bracketOf(rates);
  const above = rates.filter(
    ({ ratePerSecond, state }) =>
      high !== undefined && ratePerSecond > high.ratePerSecond && (state === 'met' || state === 'held'),
  );
  // What was met above a rate that was missed: the limit may lie anywhere up to it.
  const reach = above.at(-1)?.ratePerSecond ?? high?.ratePerSecond;
  const width = low === undefined || reach === undefined ? Infinity : reach / low.ratePerSecond - 1;
  const described = low === undefined ? undefined : describeLow(probes, low);
  const by = high !== undefined && isHarness(high.state) ? high.state : 'target';
  const perIteration = described === undefined ? undefined : described.requestsPerSecond / described.ratePerSecond;
  const noisy = rates.filter((each) => each.isNoisy || above.includes(each));
  return {
    endedBy,
    isFound: low?.state === 'held' && by === 'target' && width <= plan.resolution + rounding,
    ...(described === undefined ? {} : { low: described }),
    ...(reach === undefined
      ? {}
      : {
          high: {
            ratePerSecond: reach,
            ...(perIteration === undefined ? {} : { requestsPerSecond: reach * perIteration }),
            by,
          },
        }),
    noisyRates: noisy.map(({ ratePerSecond }) => ratePerSecond),
  };
}

function describeLow(
  probes: readonly Probe[],
  { ratePerSecond, state }: { ratePerSecond: number; state: string },
): CapacityAnswer['low'] {
  const looks = probes.filter((probe) => probe.ratePerSecond === ratePerSecond && probe.outcome === 'met');
  const [longest] = looks.sort((a, b) => b.to - b.from - (a.to - a.from));
  if (longest === undefined) return undefined;
  const { requests = 0, seconds = 1, latencyMsP95 } = longest.figures ?? {};
  return {
    ...{ ratePerSecond, isHeld: state === 'held', requestsPerSecond: requests / seconds },
    heldSeconds: (longest.to - longest.from) / 1_000,
    ...(latencyMsP95 === undefined ? {} : { latencyMsP95 }),
  };
}
