import * as z from 'zod';
import { Party, Question } from './verdict.ts';

/**
 * What can lie in the way of an honest figure, and from where on it counts. Shares are of one slot of the load, ten seconds or
 * more. A percentile of 95 has no room for more than a twentieth: what takes less than that from the target cannot by itself
 * have moved it. Alerts are usually set at twice that for steal and at five times that for throttling, for systems that nobody
 * is measuring (docs/verdict.md).
 */
export const signBounds = {
  /** CPU time that the hypervisor gave to others, of all. */
  steal: 0.05,
  /** Scheduling periods in which the control group had used up its quota, of all. */
  throttling: 0.05,
  /** Of all cores, what processes took that nobody here started, while next to nothing was left. */
  'other-processes': 0.1,
  /** The wall clock moved by itself: seconds. */
  'clock-jump': 0.1,
  /** Left on the disk of the run's folder: bytes. A server without room to write stops. */
  'disk-full': 1_024 ** 3,
  /** Cores of one engine, as for the whole load. */
  'generator-cpu': 0.9,
  /** Of the slot's seconds, those in which an engine's event loop was late by more than a tenth of a second. */
  'generator-late': 0.5,
} as const;

export const Sign = z.enum([
  'steal',
  'throttling',
  'other-processes',
  'clock-jump',
  'disk-full',
  'generator-cpu',
  'generator-late',
]);
export type Sign = z.infer<typeof Sign>;

/** With less than this left of a machine's CPU, whatever takes some takes it from somebody. */
export const busyShareMin = 0.95;

export const partyOfSign = (sign: Sign): 'environment' | 'generator' =>
  sign === 'generator-cpu' || sign === 'generator-late' ? 'generator' : 'environment';

const at = z.number();
const count = z.int().nonnegative();
const share = z.number().min(0);

/** A stretch of load in which something was in the way; `measured` is its worst slot. */
export const Disturbance = z.strictObject({ sign: Sign, from: at, to: at, measured: z.number(), bound: z.number() });
export type Disturbance = z.infer<typeof Disturbance>;

/**
 * How much of what is bad for a question fell into disturbed time, ten seconds on either side included: slow answers, failed
 * iterations, slots with too many connections. `others` is what nothing explains but the target.
 */
export const Coincidence = z.strictObject({
  question: Question,
  of: count,
  bad: count,
  ...{ environment: count, generator: count, others: count },
});
export type Coincidence = z.infer<typeof Coincidence>;

/** A stretch of load in which something was bad for a question, and whom that points to. */
export const BadStretch = z.strictObject({ question: Question, from: at, to: at, bad: count, pointsTo: Party });
export type BadStretch = z.infer<typeof BadStretch>;

/** What machine and generator did while there was load (R6); only of runs whose machine was sampled. */
export const Surroundings = z.strictObject({
  slotMs: z.number().positive(),
  /** Load in slots that the machine was sampled in. */
  watchedMs: z.number().nonnegative(),
  /** Means over the watched load; absent: not told on this machine. */
  machine: z.strictObject({
    busyShare: share.optional(),
    stealShare: share.optional(),
    iowaitShare: share.optional(),
    throttledShare: share.optional(),
    /** Of all cores: processes of the target, the generator, the rest of the harness, and everybody else. */
    targetShare: share.optional(),
    generatorShare: share.optional(),
    harnessShare: share.optional(),
    otherShare: share.optional(),
    /** Share of time in which some task waited for CPU, and in which all tasks waited for memory, or the disk. */
    cpuStallShare: share.optional(),
    memoryStallShare: share.optional(),
    ioStallShare: share.optional(),
    oomKills: z.number().nonnegative().optional(),
    memoryAvailableBytesMin: z.number().nonnegative().optional(),
    diskFreeBytesMin: z.number().nonnegative().optional(),
  }),
  /** What was in the way, each with its worst slot and how long all its slots were. */
  signs: z.array(z.strictObject({ sign: Sign, measured: z.number(), ms: z.number() })),
  /** The first two hundred. */
  disturbances: z.array(Disturbance),
  /** Load in disturbed slots, each once: what points to both points to the environment. */
  disturbedMs: z.strictObject({ environment: z.number(), generator: z.number() }),
  coincidences: z.array(Coincidence),
  /** The first two hundred. */
  stretches: z.array(BadStretch),
});
export type Surroundings = z.infer<typeof Surroundings>;
