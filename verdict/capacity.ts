import { answerOf, type CapacityAnswer, type CapacityResult } from '#model/capacity-answer.ts';
import type { CapacityPlan } from '#model/capacity-plan.ts';
import type { Probe, SearchEnd } from '#model/capacity-search.ts';
import { formatDuration, formatNumber, formatRatio } from '#model/figures.ts';
import { judgeProbe, voidOf } from '#model/probe-verdict.ts';
import { findKnee, type LoadLatency } from './knee.ts';
import { type Finding, type JudgeInput, open } from './rule.ts';

/**
 * What the search came to, from the stored evidence: each of its probes is measured and judged again, and the answer follows
 * from these. That a probe was disturbed is taken from the search. Undefined when there was no search.
 */
export function reckonCapacity({ plan, capacity, evidence }: JudgeInput): CapacityResult | undefined {
  if (plan.capacity === undefined || capacity === undefined) return undefined;
  const { limits, safeShare } = plan.capacity;
  const probes = capacity.probes.map((probe, index): Probe => {
    const { look, ratePerSecond, from, to } = probe;
    const figures = evidence.probes?.[index];
    const judged = probe.cause === 'disturbed' ? voidOf('disturbed', probe.reason) : judgeProbe(figures, limits);
    return { look, ratePerSecond, from, to, ...judged, ...(figures === undefined ? {} : { figures }) };
  });
  const answer = answerOf(plan.capacity, probes, capacity.endedBy ?? 'time');
  const knee = kneeOf(probes);
  return {
    ...answer,
    ...(knee === undefined ? {} : { knee }),
    ...safeOf(answer, knee, safeShare),
    probes,
    differing: probes.filter((probe, index) => probe.outcome !== capacity.probes[index]?.outcome).length,
  };
}

type Knee = CapacityResult['knee'];

/** From all probes that say something: one point a rate, with the median of its looks. */
function kneeOf(probes: readonly Probe[]): Knee {
  const spoken = probes.filter(({ outcome }) => outcome !== 'void');
  const rates = [...new Set(spoken.map(({ ratePerSecond }) => ratePerSecond))];
  const points = rates.flatMap((rate): LoadLatency[] => {
    const looks = spoken.filter(({ ratePerSecond }) => ratePerSecond === rate).flatMap(({ figures }) => figures ?? []);
    const throughput = median(looks.map(({ ended, seconds }) => ended / seconds));
    const latencyMs = median(looks.flatMap(({ latencyMsP95 }) => latencyMsP95 ?? []));
    return throughput === undefined || latencyMs === undefined ? [] : [{ throughput, latencyMs }];
  });
  const found = findKnee(points);
  if (found === undefined) return undefined;
  const { throughput: ratePerSecond, latencyMs: latencyMsP95 } = found;
  return { ratePerSecond, requestsPerSecond: ratePerSecond * requestsPerIteration(spoken), latencyMsP95 };
}

function requestsPerIteration(probes: readonly Probe[]): number {
  const ended = probes.reduce((sum, { figures }) => sum + (figures?.ended ?? 0), 0);
  return ended === 0 ? 0 : probes.reduce((sum, { figures }) => sum + (figures?.requests ?? 0), 0) / ended;
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [below, above] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return below === undefined || above === undefined ? undefined : (below + above) / 2;
}

function safeOf({ low }: CapacityAnswer, knee: Knee, share: number): Pick<CapacityResult, 'safe'> {
  if (low === undefined) return {};
  const ofLimit = low.ratePerSecond * share;
  const isKnee = knee !== undefined && knee.ratePerSecond < ofLimit;
  const ratePerSecond = isKnee ? knee.ratePerSecond : ofLimit;
  const requestsPerSecond = (low.requestsPerSecond / low.ratePerSecond) * ratePerSecond;
  return { safe: { ratePerSecond, requestsPerSecond, share, by: isKnee ? 'knee' : 'limit' } };
}

/**
 * How much load can it carry? Answered when the search found it: held, with the target's own limit close above. A baseline is
 * held against it where baselines bind, and there what was met is enough to pass, and what was missed to fail.
 */
export function capacityRule(input: JudgeInput): Finding {
  const { plan, capacity } = input;
  if (plan.capacity === undefined) return open('The load was no capacity search.');
  const result = reckonCapacity(input);
  if (result === undefined || capacity === undefined) return open('The search never began.');
  const reason = tell(result, plan.capacity, capacity.endedBy === undefined);
  const { low } = result;
  const measured = low === undefined ? {} : { measured: low.requestsPerSecond, unit: 'requests/s' };
  const { baseline } = plan.capacity;
  if (baseline?.isBinding !== true) return { outcome: result.isFound ? 'pass' : 'inconclusive', reason, ...measured };
  return {
    outcome: againstBaseline(result, baseline.requestsPerSecond),
    reason,
    ...measured,
    ...{ limit: baseline.requestsPerSecond, unit: 'requests/s' },
  };
}

function againstBaseline({ low, high, endedBy }: CapacityResult, baseline: number): Finding['outcome'] {
  if (low?.isHeld === true && low.requestsPerSecond >= baseline) return 'pass';
  if (low === undefined) return endedBy === 'floor' ? 'fail' : 'inconclusive';
  const isBelow = high?.by === 'target' && (high.requestsPerSecond ?? Infinity) < baseline;
  return isBelow && low.isHeld ? 'fail' : 'inconclusive';
}

function tell(result: CapacityResult, plan: CapacityPlan, isCutOff: boolean): string {
  const { low, high, noisyRates, differing } = result;
  const end = isCutOff ? 'the load ended before the search did' : ends[result.endedBy];
  const sentences = [
    low === undefined
      ? `No rate was found at which the objectives are met: ${end}`
      : `The objectives are met at ${describeRate(low)}${low.isHeld ? `, held for ${formatDuration(low.heldSeconds * 1_000)}` : ', though not over a longer look'}${describeHigh(high)}`,
    ...(low === undefined || result.isFound ? [] : [`At least that: ${end}`]),
    ...describeAdvice(result),
    ...(noisyRates.length === 0
      ? []
      : [`Looks disagreed at ${noisyRates.slice(0, 4).map(formatNumber).join(', ')} iterations/s`]),
    ...(differing === 0 ? [] : [`${differing} probes are judged otherwise by what was stored of them`]),
    ...describeBaseline(plan),
  ];
  return `${sentences.join('. ')}.`;
}

const ends: Readonly<Record<SearchEnd, string>> = {
  resolution: 'the rates that are met and missed stayed further apart than the resolution',
  generator: 'the generator, not the target, ended the search',
  users: 'there were too few virtual users for a higher rate; the target did not end the search',
  rate: 'the highest rate of the plan was met',
  floor: 'the lowest rate of the plan was missed',
  time: 'the time of the load was used up',
  probes: 'all probes of the plan were used up',
  unseen: 'a rate could not be measured three times in a row',
};

const describeRate = (rate: { ratePerSecond: number; requestsPerSecond: number }): string =>
  `${formatNumber(rate.ratePerSecond)} iterations/s (${formatNumber(rate.requestsPerSecond)} requests/s)`;

function describeHigh(high: CapacityResult['high']): string {
  if (high === undefined) return '';
  const rate = `${formatNumber(high.ratePerSecond)} iterations/s`;
  if (high.by === 'target') return `, and missed at ${rate}`;
  return high.by === 'generator'
    ? `; at ${rate} the generator is saturated`
    : `; for ${rate} there are too few virtual users`;
}

function describeAdvice({ knee, safe }: CapacityResult): string[] {
  const bend = knee === undefined ? [] : [`The knee is at ${describeRate(knee)}`];
  if (safe === undefined) return bend;
  const basis = safe.by === 'knee' ? 'the knee' : `${formatRatio(safe.share)} of the limit`;
  return [...bend, `The safe limit, ${basis}, is ${describeRate(safe)}`];
}

function describeBaseline({ baseline }: CapacityPlan): string[] {
  if (baseline === undefined) return [];
  const stated = `The baseline is ${formatNumber(baseline.requestsPerSecond)} requests/s`;
  return [baseline.isBinding ? stated : `${stated}; it does not bind on this machine and is not held against it`];
}
