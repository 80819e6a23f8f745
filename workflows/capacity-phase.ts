import { condition, isCancellation, log, sleep } from '@temporalio/workflow';
import type { CapacityPlan } from '#model/capacity-plan.ts';
import {
  betweenMs,
  bracketOf,
  type CapacitySearch,
  nextStep,
  type Probe,
  restAfterMs,
  settleRates,
} from '#model/capacity-search.ts';
import { headOf, offerProbe, offersRate } from '#model/probe-stages.ts';
import { type ProbePart, sumProbeParts } from '#model/probe.ts';
import { judgeProbe, type ProbeVerdict, voidOf } from '#model/probe-verdict.ts';
import { changeOffsetMs, isPausedAt } from '#model/schedule.ts';
import { measureOnLoadHost } from './activity-proxies.ts';
import type { Beside } from './fault-phase.ts';
import { changeSchedule, dueAt } from './load-schedule.ts';
import { describeFailure, type Run } from './run.ts';

const measuring = 'probe';

/**
 * Searches for the capacity beside the windows: each probe is a change of the schedule, which steering hands to the engines, and
 * a measurement of what they did. Between two probes nothing is pending but a timer, so that the search goes over a seam
 * between executions as plain state. It does nothing for a load that is no search.
 */
export function keepSearching(run: Run, beside: Beside): void {
  const plan = run.state.plan.capacity;
  if (plan === undefined) return;
  const capacity = (run.state.capacity ??= { probes: [] });
  const searching = beside.scope.run(() => search(run, { plan, capacity, beside }));
  searching.catch(() => undefined); // cancelled: whoever ends the load ends this
}

/** A probe that ends with the load is measured all the same. */
export async function untilSearched({ state }: Run): Promise<void> {
  if (state.capacity?.current !== undefined) {
    await condition(() => state.capacity?.current === undefined, '5 minutes', {
      summary: 'until the probe is measured',
    });
  }
}

interface Search {
  readonly plan: CapacityPlan;
  readonly capacity: CapacitySearch;
  readonly beside: Beside;
}

async function search(run: Run, search: Search): Promise<void> {
  const { capacity } = search;
  while (capacity.endedBy === undefined) {
    show(run, search);
    if (capacity.current === undefined) await decide(run, search);
    else await conclude(run, search, capacity.current);
  }
  show(run, search);
}

/** Waits until the next step is due, then offers the probe; or ends the load, when the search is over. */
async function decide(run: Run, { plan, capacity }: Search): Promise<void> {
  const { state } = run;
  await condition(() => isQuiet(run));
  const last = capacity.probes.at(-1);
  const restMs = last === undefined ? state.startsAt - Date.now() : last.to + restAfterMs(plan, last) - Date.now();
  if (restMs > 0) {
    await sleep(restMs, { summary: 'until the target has rested' });
    return;
  }
  const now = Date.now();
  const step = nextStep(plan, capacity.probes, state.endsAt - now + sinceMs(plan, last, now));
  const offsetMs = changeOffsetMs(state.startsAt, now);
  const number = capacity.probes.length + 1;
  const { settleMs, minRatePerSecond } = plan;
  const offered =
    step.kind === 'done'
      ? undefined
      : offerProbe({ stages: state.stages, offsetMs, number, settleMs, restRatePerSecond: minRatePerSecond }, step);
  if (step.kind === 'done' || offered === undefined || 'problem' in offered) {
    capacity.endedBy = step.kind === 'done' ? step.endedBy : 'time';
    endEarly(run, offsetMs, now);
    return;
  }
  const from = state.startsAt + offsetMs + settleMs;
  const { look, ratePerSecond } = step;
  capacity.current = { look, ratePerSecond, from, to: from + step.measureMs };
  changeSchedule(run, offered.stages, now);
}

/** Of the budget of the last probe, so much has gone by since it was measured; what was longer was nobody's plan. */
const sinceMs = (plan: CapacityPlan, last: Probe | undefined, now: number): number =>
  last === undefined ? 0 : Math.min(now - last.to, restAfterMs(plan, last) + betweenMs);

/** Nothing more is offered: what was left of the load is not owed. */
function endEarly(run: Run, offsetMs: number, now: number): void {
  const { state } = run;
  const head = headOf(state.stages, offsetMs);
  if (state.startsAt + offsetMs < state.endsAt && head.length > 0) changeSchedule(run, head, now);
}

/** Neither paused nor blocked: what is offered now is offered. */
const isQuiet = ({ state, view }: Run): boolean =>
  view.progress.blocked === undefined && !isPausedAt(state.stages, changeOffsetMs(state.startsAt, Date.now()));

/** Waits for the end of the probe that is under way, has it measured, and settles what it says. */
async function conclude(run: Run, search: Search, current: NonNullable<CapacitySearch['current']>): Promise<void> {
  const { capacity, plan } = search;
  const isOffered = (): boolean => stillOffers(run, current);
  if (isOffered())
    await condition(() => !isOffered(), Math.max(1, current.to - Date.now()), {
      summary: `probe at ${current.ratePerSecond}/s`,
    });
  const disturbance = isOffered() ? disturbedBy(run, current, plan) : 'somebody changed the schedule';
  const { figures, judged } =
    disturbance === undefined
      ? await measure(run, search, current)
      : { judged: voidOf('disturbed', disturbance), figures: undefined };
  capacity.probes.push({ ...current, ...judged, ...(figures === undefined ? {} : { figures }) });
  delete capacity.current;
}

function stillOffers({ state }: Run, { ratePerSecond, from, to }: NonNullable<CapacitySearch['current']>): boolean {
  const [fromMs, toMs] = [from - state.startsAt, to - state.startsAt];
  return offersRate(state.stages, { ratePerSecond, fromMs, toMs });
}

/** A fault that holds in the probe, or in what it settles in, costs what the rate does not. */
function disturbedBy(run: Run, { from, to }: { from: number; to: number }, plan: CapacityPlan): string | undefined {
  const faults = [...run.state.plan.faults, ...run.state.askedFaults];
  const open = faults.find(({ offsetMs, deadlineMs }) => {
    const injectedAt = dueAt(run, offsetMs);
    return injectedAt < to && injectedAt + deadlineMs > from - plan.settleMs;
  });
  return open === undefined ? undefined : `${open.fault} was under way`;
}

interface Measured {
  readonly judged: ProbeVerdict;
  readonly figures: Probe['figures'];
}

/** Each load host tells of its own engines; one that does not answer leaves the probe void, and it is offered again. */
async function measure(
  run: Run,
  { plan, beside }: Search,
  { from, to }: { from: number; to: number },
): Promise<Measured> {
  const hosts = [...new Set(run.state.shardHosts.map((host) => host || run.state.host))];
  const asking = Promise.all(hosts.map((host) => measureOnLoadHost(host).measureProbe({ ...run.ref, from, to })));
  const pending = asking.then(
    () => undefined,
    () => undefined,
  );
  beside.pending.set(measuring, pending);
  let parts: ProbePart[];
  try {
    parts = await asking;
  } catch (error) {
    if (isCancellation(error)) throw error;
    const reason = describeFailure(error);
    log.warn('a probe was not measured', { from, to, reason });
    return { judged: voidOf('unseen', `not measured: ${reason}`), figures: undefined };
  } finally {
    beside.pending.delete(measuring);
  }
  const figures = sumProbeParts(parts, { seconds: (to - from) / 1_000, shards: run.state.plan.shards });
  return { judged: judgeProbe(figures, plan.limits), figures };
}

/** What is known so far, for whoever follows the run. */
function show(run: Run, { capacity }: Search): void {
  const { current, probes, endedBy } = capacity;
  const { low, high } = bracketOf(settleRates(probes));
  run.view.update({
    capacity: {
      probes: probes.length,
      ...(current === undefined ? {} : { look: current.look, ratePerSecond: current.ratePerSecond }),
      ...(low === undefined ? {} : { met: low.ratePerSecond }),
      ...(high === undefined ? {} : { missed: high.ratePerSecond }),
      ...(endedBy === undefined ? {} : { endedBy }),
    },
  });
}
