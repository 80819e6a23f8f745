import { formatDuration, formatFigure, formatNumber, formatRatio } from '#model/figures.ts';
import { type Coincidence, partyOfSign, type Sign, type Surroundings } from '#model/surroundings.ts';
import type { Attribution, Party, Question } from '#model/verdict.ts';
import { latencyQuestions } from './bad-fold.ts';
import type { Finding, JudgeInput } from './rule.ts';
import { measureGenerators } from './saturation.ts';

/**
 * Says of an answer that is no pass whether it points to the target, its environment or the generator, and lets no target fail
 * for what the others may have done: a missed objective stays a fail only where it would be missed even if everything that was
 * bad in disturbed time had been good. Whatever more is disturbed, never less is put down to it. Without samples of the machine
 * nothing is said, and nothing is changed.
 */
export function attribute(question: Question, found: Finding, input: JudgeInput): Finding {
  const { surroundings } = input.evidence;
  if (surroundings === undefined || found.outcome === 'pass' || found.attribution !== undefined) return found;
  if (found.outcome === 'inconclusive') {
    const attribution = attributeOpen(question, input, surroundings);
    return attribution === undefined ? found : { ...found, attribution };
  }
  const coincidence = surroundings.coincidences.find((each) => each.question === question);
  if (coincidence === undefined || !isExcused(coincidence, allowedBad(question, input))) {
    return { ...found, attribution: { to: 'target', reason: whyTarget(input, surroundings, coincidence) } };
  }
  const to = coincidence.environment >= coincidence.generator ? 'environment' : 'generator';
  const attribution = { to, reason: whyOther(surroundings, coincidence, to) } as const;
  return { ...found, outcome: 'inconclusive', reason: `${found.reason} It may not be the target’s: ${to}, ${attribution.reason}.`, attribution }; // prettier-ignore
}

/** How much of what is bad a run may have and be met, of all; what is counted otherwise may have none. */
function allowedBad(question: Question, { plan }: JudgeInput): number {
  if (question === 'error-rate') return plan.objectives.failedIterationsRatioMax;
  return question in latencyQuestions ? latencyQuestions[question as keyof typeof latencyQuestions].allowedShare : 0;
}

/** @internal */
export const isExcused = ({ of, environment, generator, others }: Coincidence, allowedShare: number): boolean =>
  environment + generator > 0 && others <= of * allowedShare;

/** Of these no pass is the harness's own doing, unless the machine kept it from it. */
const ofTheHarness: readonly Question[] = [
  'load-delivered',
  'samples-present',
  'operations-checked',
  'generator-not-saturated',
];
/** So much of the load must be disturbed before what the harness did not do is put down to the machine. */
const disturbedShareMin = 0.05;

function attributeOpen(question: Question, input: JudgeInput, around: Surroundings): Attribution | undefined {
  const isLatency = question in latencyQuestions;
  const use = isLatency ? measureGenerators(input.evidence.generators) : undefined;
  if (use?.isSaturated === true) return { to: 'generator', reason: `it was saturated. ${use.told}` };
  if (!ofTheHarness.includes(question)) return undefined;
  if (around.disturbedMs.environment > around.watchedMs * disturbedShareMin) {
    return { to: 'environment', reason: describeSigns(around, 'environment') };
  }
  if (question === 'load-delivered' && isTooSlow(input)) {
    return { to: 'target', reason: `no virtual user was free in time, which its answers keep waiting, and neither machine nor generator was in the way: ${describeMachine(input, around)}` }; // prettier-ignore
  }
  return { to: 'generator', reason: `the harness itself did not do it; ${describeMachine(input, around)}` };
}

/** Iterations that fell due were dropped, while every engine was there and had room to spare. */
function isTooSlow({ plan, evidence }: JudgeInput): boolean {
  const engineOutages = evidence.outages.filter(({ name }) => name !== 'sampler');
  const isSaturated = measureGenerators(evidence.generators)?.isSaturated !== false;
  return plan.load.model === 'open' && evidence.ledger.totals.dropped > 0 && engineOutages.length === 0 && !isSaturated;
}

function whyTarget(input: JudgeInput, around: Surroundings, coincidence: Coincidence | undefined): string {
  const { oomKills = 0 } = around.machine;
  const killed = oomKills > 0 ? `the kernel killed ${formatFigure(oomKills, 'processes')} for want of memory; ` : '';
  const apart =
    coincidence === undefined || coincidence.environment + coincidence.generator === 0
      ? ''
      : `${formatNumber(coincidence.others)} of ${formatNumber(coincidence.bad)} came while nothing was in the way; `;
  return `${killed}${apart}${describeMachine(input, around)}`;
}

function whyOther(around: Surroundings, coincidence: Coincidence, party: Exclude<Party, 'target'>): string {
  const { bad, environment, generator } = coincidence;
  return (
    `${describeSigns(around, party)}; ${formatNumber(environment + generator)} of ${formatNumber(bad)}` +
    ` ${whatIsBad(coincidence.question)} came then or within ten seconds of it`
  );
}

function whatIsBad(question: Question): string {
  if (question === 'error-rate') return 'failures';
  return question === 'database-connections' ? 'stretches with too many' : 'slow answers';
}

const signWords: Readonly<Record<Sign, (measured: number) => string>> = {
  steal: (share) => `up to ${formatRatio(share)} steal`,
  throttling: (share) => `throttled in up to ${formatRatio(share)} of periods`,
  'other-processes': (share) => `other processes took up to ${formatRatio(share)} of a full machine`,
  'clock-jump': (seconds) => `the clock jumped by ${formatDuration(seconds * 1_000)}`,
  'disk-full': (bytes) => `down to ${formatFigure(bytes, 'bytes')} of disk left`,
  'generator-cpu': (cores) => `an engine used up to ${formatNumber(cores)} of a core`,
  'generator-late': (share) => `an engine’s event loop was late in up to ${formatRatio(share)} of seconds`,
};

/** `up to 18 % steal in 20 s of 60 s`. */
function describeSigns({ signs, watchedMs }: Surroundings, party: Exclude<Party, 'target'>): string {
  return signs
    .filter(({ sign }) => partyOfSign(sign) === party)
    .map(
      ({ sign, measured, ms }) =>
        `${signWords[sign](measured)} in ${formatDuration(ms)} of ${formatDuration(watchedMs)}`,
    ) // prettier-ignore
    .join(', ');
}

/** The machine in one clause: what was taken from it, and who used the rest. */
function describeMachine({ plan }: JudgeInput, { machine }: Surroundings): string {
  const { stealShare, throttledShare, busyShare, targetShare, generatorShare, harnessShare, otherShare } = machine;
  const shares = Object.entries({
    target: targetShare,
    generator: generatorShare,
    'rest of the harness': harnessShare,
    others: otherShare,
  }) // prettier-ignore
    .filter((entry): entry is [string, number] => entry[1] !== undefined)
    .map(([who, share]) => `${who} ${formatRatio(share)}`);
  return [
    ...(stealShare === undefined ? [] : [`${formatRatio(stealShare)} steal`]),
    ...(throttledShare === undefined ? [] : [`${formatRatio(throttledShare)} of periods throttled`]),
    ...(busyShare === undefined ? [] : [`CPU ${formatRatio(busyShare)} busy${shares.length === 0 ? '' : ` (${shares.join(', ')})`}`]), // prettier-ignore
    plan.stack.placement,
  ].join(', ');
}
