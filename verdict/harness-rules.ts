import { formatDuration, formatNumber, formatRatio } from '#model/figures.ts';
import type { EvidenceSummary, NamedWindow } from '#model/evidence-summary.ts';
import { engineCoresMax } from '#model/generator-limits.ts';
import { roleKind } from '#model/roles.ts';
import { type Finding, type JudgeInput, open, type Rule } from './rule.ts';
import { measureGenerators } from './saturation.ts';
import { unionMs } from './windows.ts';

const presentRatioMin = 0.99;
const outageMsMin = 10_000;
const outageRatioMax = 0.01;
const checkedMin = 20;
/** Did the harness do and see what it promised? Never *fail*: that would be said of the target. */
export const harnessRules = {
  'load-delivered': loadDelivered,
  'samples-present': samplesPresent,
  'operations-checked': operationsChecked,
  'generator-not-saturated': generatorNotSaturated,
} as const satisfies Record<string, Rule>;

function loadDelivered({ plan, evidence }: JudgeInput): Finding {
  const { due, delivered } = evidence.outsideOutages;
  const engines = evidence.outages.filter(({ name }) => name !== 'sampler');
  if (evidence.loadStartsAt === undefined) return open('The load never began.');
  if ((evidence.records['ledger'] ?? 0) === 0) return open('No engine recorded any load.');
  const overBudget = outagesOverBudget(evidence, engines);
  if (overBudget !== undefined) return open(overBudget);
  if (due === 0) return open('No load was due outside the outages of the harness.');
  const measured = delivered / due;
  const { totals } = evidence.ledger;
  const lost = `${formatNumber(totals.dropped)} dropped, ${formatNumber(totals.abandoned)} abandoned, ${formatNumber(totals.unknown)} unknown`;
  const reason =
    `${formatRatio(measured)} of the ${plan.load.model === 'open' ? 'iterations that were due' : 'planned virtual-user seconds'} were delivered` +
    ` (${formatNumber(delivered)} of ${formatNumber(due)}; in all ${lost})${outageNote(engines)}; ${formatRatio(presentRatioMin)} are needed.` +
    (plan.load.model === 'open' && measured < presentRatioMin ? wantOfUsers : '');
  return enough(measured, presentRatioMin, reason);
}

function samplesPresent({ plan, evidence }: JudgeInput): Finding {
  if (evidence.loadStartsAt === undefined) return open('The load never began.');
  const watched = evidence.processes.filter(({ role }) => roleKind(role) !== 'engine');
  if (watched.length === 0) return open('Nothing was sampled.');
  const gateways = new Set(watched.map(({ role }) => role).filter((role) => roleKind(role) === 'gateway'));
  if (gateways.size < plan.stack.gatewayInstances) {
    return open(`Only ${gateways.size} of ${plan.stack.gatewayInstances} gateway instances were ever sampled.`);
  }
  const sampler = evidence.outages.filter(({ name }) => name === 'sampler');
  const overBudget = outagesOverBudget(evidence, sampler);
  if (overBudget !== undefined) return open(overBudget);
  const expected = watched.reduce((sum, process) => sum + process.samplesExpected, 0);
  const present = watched.reduce((sum, process) => sum + process.samplesPresent, 0);
  if (expected === 0) return open('The load was too short for a sample to be expected of any process.');
  const measured = present / expected;
  // In a short load 1 % is less than a tick, and one late tick misses a sample of every process.
  const mayMiss = watched.reduce((sum, process) => sum + Math.ceil(process.samplesExpected * (1 - presentRatioMin)), 0);
  const worst = [...watched].sort((a, b) => missing(b) - missing(a))[0];
  const most =
    worst === undefined || missing(worst) === 0
      ? ''
      : `; most are missing of ${worst.role} (${formatNumber(missing(worst))})`;
  const reason =
    `${formatRatio(measured)} of the samples that ${watched.length} processes owed are there` +
    ` (${formatNumber(present)} of ${formatNumber(expected)}${most})${outageNote(sampler)}; all but ${formatNumber(mayMiss)} are needed.`;
  const outcome = expected - present <= mayMiss ? 'pass' : 'inconclusive';
  return { outcome, reason, ...{ measured, limit: 1 - mayMiss / expected, unit: 'ratio' } };
}

const wantOfUsers =
  ' An iteration is dropped when no virtual user is free: the target answers too slowly for this rate, or the pool is too small.';

const missing = (process: { samplesExpected: number; samplesPresent: number }): number =>
  process.samplesExpected - process.samplesPresent;

function operationsChecked({ evidence, operations }: JudgeInput): Finding {
  if (operations.length === 0) return open('The mix names no operations.');
  const counts = operations.map((operation) => ({ operation, checked: checkedCount(evidence, operation) }));
  const rarest = counts.reduce((least, next) => (next.checked < least.checked ? next : least));
  const short = counts.filter(({ checked }) => checked < checkedMin);
  const named = short.map(({ operation, checked }) => `${operation} (${checked})`).join(', ');
  const reason =
    short.length === 0
      ? `All ${counts.length} operations of the mix were answered and checked; the rarest, ${rarest.operation}, ${formatNumber(rarest.checked)} times (${checkedMin} are needed).`
      : `${short.length} of ${counts.length} operations were answered and checked fewer than ${checkedMin} times: ${named}.`;
  const figures = { measured: rarest.checked, limit: checkedMin, unit: 'answers' };
  return { outcome: short.length === 0 ? 'pass' : 'inconclusive', reason, ...figures };
}

/** Answers that were looked at: right ones, and those that a check found wrong. */
function checkedCount(evidence: EvidenceSummary, operation: string): number {
  const found = evidence.operations.find((each) => each.operation === operation);
  if (found === undefined) return 0;
  const wrong = Object.entries(found.failed).filter(([cause]) => cause.startsWith('check-'));
  return wrong.reduce((sum, [, count]) => sum + count, found.ok);
}

function generatorNotSaturated({ plan, evidence: { generators } }: JudgeInput): Finding {
  const { shards } = plan.load;
  const unseen = shards.filter(({ shard }) => !generators.some(({ role }) => role === `engine-${shard}`));
  if (unseen.length > 0) return open(`${unseen.length} of ${shards.length} engines told nothing of themselves.`);
  const use = measureGenerators(generators);
  if (use === undefined) return open('No engine told what CPU it used.');
  const figures = { measured: use.cores, limit: engineCoresMax, unit: 'cores' };
  if (!use.isSaturated) return { outcome: 'pass', reason: use.told, ...figures };
  const reason = `Generator saturated. ${use.told} Latencies may be the generator's own.`;
  return { outcome: 'inconclusive', reason, ...figures };
}

/** Outages of every kind share one budget; a question whose own evidence has none is not touched by the others'. */
function outagesOverBudget(evidence: EvidenceSummary, own: readonly NamedWindow[]): string | undefined {
  const loadMs = (evidence.loadEndsAt ?? 0) - (evidence.loadStartsAt ?? 0) - unionMs(evidence.pauses ?? []);
  const budgetMs = Math.max(outageMsMin, loadMs * outageRatioMax);
  const outageMs = unionMs(evidence.outages);
  if (own.length === 0 || outageMs <= budgetMs) return undefined;
  const names = [...new Set(evidence.outages.map(({ name }) => name))].join(', ');
  return `The harness was out for ${formatDuration(outageMs)} (${names}); at most ${formatDuration(budgetMs)} of outages can be left out of the count.`;
}

const outageNote = (outages: readonly NamedWindow[]): string =>
  outages.length === 0 ? '' : `, outside ${formatDuration(unionMs(outages))} of recorded outage`;

const enough = (measured: number, limit: number, reason: string): Finding => ({
  outcome: measured >= limit ? 'pass' : 'inconclusive',
  reason,
  ...{ measured, limit, unit: 'ratio' },
});
