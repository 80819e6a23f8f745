import {
  objectiveNames,
  objectives,
  type ObjectiveName,
  type Objectives,
  type ObjectivesInput,
  type OverriddenObjective,
} from './objective.ts';
import type { WaveName } from './wave.ts';

/** Powers of 1,024, as every figure in bytes is printed. */
const gigabyte = 1_073_741_824;
const failedIterationsRatioMax = 0.001;

/**
 * R6: the source's baselines by wave. Smoke is ours and has only what is stated for it.
 * @internal
 */
export const objectivesOfWaves: Readonly<Record<WaveName, Objectives>> = {
  smoke: { localReadP95MsMax: 250, failedIterationsRatioMax },
  small: {
    localReadP95MsMax: 25,
    gatewaysRssBytesMax: 2 * gigabyte,
    databaseConnectionsMax: 20,
    cacheHitRatioMin: 0.98,
    failedIterationsRatioMax,
  },
  medium: {
    localReadP95MsMax: 45,
    gatewaysRssBytesMax: 6 * gigabyte,
    databaseConnectionsMax: 50,
    cacheHitRatioMin: 0.96,
    failedIterationsRatioMax,
  },
  large: {
    localReadP95MsMax: 85,
    gatewaysRssBytesMax: 15 * gigabyte,
    databaseConnectionsMax: 150,
    cacheHitRatioMin: 0.94,
    failedIterationsRatioMax,
  },
  enterprise: {
    localReadP95MsMax: 150,
    gatewaysRssBytesMax: 25 * gigabyte,
    databaseConnectionsMax: 300,
    cacheHitRatioMin: 0.92,
    failedIterationsRatioMax,
  },
};

/** Requests a second that a capacity search is held against (R6); no run that is not one can answer it. */
export const capacityOfWaves: Readonly<Record<WaveName, number | undefined>> = {
  smoke: undefined,
  small: 500,
  medium: 1_200,
  large: 2_500,
  enterprise: 4_000,
};

/** R6's own table: what aggregating over so many federated gateways may take. */
const aggregateP95MsOf: readonly (readonly [gateways: number, p95Ms: number])[] = [
  [10, 150],
  [50, 400],
  [100, 800],
];
/** R6, Decision: the table's p95 is for local reads, and analytics and bulk have this. */
const analyticsP95MsMax = 2_000;

export interface Sized {
  readonly wave: WaveName;
  /** Federated gateways. */
  readonly gateways: number;
}

/** What is stated for a wave of this size, by the names that the input calls objectives; absent: nothing is. */
export function baselineOf(name: ObjectiveName, { wave, gateways }: Sized): number | undefined {
  if (name === 'requestsPerSecond') return capacityOfWaves[wave];
  if (name === 'analyticsP95Ms') return analyticsP95MsMax;
  if (name === 'federationP95Ms') return aggregateP95MsOf.find(([most]) => gateways <= most)?.[1];
  return objectivesOfWaves[wave][objectives[name].key];
}

/** Of the wave's own, those that stand in every plan; the rest of what is stated comes in where it binds. */
const boundOnly: readonly ObjectiveName[] = ['federationP95Ms', 'analyticsP95Ms'];

/**
 * The thresholds of a run: the wave's own, and in their place what the input states. What the input states binds on whatever
 * machine the run is on, so it is told apart.
 */
export function resolveObjectives(
  sized: Sized,
  { asked = {}, isBinding }: { asked?: ObjectivesInput | undefined; isBinding: boolean },
): { objectives: Objectives; overridden?: OverriddenObjective[] } {
  const resolved: Objectives = { ...objectivesOfWaves[sized.wave] };
  const overridden: OverriddenObjective[] = [];
  for (const name of objectiveNames) {
    const { key } = objectives[name];
    const own = baselineOf(name, sized);
    const given = asked[name];
    if (given !== undefined) {
      resolved[key] = given;
      overridden.push({ objective: name, ...(own !== undefined && { own }) });
    } else if (isBinding && own !== undefined && boundOnly.includes(name)) {
      resolved[key] = own;
    }
  }
  return { objectives: resolved, ...(overridden.length > 0 && { overridden }) };
}
