import { searchedRateOf } from './capacity-conflicts.ts';
import type { CapacityPlan } from './capacity-plan.ts';
import { planCheckpoints } from './checkpoint.ts';
import { type Machine, objectivesBind } from './machine.ts';
import { countRows, diskBytesNeeded, evidenceBytesNeeded, planNeeds } from './needs.ts';
import { statedLoadMs, virtualUsersOf } from './load-conflicts.ts';
import { resolveObjectives, type Sized } from './objectives.ts';
import { defaultWaves, type RunInput } from './parse-input.ts';
import { noFaultInSearch, planCapacity, restingLoad } from './plan-capacity.ts';
import { countLeakLooks } from './leak-looks.ts';
import type { LoadDriver } from './load-driver.ts';
import { describeDefect } from './defect.ts';
import { planLeakWatch } from './leak-watch.ts';
import { planFaults } from './plan-faults.ts';
import { planLoad } from './plan-load.ts';
import { planPopulation } from './plan-population.ts';
import { planStack } from './plan-stack.ts';
import { Plan, type PlanSummary, type WorkflowName } from './plan.ts';
import { type LoadPlan, totalLoadMs } from './load-plan.ts';
import { planPromises } from './promises.ts';
import type { Question } from './verdict.ts';
import { type Wave, type WaveName, waves } from './wave.ts';

export interface RunRequest {
  /** `AllWaves` has no plan of its own: its waves are planned one by one. */
  readonly workflow: Exclude<WorkflowName, 'AllWaves'>;
  readonly input: RunInput;
  readonly machine: Machine;
  /** What was found in the file that the input names; needed when it names one. */
  readonly driver?: LoadDriver;
}

/**
 * Everything that a run will do, from what was asked and what the machine holds: R1's table, R1.1's overrides, R5.4's limits,
 * R6's objectives. Pure: the same request gives the same plan. Nothing later applies a default.
 */
export function planRun({ workflow, input: given, machine, driver }: RunRequest): Plan {
  const wave = waves[given.wave ?? defaultWaves[workflow]];
  const input = withSearchedRate(given, wave);
  const isFederation = workflow === 'FederationLoad';
  const durationMs = statedLoadMs(input) ?? (workflow === 'StabilityRun' ? stabilityMs : wave.loadDurationMs);
  const dataSet = planDataSet({ input, machine, wave: wave.name, isFederation, durationMs });
  const { seed, gateways } = dataSet.population;
  const { stack, remarks: stackRemarks } = planStack({
    wave: wave.name,
    machine,
    instances: input.instances,
    gateways,
    seed,
  });
  const {
    load,
    capacity,
    remarks: loadRemarks,
  } = planShape({
    ...{ wave, input, machine, durationMs, seed, isFederation, driver },
    seededUsers: dataSet.population.users,
    gateways,
  });
  const { faults, absentBecause } =
    capacity !== undefined && input.faults === undefined
      ? { faults: [], absentBecause: noFaultInSearch }
      : planFaults({
          wanted: input.faults ?? 'planned',
          gatewayInstances: stack.gatewayInstances,
          loadMs: durationMs,
        });
  const { objectives, overridden } = objectivesOf(input, { wave: wave.name, gateways }, machine);
  const leakWatch = input.leakWatch && planLeakWatch(input.leakWatch, totalLoadMs(load));
  const { promises, notCovered } = planPromises({
    ...{ wave: wave.name, load, capacity, faults, objectives, overridden, machine, placement, leakWatch },
    faultsAbsentBecause: absentBecause,
  });
  const without = promises.filter((question) => input.without?.includes(question));
  const judged = promises.filter((question) => !without.includes(question));
  const warmUpMs = input.warmUp ?? warmUpMsOf[wave.name];
  return Plan.parse({
    schemaVersion: 1,
    workflow,
    wave: wave.name,
    scale: dataSet.scale,
    seed,
    population: dataSet.population,
    remarks: [...defectRemarks(input), ...dataSet.remarks, ...stackRemarks, ...loadRemarks],
    stack: proofStack(stack, { input, isShort: isShortWatch(leakWatch, load) }),
    warmUp: { budgetMs: warmUpMs, hitRatioChangeMax: 0.01 },
    load,
    ...(capacity === undefined ? {} : { capacity }),
    sampleIntervalMs: isShortWatch(leakWatch, load) ? 500 : 1_000,
    faults,
    ...(leakWatch === undefined ? {} : { leakWatch }),
    objectives,
    ...(overridden === undefined ? {} : { overridden }),
    promises: judged,
    notCovered,
    without,
    windowsPerExecution: input.windowsPerExecution ?? windowsPerExecution,
    ...looksOf({ load, leakWatch, ...checkpointsOf(workflow, input, load) }, { input, promises: judged }),
    keep: input.keep ?? 'nothing',
    onBlocked: input.onBlocked ?? 'wait',
    ifBusy: input.ifBusy ?? 'fail',
    needs: planNeeds({ rows: dataSet.rows, stack, load, warmUpMs }),
  } satisfies Plan);
}

/** A run that proves something: gateways that collect often enough for what they keep to be seen, with defects in them. */
const proofStack = (
  stack: Plan['stack'],
  { input, isShort }: { readonly input: RunInput; readonly isShort: boolean },
): Plan['stack'] => ({
  ...stack,
  ...(isShort && { collectEveryMs }),
  ...(input.defect !== undefined && { defects: input.defect }),
});

/** The parts of a plan that its workflow steers by; `planHash` is the hash of `canonicalJson(plan)`. */
export function summarisePlan(plan: Plan, planHash: string): PlanSummary {
  return {
    planHash,
    wave: plan.wave,
    target: plan.stack.target,
    seedActivities: Math.min(plan.stack.cores, seedActivitiesMax),
    shards: plan.load.shards.length,
    loadMs: totalLoadMs(plan.load),
    windowMs: plan.load.windowMs,
    drainMs: plan.load.drainMs,
    virtualUsers: plan.load.virtualUsers,
    usersMax: plan.load.usersMax,
    spawnRatePerSecond: plan.load.spawnRatePerSecond,
    stages: plan.load.stages,
    ...(plan.capacity === undefined ? {} : { capacity: plan.capacity }),
    gatewayInstances: plan.stack.gatewayInstances,
    faults: plan.faults.map(({ fault, victim, offsetMs, deadlineMs }) => ({ fault, victim, offsetMs, deadlineMs })),
    windowsPerExecution: plan.windowsPerExecution,
    ...(plan.windowsPerCheckpoint === undefined ? {} : { windowsPerCheckpoint: plan.windowsPerCheckpoint }),
    keep: plan.keep,
    onBlocked: plan.onBlocked,
    ...(plan.load.driver === undefined ? {} : { driver: plan.load.driver.kind }),
  };
}

/** Nobody shall take a run of a target that was spoiled by intent for one of the target. */
const defectRemarks = ({ defect = [] }: RunInput): string[] =>
  defect.map(
    (each) =>
      `Planted in every gateway by intent: ${describeDefect(each)}. What this run says is not said of the target.`,
  );

/** A local stack shares its machine with the generator. */
const placement = 'co-located';

const objectivesOf = (
  { objectives: asked }: RunInput,
  sized: Sized,
  machine: Machine,
): ReturnType<typeof resolveObjectives> =>
  resolveObjectives(sized, { asked, isBinding: objectivesBind(machine, placement) });

/** The load, and what a capacity search makes of it: the pool of the highest rate, at rest until the search says what is offered. */
function planShape(
  request: Parameters<typeof planLoad>[0] & { gateways: number },
): ReturnType<typeof planLoad> & { capacity?: CapacityPlan } {
  const { input, wave, durationMs, gateways } = request;
  const planned = planLoad(request);
  if (input.capacity === undefined) return planned;
  const { capacity, remarks } = planCapacity({
    ...{ options: input.capacity, wave: wave.name, durationMs },
    objectives: objectivesOf(input, { wave: wave.name, gateways }, request.machine).objectives,
    usersMax: planned.load.virtualUsers,
    isBinding: objectivesBind(request.machine, placement),
  });
  const load = restingLoad(planned.load, capacity, durationMs);
  return { load, capacity, remarks: [...planned.remarks, ...remarks] };
}

/** A search is an open load whose pool is made for its highest rate. */
function withSearchedRate(input: RunInput, wave: Wave): RunInput {
  const arrivalRate = searchedRateOf(input, wave.name, Math.round(wave.users * (input.scale ?? 1)));
  return arrivalRate === undefined ? input : { ...input, arrivalRate };
}

/** Where minutes have to show a leak, there are more samples, and the target's garbage is gone within seconds. */
const isShortWatch = (leakWatch: Plan['leakWatch'], load: LoadPlan): boolean =>
  leakWatch !== undefined && totalLoadMs(load) < shortWatchMs;
const shortWatchMs = 10 * 60_000;
/** Shorter than a block of eight samples. */
const collectEveryMs = 3_000;

const stabilityMs = 48 * 3_600_000;
const seedActivitiesMax = 8;
/** At some twenty events a window, an execution's history stays at a twentieth of what the service allows. */
const windowsPerExecution = 100;

/** A stability run looks at itself while it goes on; other runs are too short to be told anything before their verdict. */
function checkpointsOf(
  workflow: WorkflowName,
  { windowsPerCheckpoint }: RunInput,
  load: LoadPlan,
): Pick<Plan, 'windowsPerCheckpoint'> {
  if (windowsPerCheckpoint !== undefined) return { windowsPerCheckpoint };
  if (workflow !== 'StabilityRun') return {};
  return { windowsPerCheckpoint: planCheckpoints(totalLoadMs(load), load.windowMs) };
}

/** Checkpoints, and whether they end a run whose leak is certain: a run that asks for leaks, unless it is to be held to its end. */
function looksOf(
  { load, leakWatch, windowsPerCheckpoint }: Pick<Plan, 'load' | 'leakWatch' | 'windowsPerCheckpoint'>,
  { input, promises }: { input: RunInput; promises: readonly Question[] },
): Pick<Plan, 'windowsPerCheckpoint' | 'leakLooks'> {
  if (windowsPerCheckpoint === undefined) return {};
  const isAsked = promises.includes('memory-leak') && input.toTheEnd !== true;
  const leakLooks = isAsked ? countLeakLooks({ load, leakWatch, windowsPerCheckpoint }) : 0;
  return { windowsPerCheckpoint, ...(leakLooks > 0 && { leakLooks }) };
}

const warmUpMsOf = {
  smoke: 10_000,
  small: 30_000,
  medium: 60_000,
  large: 120_000,
  enterprise: 300_000,
} as const satisfies Record<WaveName, number>;

/** A run that names no scale is shrunk in these steps; coarse, so that a little more or less free disk does not change the data set. */
const scales = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01] as const;
/** For choosing a scale, before stack and load are planned. */
const usualGateways = 4;
/** Of the free disk, this much may be planned for. */
const diskShareMax = 0.9;

/**
 * R5.4: without a `scale` of its own, a run takes the largest data set that fits the disk and says so.
 * A scale that was asked for is kept; preflight refuses it when it does not fit.
 */
function planDataSet(request: {
  input: RunInput;
  machine: Machine;
  wave: WaveName;
  isFederation: boolean;
  durationMs: number;
}) {
  const { input, machine, isFederation, durationMs } = request;
  const wave = waves[request.wave];
  const usersMin = virtualUsersOf(input, wave.name, wave.users);
  const atScale = (scale: number) => {
    const population = planPopulation(wave, scale, { seed: input.seed, profile: input.profile, isFederation });
    return { scale, population, ...countRows(population) };
  };
  if (input.scale !== undefined) return atScale(input.scale);
  const evidenceBytes = evidenceBytesNeeded({ loadMs: durationMs, gateways: usualGateways, engines: 1 });
  const steps = scales.filter((scale) => scale === 1 || wave.users * scale >= usersMin);
  let smallest = atScale(1);
  for (const scale of steps) {
    if (scale !== 1) smallest = atScale(scale);
    if (diskBytesNeeded(smallest.rows, evidenceBytes) <= machine.diskFreeBytes * diskShareMax) break;
  }
  if (smallest.scale === 1) return smallest;
  const remark = `The data set is wave ${wave.name} at scale ${smallest.scale}: the free disk of ${Math.floor(machine.diskFreeBytes / 1e9)} GB holds no more.`;
  return { ...smallest, remarks: [remark, ...smallest.remarks] };
}
