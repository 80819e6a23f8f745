import * as z from 'zod';
import { type CapacityPlan, probesMax } from './capacity-plan.ts';
import { ProbeFigures } from './probe.ts';
import { ProbeVerdict } from './probe-verdict.ts';

/** One rate, held for a while and measured. */
export const Probe = z.strictObject({
  /** `hold`: a longer look at what would be the answer. `closing`: one more at the rate above it that was missed. */
  look: z.enum(['first', 'again', 'hold', 'closing']),
  /** Iterations begun per second. */
  ratePerSecond: z.number().positive(),
  /** What was measured, [from, to), wall clock in ms: whole seconds of the schedule. */
  from: z.number(),
  to: z.number(),
  ...ProbeVerdict.shape,
  figures: ProbeFigures.optional(),
});
export type Probe = z.infer<typeof Probe>;

/**
 * Why a search is over. `resolution`: the rates that are met and missed are near enough to each other. `generator`, `users`:
 * the harness could offer no more. `rate`: the highest rate of the plan was met. `floor`: the lowest was missed.
 * `time`, `probes`: the budget was used up. `unseen`: what was offered could not be measured.
 */
export const SearchEnd = z.enum(['resolution', 'generator', 'users', 'rate', 'floor', 'time', 'probes', 'unseen']);
export type SearchEnd = z.infer<typeof SearchEnd>;

/** How far a search is: plain JSON that a run carries over continue-as-new. */
export const CapacitySearch = z.strictObject({
  probes: z.array(Probe).max(probesMax),
  /** The probe that is under way: its schedule has been changed for it. `to` is when it has been measured. */
  current: Probe.pick({ look: true, ratePerSecond: true, from: true, to: true }).optional(),
  endedBy: SearchEnd.optional(),
});
export type CapacitySearch = z.infer<typeof CapacitySearch>;

export type SearchStep =
  | { readonly kind: 'done'; readonly endedBy: SearchEnd }
  | {
      readonly kind: 'probe';
      readonly look: Probe['look'];
      readonly ratePerSecond: number;
      /** Rest at the lowest rate before it. */
      readonly coolDownMs: number;
      readonly measureMs: number;
    };

/**
 *   first ─▶ doubling ──missed──▶ halving between met and missed ──near enough──▶ hold ──met──▶ closing ──missed──▶ done
 *     └──missed──▶ downwards ──met──┘      ▲                                        └─missed─┐        └─met─┐
 *                                          └─────────────────────────────────────────────────┴──────────────┘
 *
 * What comes next, from what was seen and the time that is left; the same in, the same out. A rate is settled by one clear
 * look that met, else by looks that agree; looks that disagree are repeated, and what is seen later may take back what was
 * seen earlier.
 */
export function nextStep(plan: CapacityPlan, probes: readonly Probe[], leftMs: number): SearchStep {
  const rates = settleRates(probes);
  const last = probes.at(-1);
  const settled = rates.find(({ ratePerSecond }) => ratePerSecond === last?.ratePerSecond);
  if (settled?.state === 'unseen') return done('unseen');
  if (probes.length >= probesOf(plan)) return done('probes');
  const step =
    last !== undefined && settled?.state === 'open' ? lookAgain(plan, last) : chooseRate(plan, probes, rates);
  if (step.kind === 'done') return step;
  return withinBudget(plan, { probes, rates, step, leftMs });
}

/** What is known of a rate. `open`: its looks do not decide yet. */
export interface SettledRate {
  readonly ratePerSecond: number;
  readonly state: 'met' | 'held' | 'missed' | 'generator' | 'users' | 'unseen' | 'open';
  /** Looks disagreed. */
  readonly isNoisy: boolean;
}

/** Every rate that was probed, lowest first. */
export function settleRates(probes: readonly Probe[]): SettledRate[] {
  const rates = [...new Set(probes.map(({ ratePerSecond }) => ratePerSecond))].sort((a, b) => a - b);
  return rates.map((ratePerSecond) => {
    const looks = probes.filter((probe) => probe.ratePerSecond === ratePerSecond);
    const spoken = new Set(looks.filter(isWord).map(wordOf));
    return { ratePerSecond, state: stateOf(looks), isNoisy: spoken.has('met') && spoken.has('missed') };
  });
}

/** The highest rate that was met below the lowest that was not. */
export function bracketOf(rates: readonly SettledRate[]): { low?: SettledRate; high?: SettledRate } {
  const high = rates.find(({ state }) => state === 'missed' || isHarness(state));
  const below = rates.filter((rate) => high === undefined || rate.ratePerSecond < high.ratePerSecond);
  const low = below.findLast(({ state }) => state === 'met' || state === 'held');
  return { ...(low === undefined ? {} : { low }), ...(high === undefined ? {} : { high }) };
}

export const isHarness = (state: SettledRate['state']): state is 'generator' | 'users' =>
  state === 'generator' || state === 'users';

/** Three significant figures: a rate that is tried again is the same rate. */
export const roundRate = (ratePerSecond: number): number => Number(ratePerSecond.toPrecision(3));

/** Between two probes, for the engines' records to be there and for the next orders to reach them. */
export const betweenMs = 4_000;
const voidsMax = 3;
const looksMax = 3;
/** With a closing look, which may take back what the first ones said. */
const looksWithClosingMax = 5;

const probesOf = (plan: CapacityPlan): number => Math.min(plan.probes, probesMax);
const done = (endedBy: SearchEnd): SearchStep => ({ kind: 'done', endedBy });

/** A probe that says something: void ones for want of quiet or of records are repeated. */
const isWord = ({ cause }: Probe): boolean => cause !== 'unseen' && cause !== 'disturbed';
const wordOf = ({ outcome, cause }: Probe): 'met' | 'missed' | 'generator' | 'users' =>
  outcome === 'void' ? (cause === 'users' ? 'users' : 'generator') : outcome;

function stateOf(looks: readonly Probe[]): SettledRate['state'] {
  const words = looks.filter(isWord);
  const latest = words.at(-1);
  const trailing = looks.length - 1 - looks.findLastIndex(isWord);
  if (trailing >= voidsMax) return 'unseen';
  if (latest === undefined || trailing > 0) return 'open';
  const word = wordOf(latest);
  if (latest.look === 'hold') {
    if (word === 'met') return 'held';
    // The longest look there is: only one that could be chance is taken once more.
    const isSecond = words.filter(({ look }) => look === 'hold').length > 1;
    return latest.isClear || isSecond ? word : 'open';
  }
  if (words.length === 1) return word === 'met' && latest.isClear ? 'met' : 'open';
  if (wordOf(words.at(-2) ?? latest) === word) return word;
  const max = words.some(({ look }) => look === 'closing') ? looksWithClosingMax : looksMax;
  return words.length < max ? 'open' : majority(words.slice(-3).map(wordOf));
}

/** What two of three said; where all three differ, the worst of it. */
function majority<T extends string>(words: readonly T[]): T | 'missed' {
  return words.find((word, index) => words.indexOf(word) !== index) ?? 'missed';
}

/** At rest, after a probe that was not met, before the next one. */
export const restAfterMs = (plan: CapacityPlan, { outcome }: Probe): number =>
  outcome === 'met' ? 0 : plan.coolDownMs;

type ProbeStep = Extract<SearchStep, { kind: 'probe' }>;

function probe(
  plan: CapacityPlan,
  last: Probe | undefined,
  { look, ratePerSecond }: Pick<ProbeStep, 'look' | 'ratePerSecond'>,
): ProbeStep {
  return {
    ...{ kind: 'probe', look, ratePerSecond: roundRate(ratePerSecond) },
    coolDownMs: last === undefined ? 0 : restAfterMs(plan, last),
    measureMs: look === 'hold' ? plan.holdMs : plan.probeMs,
  };
}

/** A hold that was disturbed, or could be chance, is a hold again. */
const lookAgain = (plan: CapacityPlan, last: Probe): SearchStep =>
  probe(plan, last, { look: last.look === 'hold' ? 'hold' : 'again', ratePerSecond: last.ratePerSecond });

function chooseRate(plan: CapacityPlan, probes: readonly Probe[], rates: readonly SettledRate[]): SearchStep {
  const last = probes.at(-1);
  const first = (ratePerSecond: number): SearchStep => probe(plan, last, { look: 'first', ratePerSecond });
  const { low, high } = bracketOf(rates);
  if (low === undefined && high === undefined) return first(plan.startRatePerSecond);
  if (low === undefined) {
    const lowest = high?.ratePerSecond ?? plan.minRatePerSecond;
    return lowest <= plan.minRatePerSecond ? done('floor') : first(Math.max(plan.minRatePerSecond, lowest / 2));
  }
  if (high === undefined) {
    if (low.ratePerSecond < plan.maxRatePerSecond) return first(Math.min(plan.maxRatePerSecond, low.ratePerSecond * 2));
    return low.state === 'held' ? done('rate') : probe(plan, last, { look: 'hold', ratePerSecond: low.ratePerSecond });
  }
  const middle = roundRate(Math.sqrt(low.ratePerSecond * high.ratePerSecond));
  const isBetween = middle > low.ratePerSecond && middle < high.ratePerSecond;
  if (isBetween && high.ratePerSecond > low.ratePerSecond * (1 + plan.resolution)) return first(middle);
  if (low.state !== 'held') return probe(plan, last, { look: 'hold', ratePerSecond: low.ratePerSecond });
  if (isHarness(high.state)) return done(high.state);
  // Caches may have been cold, or a neighbour loud, when that rate was missed: the answer does not rest on how it was long ago.
  const isClosed = probes.some(({ look, ratePerSecond }) => look === 'closing' && ratePerSecond === high.ratePerSecond);
  if (isClosed) return done('resolution');
  return probe(plan, last, { look: 'closing', ratePerSecond: high.ratePerSecond });
}

interface Budgeted {
  readonly probes: readonly Probe[];
  readonly rates: readonly SettledRate[];
  readonly step: ProbeStep;
  readonly leftMs: number;
}

/** What a step takes of the budget, from its decision to the next one. */
export const stepMs = (plan: CapacityPlan, { coolDownMs, measureMs }: Pick<ProbeStep, 'coolDownMs' | 'measureMs'>) =>
  coolDownMs + plan.settleMs + measureMs + betweenMs;

/** While there is time: the step. Before it runs out: the hold, because an answer that was held is worth more than a nearer one. */
function withinBudget(plan: CapacityPlan, { probes, rates, step, leftMs }: Budgeted): SearchStep {
  const { low } = bracketOf(rates);
  const probesLeft = probesOf(plan) - probes.length;
  const holdMs = stepMs(plan, { coolDownMs: plan.coolDownMs, measureMs: plan.holdMs });
  if (step.look === 'hold') return fitted(plan, step, leftMs);
  const needMs = stepMs(plan, step);
  if (step.look === 'closing') return needMs <= leftMs ? step : done('resolution');
  if (low === undefined) return needMs <= leftMs ? step : done('time');
  if (low.state === 'held') {
    // Whatever is met now has to be held too, if only for as long as a probe.
    const shortestMs = stepMs(plan, { coolDownMs: plan.coolDownMs, measureMs: plan.probeMs });
    return needMs + shortestMs <= leftMs ? step : done('time');
  }
  if (needMs + holdMs <= leftMs && probesLeft > 1) return step;
  return fitted(plan, probe(plan, probes.at(-1), { look: 'hold', ratePerSecond: low.ratePerSecond }), leftMs);
}

/** A hold as long as planned, or as there is time for, but no shorter than a probe. */
function fitted(plan: CapacityPlan, step: ProbeStep, leftMs: number): SearchStep {
  const spareMs = leftMs - stepMs(plan, { ...step, measureMs: 0 });
  const measureMs = Math.min(step.measureMs, Math.floor(spareMs / 1_000) * 1_000);
  return measureMs >= Math.min(plan.probeMs, step.measureMs) ? { ...step, measureMs } : done('time');
}
