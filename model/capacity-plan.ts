import * as z from 'zod';
import { ProbeLimits } from './probe-verdict.ts';

/** A schedule has a hundred stages at most, and each probe takes three of them. */
export const probesMax = 30;

/** How a capacity search goes about it, every default resolved. Rates are iterations begun per second. */
export const CapacityPlan = z.strictObject({
  startRatePerSecond: z.number().positive(),
  minRatePerSecond: z.number().positive(),
  maxRatePerSecond: z.number().positive(),
  /** The search is over when the rate that is missed is above the one that is met by no more than this share. */
  resolution: z.number().positive().max(1),
  /** Measured length of a probe. */
  probeMs: z.int().positive(),
  /** At the probe's rate and before it is measured: the rise and what follows of it. */
  settleMs: z.int().positive(),
  /** At the lowest rate, after a probe that was not met. */
  coolDownMs: z.int().nonnegative(),
  /** Measured length of the last look at the answer. */
  holdMs: z.int().positive(),
  probes: z.int().min(3).max(probesMax),
  /** Of what can be sustained, this share is the safe limit. */
  safeShare: z.number().positive().max(1),
  limits: ProbeLimits,
  /** Requests a second that the wave's target is to carry (R6); absent: none is stated. It is judged only where it binds. */
  baseline: z.strictObject({ requestsPerSecond: z.number().positive(), isBinding: z.boolean() }).optional(),
});
export type CapacityPlan = z.infer<typeof CapacityPlan>;
