import { formatDuration, formatFigure, formatNumber, formatRatio } from '#model/figures.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import type { FaultPlan } from '#model/fault-plan.ts';
import { isTool } from '#model/load-driver.ts';
import type { LoadPlan } from '#model/load-plan.ts';
import { operationClasses } from '#model/operation.ts';
import { type Finding, type JudgeInput, open, type Rule } from './rule.ts';
import { unionMs } from './windows.ts';

const outageMsMax = 5_000;
const outageIterationsRatioMax = 0.001;
/** A watchdog sees a deadline and acts on it within this. */
const healGraceMs = 5_000;
const growthRatioMax = 0.01;
/** What one round of a storm creates, beside the virtual user's own objects (R3.1). */
const stormObjects = 50;

/** Was the target right: in its data, its answers, its faults and its staying alive? */
export const targetRules = {
  'seeding-reconciled': seedingReconciled,
  'error-rate': errorRate,
  'no-lost-write': noLostWrite,
  'no-scope-leak': noScopeLeak,
  'faults-healed': faultsHealed,
  stationary,
  'no-unplanned-death': noUnplannedDeath,
} as const satisfies Record<string, Rule>;

function seedingReconciled({ seeded, verification }: JudgeInput): Finding {
  if (seeded.length === 0) return open('Seeding left no account of what it wrote.');
  const differences = verification?.seedDifferences ?? [];
  if (differences.length > 0) return fail(`After the load ${quote(differences)}`);
  if (verification === undefined) return open('The data set was not reconciled again after the load.');
  const rows = seeded.reduce((sum, entity) => sum + entity.rows, 0);
  return pass(
    `${formatNumber(rows)} rows of ${seeded.length} entities have the planned counts and checksums, before and after the load.`,
  );
}

function errorRate({ plan, evidence }: JudgeInput): Finding {
  const { ok, failed } = evidence.iterationsOutsideFaults;
  const limit = plan.objectives.failedIterationsRatioMax;
  // A tool tells of requests, and its users' iterations are its own.
  const what = isTool(plan.load.driver) ? 'requests' : 'iterations';
  if (ok + failed === 0) return open(`None of the ${what} ended outside the fault windows.`);
  const measured = failed / (ok + failed);
  const inFaults = evidence.iterations.failed - failed;
  // What an unasked death cost is judged once, by the question that names who died.
  const where = evidence.unplannedOutages.length === 0 ? 'fault windows' : 'fault windows and unasked outages';
  const reason =
    `${formatNumber(failed)} of ${formatNumber(ok + failed)} ${what} outside ${where} failed, ${formatRatio(measured)}` +
    ` (limit ${formatRatio(limit)}); ${formatNumber(inFaults)} failed inside them.`;
  return { outcome: measured <= limit ? 'pass' : 'fail', reason, measured, limit, unit: 'ratio' };
}

function noLostWrite({ evidence, verification }: JudgeInput): Finding {
  const during = (kind: string): string[] =>
    evidence.findings.filter(({ finding }) => finding === kind).map(({ detail }) => detail);
  const lost = [...(verification?.lost ?? []), ...during('lost-write')];
  const resurrected = [...(verification?.resurrected ?? []), ...during('resurrected')];
  if (lost.length + resurrected.length > 0) {
    return {
      ...fail(
        `${formatFigure(lost.length, 'acknowledged writes')} lost, ${formatFigure(resurrected.length, 'deleted objects')} back again: ${quote([...lost, ...resurrected])}`,
      ),
      ...{ measured: lost.length + resurrected.length, limit: 0, unit: 'objects' },
    };
  }
  if (verification === undefined) return open('What was written was not read back.');
  if (verification.unheard !== undefined) {
    return open(`What engines on ${verification.unheard.join(', ')} wrote is not known: nobody there handed it over.`);
  }
  const { present, deleted, indeterminate, untracked } = evidence.writes;
  if (present + deleted + indeterminate === 0) return open('No write was ever acknowledged.');
  if (untracked > 0) return open(`${formatNumber(untracked)} writes were beyond the bound of what can be followed.`);
  if (verification.checked + verification.indeterminate < present + deleted) {
    return open(
      `Only ${formatNumber(verification.checked)} of ${formatNumber(present + deleted)} written objects were read back.`,
    );
  }
  const readBacks = evidence.writes.readBacks ?? [];
  const skipped = evidence.faults.find(
    ({ fault, injectedAt, healedAt }) =>
      injectedAt !== undefined && healedAt !== undefined && !readBacks.some((each) => each.fault === fault),
  );
  if (skipped !== undefined && evidence.records['read-back'] !== undefined) {
    return open(`What was written was not read back after ${skipped.fault}.`);
  }
  const reason = `All ${formatNumber(verification.checked)} written objects are as they were acknowledged; ${formatNumber(verification.indeterminate)} had an unanswered write, where either state is right.`;
  return { ...pass(reason), measured: 0, limit: 0, unit: 'objects' };
}

function noScopeLeak({ evidence, verification }: JudgeInput): Finding {
  const found = evidence.findings.filter(({ finding }) => finding === 'scope-leak').map(({ detail }) => detail);
  const inAnswers = evidence.operations.reduce((sum, { failed }) => sum + (failed['check-scope'] ?? 0), 0);
  const differences = verification?.scopeDifferences ?? [];
  const leaks = Math.max(inAnswers, found.length) + differences.length;
  if (leaks > 0) {
    const named = found.length + differences.length === 0 ? 'none was named' : quote([...found, ...differences]);
    return {
      ...fail(`In ${formatFigure(leaks, 'answers')} users saw what they may not, or not what they may: ${named}`),
      measured: leaks,
      limit: 0,
      unit: 'answers',
    };
  }
  // What a scenario words itself is checked by itself alone.
  const looked = evidence.operations.filter(({ operation }) => Object.hasOwn(operationClasses, operation));
  const answered = looked.reduce((sum, { ok }) => sum + ok, 0);
  if (answered === 0) return open('No answer was checked.');
  if (verification === undefined || verification.scopeAudited === 0) return open('The audit of scopes did not run.');
  const reason = `${formatNumber(answered)} answers, and all that ${formatNumber(verification.scopeAudited)} audited users can list, hold what those users may see.`;
  return { ...pass(reason), measured: 0, limit: 0, unit: 'answers' };
}

function faultsHealed(input: JudgeInput): Finding {
  const { plan } = input;
  if (plan.faults.length === 0) return open('No fault was planned.');
  const states = [...plan.faults.map((fault) => faultState(fault, input)), ...askedStates(input)];
  const failed = states.filter(({ outcome }) => outcome === 'fail');
  const unclear = states.filter(({ outcome }) => outcome === 'inconclusive');
  const deciding = failed.length > 0 ? failed : unclear.length > 0 ? unclear : states;
  return {
    outcome: deciding[0]?.outcome ?? 'inconclusive',
    reason: `${deciding.map(({ reason }) => reason).join('; ')}.`,
    ...{ measured: states.length - failed.length - unclear.length, limit: states.length, unit: 'faults' },
  };
}

function faultState(fault: FaultPlan, { evidence }: JudgeInput): Finding {
  const found = evidence.faults.find((each) => each.fault === fault.fault);
  if (found?.injectedAt === undefined) return open(`${fault.fault} was never injected`);
  if (found.bitAt === undefined) return open(`${fault.fault} was injected and did not bite`);
  if (found.healedAt === undefined) return fail(`${fault.fault} on ${fault.victim} never healed`);
  const tookMs = found.healedAt - found.injectedAt;
  const healer = found.healedBy === 'watchdog' ? ' by the watchdog' : '';
  const told = `${fault.fault} bit ${fault.victim} and was healed${healer} after ${formatDuration(tookMs)}`;
  if (tookMs <= fault.deadlineMs) return pass(told);
  const past = `${told}, past its deadline of ${formatDuration(fault.deadlineMs)}`;
  const begunAfterMs = (found.recoveringAt ?? found.injectedAt) - found.injectedAt;
  // A healing that began at the deadline has the time that the plan leaves between hold and deadline to come back in.
  const backMs = begunAfterMs + healGraceMs >= fault.deadlineMs ? fault.deadlineMs - fault.holdMs : 0;
  if (begunAfterMs <= fault.deadlineMs + healGraceMs) return tookMs - begunAfterMs <= backMs ? pass(past) : fail(past);
  return open(`${past}: nobody of the harness was there to begin before ${formatDuration(begunAfterMs)}`);
}

/** Faults that somebody asked for during the run: the plan does not know them, and they must heal all the same. */
function askedStates({ plan, evidence }: JudgeInput): Finding[] {
  const planned = new Set(plan.faults.map(({ fault }) => fault));
  const asked = evidence.faults.filter(({ fault, unplanned }) => unplanned === undefined && !planned.has(fault));
  return asked.map(({ fault, victim, injectedAt, healedAt }) => {
    const named = `${fault}, which was asked for`;
    if (injectedAt === undefined) return pass(`${named}, harmed nobody`);
    if (healedAt === undefined) return fail(`${named}, on ${victim ?? 'its victim'} never healed`);
    return pass(`${named}, was healed after ${formatDuration(healedAt - injectedAt)}`);
  });
}

/** Objects that a virtual user may hold. In the open model one has iterations of every class, storms among them. */
export const heldEachOf = ({ model, liveObjectsMax }: LoadPlan): number =>
  model === 'open' ? liveObjectsMax + stormObjects : Math.max(liveObjectsMax, stormObjects);

function stationary({ plan, evidence, verification }: JudgeInput): Finding {
  if (verification === undefined) return open('What the load left behind was not counted.');
  if (evidence.writes.present + evidence.writes.deleted + evidence.writes.indeterminate === 0) {
    return open('The load wrote nothing, so there is no growth to judge.');
  }
  const { virtualUsers } = plan.load;
  const { liveAtEnd } = evidence.writes;
  const held = virtualUsers * heldEachOf(plan.load);
  // An unanswered write may have left an object that nobody could know of, and so nobody could delete.
  const left = Math.max(0, verification.remaining - verification.indeterminate);
  const measured = (left + Math.max(0, liveAtEnd - held)) / plan.population.tools;
  const reason =
    `The load ended with ${formatNumber(liveAtEnd)} live objects, where ${virtualUsers} virtual users may hold ${formatNumber(held)};` +
    ` ${formatNumber(left)} were left when those were deleted: a net growth of ${formatRatio(measured)} of the` +
    ` ${formatNumber(plan.population.tools)} seeded tools (limit ${formatRatio(growthRatioMax)}).`;
  return {
    outcome: measured <= growthRatioMax ? 'pass' : 'fail',
    reason,
    measured,
    limit: growthRatioMax,
    unit: 'ratio',
  };
}

function noUnplannedDeath({ evidence }: JudgeInput): Finding {
  const isPaused = (at: number): boolean => (evidence.pauses ?? []).some(({ from, to }) => at >= from && at < to);
  const deaths = evidence.findings.filter(({ finding, at }) => finding === 'unplanned-death' && !isPaused(at));
  const outages = evidence.unplannedOutages;
  if (evidence.processes.length === 0) return open('No process was watched.');
  const measured = unionMs(outages);
  const figures = { measured, limit: outageMsMax, unit: 'ms' };
  if (outages.length === 0) {
    if (deaths.length > 0)
      return open(`Deaths were reported whose cost was not seen: ${quote(deaths.map(({ detail }) => detail))}`);
    return {
      ...pass(`None of ${evidence.processes.length} watched processes died unasked during the load.`),
      ...figures,
    };
  }
  const ended = evidence.iterations.ok + evidence.iterations.failed;
  const counted = outages.reduce((sum, { iterationsFailed }) => sum + iterationsFailed, 0);
  // Two outages at once share their failures.
  const failed = Math.min(counted, evidence.iterations.failed);
  const isTolerated = measured <= outageMsMax && failed <= ended * outageIterationsRatioMax;
  const reason =
    `Down unasked: ${outages.slice(0, outagesNamedMax).map(describeOutage).join(', ')}` +
    `${outages.length > outagesNamedMax ? ` and ${outages.length - outagesNamedMax} more` : ''};` +
    ` ${formatNumber(failed)} of ${formatNumber(ended)} iterations failed meanwhile` +
    `${ended === 0 ? '' : ` (${formatRatio(failed / ended)})`}.` +
    ` Up to ${formatDuration(outageMsMax)} and ${formatRatio(outageIterationsRatioMax)} of iterations are tolerated.`;
  return { outcome: isTolerated ? 'pass' : 'fail', reason, ...figures };
}

const outagesNamedMax = 5;

function describeOutage({ name, from, to, cacheBytesLost }: EvidenceSummary['unplannedOutages'][number]): string {
  const lost = cacheBytesLost === undefined ? '' : ` (its cache of ${formatFigure(cacheBytesLost, 'bytes')} was lost)`;
  return `${name} for ${formatDuration(to - from)}${lost}`;
}

const quotedMax = 3;

/** The first few in full, the rest as a number. */
function quote(sentences: readonly string[]): string {
  const shown = sentences.slice(0, quotedMax).map((sentence) => sentence.replace(/[.\s]+$/, ''));
  const rest = sentences.length - shown.length;
  return `${shown.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.`;
}

const pass = (reason: string): Finding => ({ outcome: 'pass', reason });
const fail = (reason: string): Finding => ({ outcome: 'fail', reason });
