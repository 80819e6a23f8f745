import { canonicalJson } from '#model/canonical-json.ts';
import { faultEvents } from '#model/evidence.ts';
import type { FaultLease } from '#model/fault-plan.ts';
import { type Cell, rolesOf, steps } from './cells.ts';
import type { Observation, Starts } from './observation.ts';

/** Heartbeat, retry and start of a worker lie between a fault's time and its injection when something dies. */
const watchdogLateMsMax = 6_000;

/**
 * Everything in which a disturbed run differs from its undisturbed twin, or breaks an invariant, though it must not
 * (R7.1): one sentence each. Measured values may differ.
 */
export function findProblems(cell: Cell, run: Observation, twin: Observation): string[] {
  return [
    ...(cell.kind === 'target' ? compareTarget(cell, run) : compareVerdict(run, twin)),
    ...comparePlanned(run, twin),
    ...compareSteps(run, twin),
    ...findLedgerProblems(run),
    ...run.leases.flatMap(findLeaseProblems),
    ...run.stillHeld,
    ...run.spoolProblems,
    ...(run.runRows === 1 ? [] : [`the store has ${run.runRows} rows of the run`]),
    ...findDoubles(cell, run, twin),
    ...findUnsaid(cell, run),
  ];
}

/** Invariants that a twin itself must keep; it must also pass, because a matrix of inconclusive twins shows nothing. */
export function findTwinProblems(twin: Observation): string[] {
  const { outcome, reasons } = twin.result;
  return [
    ...(outcome === 'pass' ? [] : [`the undisturbed run is ${outcome}: ${reasons.join(' · ')}`]),
    ...findLedgerProblems(twin),
    ...twin.leases.flatMap(findLeaseProblems),
    ...twin.stillHeld,
    ...twin.spoolProblems,
    ...(twin.leases.length > 0 ? [] : ['no fault was injected']),
  ];
}

const answersOf = ({ result }: Observation): Map<string, string> =>
  new Map(result.verdict.answers.map(({ question, outcome }) => [question, outcome]));

function compareVerdict(run: Observation, twin: Observation): string[] {
  const [answers, expected] = [answersOf(run), answersOf(twin)];
  const problems: string[] = [];
  if (run.result.outcome !== twin.result.outcome) {
    problems.push(`outcome ${run.result.outcome}, not ${twin.result.outcome}: ${run.result.reasons[0] ?? ''}`);
  }
  for (const [question, outcome] of expected) {
    if (answers.get(question) === outcome) continue;
    const { reason = 'not answered' } = run.result.verdict.answers.find((each) => each.question === question) ?? {};
    problems.push(`${question} is ${answers.get(question) ?? 'absent'}, not ${outcome}: ${reason}`);
  }
  for (const question of answers.keys()) if (!expected.has(question)) problems.push(`${question} was not asked before`);
  return problems;
}

/** A death of the target is recorded with its cost; the verdict passes within the budget, and names the victim beyond it. */
function compareTarget({ victim }: Cell, { evidence, result }: Observation): string[] {
  const outage = evidence.unplannedOutages.find(({ name }) => name === victim);
  const told = evidence.findings.some(
    ({ finding, detail }) => finding === 'unplanned-death' && detail.includes(victim),
  );
  const answer = result.verdict.answers.find(({ question }) => question === 'no-unplanned-death');
  return [
    ...(outage === undefined ? [`the outage of ${victim} has no recorded cost`] : []),
    ...(told ? [] : [`no finding names the death of ${victim}`]),
    ...(answer?.reason.includes(victim) === true
      ? []
      : [`the verdict does not name ${victim}: ${answer?.reason ?? ''}`]),
  ];
}

function comparePlanned(run: Observation, twin: Observation): string[] {
  const problems: string[] = [];
  if (run.planHash !== twin.planHash) problems.push('the plan is another one');
  if (canonicalJson(run.plan.load) !== canonicalJson(twin.plan.load)) problems.push('the planned load is another one');
  if (canonicalJson(run.plan.faults) !== canonicalJson(twin.plan.faults)) problems.push('other faults are planned');
  if (run.ledger.totals.due !== twin.ledger.totals.due) {
    problems.push(`${run.ledger.totals.due} slots were due, not ${twin.ledger.totals.due}`);
  }
  if (checksumsOf(run) !== checksumsOf(twin)) problems.push('the seeded rows have other counts or checksums');
  const names = (observed: Observation): string => observed.leases.map(({ plan }) => plan.fault).join();
  if (names(run) !== names(twin)) problems.push(`faults injected: ${names(run) || 'none'}, not ${names(twin)}`);
  return problems;
}

const checksumsOf = ({ result }: Observation): string =>
  canonicalJson(result.seeded.map(({ entity, rows, checksum }) => ({ entity, rows, checksum })));

function compareSteps(run: Observation, twin: Observation): string[] {
  const told = ({ result }: Observation): string =>
    result.steps.map(({ phase, outcome }) => `${phase} ${outcome}`).join(', ');
  return told(run) === told(twin) ? [] : [`the steps were ${told(run)}`];
}

function findLedgerProblems({ ledger, result }: Observation): string[] {
  const { due, delivered, dropped, abandoned, unknown, inFlight } = result.load;
  const problems = [...ledger.problems];
  if (due !== delivered + dropped + abandoned + unknown + inFlight) problems.push('the result does not balance');
  if (inFlight !== 0) problems.push(`${inFlight} were in flight after the drain`);
  for (const key of ['due', 'delivered', 'dropped', 'abandoned', 'unknown'] as const) {
    if (result.load[key] !== ledger.totals[key]) {
      problems.push(`the result says ${result.load[key]} ${key}, the evidence ${ledger.totals[key]}`);
    }
  }
  return problems;
}

/** Each state once and in order, closed in the end, healed before the deadline or by the watchdog at it. */
function findLeaseProblems({ plan, state, history, deadlineAt }: FaultLease): string[] {
  const events = history.map(({ event }) => event);
  const healed = history.find(({ event }) => event === 'healed' || event === 'healed-by-watchdog');
  const problems: string[] = [];
  if (new Set(events).size !== events.length) problems.push(`a state was entered twice: ${events.join(' ')}`);
  const ranks = events.filter((event) => event !== 'healed-by-watchdog').map((event) => faultEvents.indexOf(event));
  if (ranks.some((rank, index) => rank < (ranks[index - 1] ?? 0)))
    problems.push(`states went back: ${events.join(' ')}`);
  if (state !== 'cleaned-up' && state !== 'healed-by-watchdog') problems.push(`the lease was left ${state}`);
  if (healed === undefined) problems.push('it was never healed');
  else if (healed.at > deadlineAt + (healed.event === 'healed' ? 0 : watchdogLateMsMax)) {
    problems.push(`it was ${healed.event} ${healed.at - deadlineAt} ms after its deadline`);
  }
  return problems.map((problem) => `${plan.fault}: ${problem}`);
}

/** Nothing is done twice: activities and processes are those of the twin, and one more of what was killed. */
function findDoubles(cell: Cell, run: Observation, twin: Observation): string[] {
  const activities = new Set([...Object.keys(run.scheduled), ...Object.keys(twin.scheduled)]);
  const often = [...activities]
    .filter((type) => !mayBeRepeated(cell, type) && run.scheduled[type] !== twin.scheduled[type])
    .map((type) => `${type} was scheduled ${run.scheduled[type] ?? 0} times, not ${twin.scheduled[type] ?? 0}`);
  const expected = expectedStarts(cell, run, twin);
  // A PostgreSQL does not start while a child of the killed one still holds its memory; it is tried again.
  const mayTakeMore = (role: string): boolean => role === 'evidence' && cell.victim === 'evidence';
  const started = Object.entries(run.starts)
    .filter(([role, starts]) => starts < expected(role) || (starts > expected(role) && !mayTakeMore(role)))
    .map(([role, starts]) => `${role} was started ${starts} times, not ${expected(role)}`);
  return [...often, ...started];
}

/** The watch is held in windows of its own, however long a run takes; a shard whose host is silent is placed again. */
const mayBeRepeated = ({ victim }: Cell, activity: string): boolean =>
  activity === 'holdWatch' || (victim.includes('load') && ['placeShard', 'holdLoad'].includes(activity));

function expectedStarts(cell: Cell, { plan }: Observation, twin: Observation): (role: string) => number {
  const killed = rolesOf(cell.victim);
  const isHeld = (role: string): boolean => role in heldUntil;
  const faulted: Starts = Object.fromEntries(plan.faults.map(({ victim }) => [victim, 1]));
  return (role) => {
    // A stack that had to be made anew starts everything of it once, whichever of the two runs made it.
    const base = isHeld(role) ? 1 : role in stackStarts(twin) && isFresh(cell) ? 1 : 0;
    const again = killed.includes(role) && comesBack(cell, role) ? 1 : 0;
    return base + (faulted[role] ?? 0) + again;
  };
}

/** Who of the held ones is started again after which step: nobody needs them later. */
const heldUntil: Readonly<Record<string, (typeof steps)[number]>> = {
  'engine-0': 'load',
  sampler: 'verify',
  watchdog: 'verify',
};
const comesBack = ({ step }: Cell, role: string): boolean =>
  steps.indexOf(step) <= steps.indexOf(heldUntil[role] ?? 'release');

const harnessRoles = ['supervisor', 'orchestrator', 'host', 'seed', 'load', 'temporal', 'evidence'];
const stackStarts = ({ starts }: Observation): Starts =>
  Object.fromEntries(Object.entries(starts).filter(([role]) => !harnessRoles.includes(role) && !(role in heldUntil)));

/** In these steps there would be nothing to do on a stack and a data set that are there already. */
export const isFresh = ({ step }: Pick<Cell, 'step'>): boolean => step === 'provision' || step === 'seed';

/** Of the load: what a moment of contention on two cores may cost any run. */
const contentionRatioMax = 0.01;

/** A dead worker costs no load (R3.5); what a dead engine or sampler costs is said, by the result and by the report. */
function findUnsaid(cell: Cell, { result, reportHtml, evidence }: Observation): string[] {
  const problems: string[] = [];
  const isKilled = (role: string): boolean =>
    ['load', 'drain'].includes(cell.step) && rolesOf(cell.victim).includes(role);
  const { due, delivered } = result.load;
  const isPromised = result.verdict.answers.some(({ question }) => question === 'load-delivered');
  if (isPromised && !isKilled('engine-0') && due - delivered > due * contentionRatioMax) {
    problems.push(`${due - delivered} of ${due} were not delivered, and no engine was killed`);
  }
  for (const name of ['engine-0', 'sampler'].filter(isKilled)) {
    const isTold = result.outages.some((outage) => outage.name === name);
    if (!isTold && cell.step === 'load' && cell.signal === 'SIGKILL')
      problems.push(`the outage of ${name} is not told`);
  }
  for (const { name } of result.outages) {
    if (!reportHtml.includes(name)) problems.push(`the report does not name the outage of ${name}`);
  }
  if (evidence.gapsTotal > 0 && !reportHtml.includes('gap')) problems.push('the report names none of the gaps');
  return problems;
}
