import { classesOf, rarestShareOf, writesNothing } from './behaviour-class.ts';
import type { CapacityPlan } from './capacity-plan.ts';
import { insteadOfMix, operationsOfLoad, whyDriverCannot } from './driver-promises.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { LeakWatch } from './leak-watch.ts';
import { dueIterations, type LoadPlan, totalLoadMs } from './load-plan.ts';
import { leakHoursMin } from './leak-limits.ts';
import { type Machine, type Placement, whyNotOfTheClass } from './machine.ts';
import { capacityOfWaves } from './objectives.ts';
import { type ObjectiveName, type Objectives, objectives, type OverriddenObjective } from './objective.ts';
import type { OperationKind } from './operation.ts';
import { serviceMsMean } from './user-pool.ts';
import { type NotCovered, type Question, questions, questionsOnDemand } from './verdict.ts';
import type { WaveName } from './wave.ts';

export interface Asked {
  readonly wave: WaveName;
  readonly load: LoadPlan;
  /** Set when the load is a capacity search. */
  readonly capacity?: CapacityPlan | undefined;
  readonly faults: readonly FaultPlan[];
  readonly faultsAbsentBecause: string | undefined;
  readonly objectives: Objectives;
  /** Those that the input states: they bind here, whatever the machine. */
  readonly overridden?: readonly OverriddenObjective[] | undefined;
  readonly machine: Pick<Machine, 'cores' | 'memoryBytes'>;
  readonly placement: Placement;
  /** Set when the run was asked to judge leaks whatever its length. */
  readonly leakWatch?: LeakWatch | undefined;
}

/** Of every question there is, the ones that a run of this length on this stack can answer, and the others with the reason (design §4). */
export function planPromises(asked: Asked): { promises: Question[]; notCovered: NotCovered[] } {
  const promises: Question[] = [];
  const notCovered: NotCovered[] = [];
  for (const question of questions) {
    if (questionsOnDemand.includes(question) && isAskedFor[question]?.(asked) !== true) continue;
    const reason = whyUnanswerable(question, asked);
    if (reason === undefined) promises.push(question);
    else notCovered.push({ question, reason });
  }
  return { promises, notCovered };
}

const isWatched = ({ leakWatch }: Asked): boolean => leakWatch !== undefined;

/** Who or what asks for a question that is put on demand. */
const isAskedFor: Readonly<Partial<Record<Question, (asked: Asked) => boolean>>> = {
  'latency-local-reads-p99': ({ objectives: stated }) => stated.localReadP99MsMax !== undefined,
  'latency-federation': ({ objectives: stated }) => stated.federationP95MsMax !== undefined,
  'latency-analytics': ({ objectives: stated }) => stated.analyticsP95MsMax !== undefined,
  'harness-memory': ({ load }) => totalLoadMs(load) / 3_600_000 >= leakHoursMin,
  'handle-leak': isWatched,
  'gc-pauses': isWatched,
  'latency-creep': isWatched,
};

function whyUnanswerable(question: Question, asked: Asked): string | undefined {
  const { driver } = asked.load;
  if (driver === undefined) return unanswerable[question](asked);
  const reason = whyDriverCannot(driver, question);
  return reason === undefined && !insteadOfMix.includes(question) ? unanswerable[question](asked) : reason;
}

const answerable = (): undefined => undefined;

/** Why a question cannot be answered; undefined when it can. */
const unanswerable: Readonly<Record<Question, (asked: Asked) => string | undefined>> = {
  'seeding-reconciled': answerable,
  'load-delivered': overloads,
  'samples-present': answerable,
  'operations-checked': tooFewIterations,
  'error-rate': overloads,
  'no-lost-write': ({ load }) => (writesNothing(load) ? `the mix ${load.mix} writes nothing` : undefined),
  'no-scope-leak': answerable,
  'faults-healed': ({ faults, faultsAbsentBecause }) =>
    faults.length > 0 ? undefined : (faultsAbsentBecause ?? 'no fault is planned'),
  'generator-not-saturated': overloads,
  stationary: notSettled,
  'no-unplanned-death': answerable,
  'latency-local-reads': (asked) => overloads(asked) ?? notBinding(asked, 'p95Ms'),
  'memory-gateways': (asked) => notBinding(asked, 'gatewaysRssBytes'),
  'database-connections': (asked) => notBinding(asked, 'databaseConnections'),
  'cache-hit-ratio': (asked) => notBinding(asked, 'cacheHitRatio'),
  capacity: ({ wave, load, capacity }) => {
    if (capacity !== undefined) return undefined;
    const baseline = capacityOfWaves[wave];
    const offers = load.model === 'open' ? 'one rate is met or not' : 'a closed load offers what its users ask for';
    return `needs a capacity search: ${offers}${baseline === undefined ? '' : `; the baseline is ${baseline} requests/s`}`;
  },
  'memory-leak': leakOutOfReach,
  'latency-local-reads-p99': (asked) => overloads(asked) ?? notBinding(asked, 'p99Ms'),
  'latency-federation': (asked) =>
    overloads(asked) ?? notSent(asked, ['federation-aggregate']) ?? notBinding(asked, 'federationP95Ms'),
  'latency-analytics': (asked) =>
    overloads(asked) ?? notSent(asked, ['team-usage', 'export-tools']) ?? notBinding(asked, 'analyticsP95Ms'),
  'harness-memory': answerable,
  'handle-leak': answerable,
  'gc-pauses': answerable,
  'latency-creep': overloads,
};

/** Over a whole search these are what it is for: each probe is held to them by itself, and the answer is the last one that met them. */
function overloads({ capacity }: Asked): string | undefined {
  if (capacity === undefined) return undefined;
  return 'a capacity search overloads its target, or its generator, by intent: it is asked of each probe by itself';
}

const checkedMin = 20;
/** Half as many again, for the ramp, the fault and uneven users. */
const expectedMin = 30;

function tooFewIterations({ load, capacity }: Asked): string | undefined {
  const loadMs = totalLoadMs(load);
  const classes = classesOf(load).length;
  // A class without a user meets none of its operations.
  if (load.model === 'closed' && load.virtualUsers < classes) {
    return `${load.virtualUsers} virtual users cannot be of all ${classes} classes; ${classes} are needed`;
  }
  // A search spends most of its time far above the rate that it starts with.
  const iterations = capacity === undefined ? iterationsExpected(load) : (capacity.startRatePerSecond * loadMs) / 1_000;
  const rarest = iterations * rarestShareOf(load);
  if (rarest >= expectedMin) return undefined;
  const secondsNeeded = Math.ceil(((loadMs / 1_000) * expectedMin) / Math.max(rarest, 0.01));
  return (
    `the rarest operation would come about ${Math.floor(rarest)} times, and ${checkedMin} answers are needed; ` +
    `a load of about ${secondsNeeded} s ${load.model === 'open' ? 'at this rate' : 'with these users'} would do`
  );
}

/** Open model: what falls due. Closed model: as users at the usual service time come to. */
function iterationsExpected(load: LoadPlan): number {
  if (load.model === 'open') return dueIterations(load, 0, totalLoadMs(load));
  const thinking = (load.thinkTimeMsMin + load.thinkTimeMsMax) / 2 + serviceMsMean;
  return userMilliseconds(load) / (load.pacingMs === undefined ? thinking : Math.max(load.pacingMs, serviceMsMean));
}

const userMilliseconds = (load: LoadPlan): number =>
  load.stages.reduce((sum, stage) => sum + (stage.durationMs * (stage.usersFrom + stage.usersTo)) / 2, 0);

/** In this time every virtual user has its 20 live objects, at R3.1's rate of creating (8 of 65 iterations of 1.25 s), with as long again to watch. */
const settledMsMin = 10 * 60_000;
const settledIterationMs = 1_250;

function notSettled({ load }: Asked): string | undefined {
  if (load.growth) return 'growth is on: what load creates piles up by intent';
  const settledMs = settledMsOf(load);
  if (totalLoadMs(load) >= settledMs) return undefined;
  return (
    `virtual users are still creating towards their ${load.liveObjectsMax} live objects; ` +
    `net growth can be judged in loads of ${Math.ceil(settledMs / 60_000)} min and more`
  );
}

/** Users who iterate less often than those who think take as much longer. */
function settledMsOf(load: LoadPlan): number {
  if (load.model === 'closed' && load.pacingMs === undefined) return settledMsMin;
  const iterationMs = userMilliseconds(load) / Math.max(1, iterationsExpected(load));
  return settledMsMin * Math.max(1, iterationMs / settledIterationMs);
}

function notBinding(asked: Asked, name: ObjectiveName): string | undefined {
  if (asked.objectives[objectives[name].key] === undefined) return `no objective is stated for wave ${asked.wave}`;
  // Who states a threshold for a run means the machine that the run is on.
  if (asked.overridden?.some(({ objective }) => objective === name) === true) return undefined;
  return whyNotOfTheClass(asked.machine, asked.placement);
}

function notSent({ load }: Asked, kinds: readonly OperationKind[]): string | undefined {
  const sent: readonly string[] = operationsOfLoad(load);
  if (load.driver !== undefined && load.driver.scenario === undefined) return undefined;
  return kinds.some((kind) => sent.includes(kind)) ? undefined : `the load sends none of ${kinds.join(', ')}`;
}

function leakOutOfReach({ load, leakWatch }: Asked): string | undefined {
  const hours = totalLoadMs(load) / 3_600_000;
  if (load.growth) return 'growth is on: memory is expected to follow what load leaves behind';
  if (leakWatch !== undefined || hours >= leakHoursMin) return undefined;
  const length = hours < 1 ? `${Math.round(hours * 600) / 10} min` : `${Math.round(hours * 10) / 10} h`;
  return `${length} of load cannot tell a slow leak from noise: a verdict on 0.1 MB/h needs about ${leakHoursMin} h; memory is shown`;
}
