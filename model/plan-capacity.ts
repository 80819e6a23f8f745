import type { CapacityOptions } from './capacity-input.ts';
import { type CapacityPlan, probesMax } from './capacity-plan.ts';
import { roundRate, stepMs } from './capacity-search.ts';
import { formatDuration } from './figures.ts';
import type { LoadPlan } from './load-plan.ts';
import type { Objectives } from './objective.ts';
import { capacityOfWaves } from './objectives.ts';
import type { WaveName } from './wave.ts';

export interface CapacityRequest {
  readonly options: CapacityOptions;
  readonly wave: WaveName;
  readonly durationMs: number;
  readonly objectives: Objectives;
  /** Virtual users that the pool may have, at one for each iteration a second. */
  readonly usersMax: number;
  /** Do R6's baselines bind on this machine? */
  readonly isBinding: boolean;
}

/** Iterations a second to begin with: a fiftieth of the baseline, which an iteration of some ten requests makes a fifth of it. */
const startShare = 1 / 50;
const startRateDefault = 5;
const minShare = 1 / 8;
/** Six doublings from the first rate. */
const maxFactor = 64;
const safeShareDefault = 0.75;
const resolutionDefault = 0.05;
/** Probes that a search usually takes: six doublings, five halvings, a second look at each that was missed. */
const probesUsual = 20;

const seconds = (ms: number, [least, most]: readonly [number, number]): number =>
  Math.min(most, Math.max(least, Math.round(ms / 1_000))) * 1_000;

type RateRequest = Pick<CapacityRequest, 'options' | 'wave' | 'usersMax'>;

const startRateOf = ({ options, wave, usersMax }: RateRequest): number => {
  const baseline = capacityOfWaves[wave];
  return options.startRate ?? Math.min(usersMax, baseline === undefined ? startRateDefault : baseline * startShare);
};

/** A virtual user for each iteration a second is what pools are planned with, so a pool bounds the rate. */
export const rateMaxDefault = (request: RateRequest): number => {
  const start = startRateOf(request);
  return request.options.maxRate ?? Math.max(start, Math.min(request.usersMax, start * maxFactor));
};

/** Every default of a capacity search, from the time that it has; probes are as long as some twenty of them and a hold allow. */
export function planCapacity(request: CapacityRequest): { capacity: CapacityPlan; remarks: string[] } {
  const { options, wave, durationMs } = request;
  const probeMs = options.probe ?? seconds(durationMs / 45, [5, 60]);
  const asked = request.objectives.requestsPerSecondMin;
  const baseline = asked ?? capacityOfWaves[wave];
  const start = startRateOf(request);
  const capacity: CapacityPlan = {
    startRatePerSecond: roundRate(start),
    minRatePerSecond: roundRate(start * minShare),
    maxRatePerSecond: roundRate(Math.max(start, rateMaxDefault(request))),
    resolution: options.resolution ?? resolutionDefault,
    probeMs: wholeSeconds(probeMs),
    settleMs: seconds(probeMs / 4, [2, 15]),
    coolDownMs: options.coolDown === undefined ? seconds(probeMs * 0.4, [2, 30]) : wholeSeconds(options.coolDown),
    holdMs: wholeSeconds(options.hold ?? Math.max(probeMs, Math.min(probeMs * 3, durationMs / 5))),
    probes: options.probes ?? probesMax,
    safeShare: options.safeShare ?? safeShareDefault,
    limits: {
      latencyMsP95Max: request.objectives.localReadP95MsMax ?? latencyMsDefault,
      failedRatioMax: request.objectives.failedIterationsRatioMax,
    },
    ...(baseline === undefined
      ? {}
      : { baseline: { requestsPerSecond: baseline, isBinding: asked !== undefined || request.isBinding } }),
  };
  return { capacity, remarks: remarksOf(capacity, durationMs) };
}

/**
 * The load of a search before it has begun, and of one that nobody carries on: the lowest rate to the end. Histograms are of a
 * second, so that a probe has whole ones and its stretches can be told apart.
 */
export function restingLoad(load: LoadPlan, { minRatePerSecond }: CapacityPlan, durationMs: number): LoadPlan {
  const pool = { usersFrom: load.virtualUsers, usersTo: load.virtualUsers };
  const rate = { ratePerSecondFrom: minRatePerSecond, ratePerSecondTo: minRatePerSecond };
  return { ...load, stages: [{ name: 'rest', durationMs, ...pool, ...rate }], histogramMs: 1_000 };
}

/** Why no fault is planned where nobody said anything of faults. */
export const noFaultInSearch =
  'no fault is injected in a capacity search unless it is asked for (faults: "planned"): its cost would be taken for that of the rate';

/** Every wave states its own; this is smoke's. */
const latencyMsDefault = 250;
const wholeSeconds = (ms: number): number => Math.max(1, Math.round(ms / 1_000)) * 1_000;

/** How long a search takes that goes as usual. */
const usualMs = (capacity: CapacityPlan): number =>
  probesUsual * stepMs(capacity, { coolDownMs: capacity.coolDownMs / 2, measureMs: capacity.probeMs }) +
  capacity.holdMs;

function remarksOf(capacity: CapacityPlan, durationMs: number): string[] {
  const neededMs = usualMs(capacity);
  if (neededMs <= durationMs) return [];
  const room = Math.max(
    0,
    Math.floor((durationMs - capacity.holdMs) / stepMs(capacity, { coolDownMs: 0, measureMs: capacity.probeMs })),
  );
  return [
    `In ${formatDuration(durationMs)} there is room for about ${room} probes of ${capacity.probeMs / 1_000} s, and a search takes about ${probesUsual}: ` +
      `it answers with the bracket that it got to; ${formatDuration(Math.ceil(neededMs / 60_000) * 60_000)} would do.`,
  ];
}
