import * as z from 'zod';
import { formatNumber, formatRatio } from './figures.ts';
import { engineCoresMax, eventLoopDelaySecondsMax, scheduleErrorMsMax } from './generator-limits.ts';
import { batchesOfProbe, type ProbeFigures } from './probe.ts';

/** What a rate is held to; both are the wave's objectives. */
export const ProbeLimits = z.strictObject({
  /** 95 % of local reads are answered within this. */
  latencyMsP95Max: z.number().positive(),
  failedRatioMax: z.number().min(0).max(1),
});
export type ProbeLimits = z.infer<typeof ProbeLimits>;

/** Why a probe says nothing of the target. `generator` and `users`: the harness was at its own limit, and will be again at a higher rate. */
export const voidCauses = ['generator', 'users', 'unseen', 'disturbed'] as const;

export const ProbeVerdict = z.strictObject({
  outcome: z.enum(['met', 'missed', 'void']),
  /** Of a void probe only. */
  cause: z.enum(voidCauses).optional(),
  /** Beyond chance; a probe that is not is looked at again before anything is built on it. */
  isClear: z.boolean(),
  /** One sentence with the figures. */
  reason: z.string().max(200),
});
export type ProbeVerdict = z.infer<typeof ProbeVerdict>;

const slowShareMax = 0.05;
/** Of the seconds that the engines owed, so many may be missing. */
const unseenShareMax = 0.05;
/** Of the iterations that were due, so many may have found no virtual user, and so many may have piled up unfinished. */
const droppedShareMax = 0.01;
const unfinishedShareMax = 0.05;
/** Of the iterations, so many may be begun far too late by the generator; and late, where the latency is what is missed. */
const veryLateShareMax = 0.01;
const lateShareMax = 0.05;
/** In a small probe this many unfinished iterations are what is always in flight. */
const unfinishedMin = 20;
/** More failures than chance brings in one of forty probes of a target that fails exactly as often as it may. */
const chanceMax = 0.025;
/** The same in standard deviations. */
const normalMax = 1.96;
/** Student's t, one-sided at 95 %, for the degrees of freedom that batches leave. */
const studentT = [6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83] as const;

/**
 * Did the target meet its objectives at the rate of this probe? Missed are 95 % of local reads within the limit, failures that
 * chance does not explain, or iterations that pile up. What the harness could not do or see makes the probe void, whatever
 * the target did meanwhile.
 */
export function judgeProbe(figures: ProbeFigures | undefined, limits: ProbeLimits): ProbeVerdict {
  if (figures === undefined) return voidOf('unseen', 'nobody answered for the engines');
  return whyVoid(figures) ?? whyMissed(figures, limits) ?? whyNothing(figures) ?? met(figures, limits);
}

/** `disturbed`: a pause, a fault, or another schedule than the search's own. */
export const voidOf = (cause: (typeof voidCauses)[number], reason: string): ProbeVerdict => ({
  ...{ outcome: 'void', cause, isClear: true, reason: reason.slice(0, 200) },
});

function whyVoid(figures: ProbeFigures): ProbeVerdict | undefined {
  const { unseen, owed, due, begun, veryLate, generatorCores, generatorDelaySeconds } = figures;
  if (unseen > owed * unseenShareMax) {
    return voidOf('unseen', `${formatNumber(unseen)} of ${formatNumber(owed)} seconds of the engines have no record`);
  }
  if (due === 0) return voidOf('unseen', 'nothing was due');
  if (generatorCores === undefined) return voidOf('unseen', 'no engine told what CPU it used');
  if (generatorCores >= engineCoresMax) {
    return voidOf('generator', `an engine used ${formatNumber(generatorCores)} of a core (limit ${engineCoresMax})`);
  }
  if (veryLate > begun * veryLateShareMax) {
    return voidOf(
      'generator',
      `${formatRatio(veryLate / begun)} of iterations began over ${scheduleErrorMsMax} ms late`,
    );
  }
  const delayMs = (generatorDelaySeconds ?? 0) * 1_000;
  if (delayMs >= eventLoopDelaySecondsMax * 1_000) {
    return voidOf('generator', `an engine's event loop was ${formatNumber(delayMs)} ms late in 5 % of seconds`);
  }
  return undefined;
}

function whyMissed(figures: ProbeFigures, { latencyMsP95Max, failedRatioMax }: ProbeLimits): ProbeVerdict | undefined {
  const { due, dropped, ended, failed, reads, slow, begun, late } = figures;
  if (slow > reads * slowShareMax) {
    // A latency counts from when its iteration was meant to begin: what the generator adds to it is none of the target's.
    if (late > begun * lateShareMax) {
      return voidOf('generator', `${formatRatio(late / begun)} of iterations were begun too late to time reads by`);
    }
    const { latencyMsP95 } = figures;
    const p95 = latencyMsP95 === undefined ? '' : `, p95 ${formatNumber(latencyMsP95)} ms`;
    const reason = `${formatRatio(slow / reads)} of local reads took over ${formatNumber(latencyMsP95Max)} ms${p95}`;
    return { outcome: 'missed', isClear: isBeyondChance(figures), reason };
  }
  if (failed > ended * failedRatioMax && chanceOf(failed, ended * failedRatioMax) < chanceMax) {
    const reason = `${formatNumber(failed)} of ${formatNumber(ended)} iterations failed (limit ${formatRatio(failedRatioMax)})`;
    return { outcome: 'missed', isClear: true, reason };
  }
  const unfinished = due - dropped - ended;
  if (unfinished > Math.max(unfinishedMin, due * unfinishedShareMax)) {
    const reason = `${formatNumber(unfinished)} of ${formatNumber(due)} iterations piled up unfinished`;
    return { outcome: 'missed', isClear: true, reason };
  }
  return undefined;
}

/** Nothing was missed, and nothing was proved: too few virtual users for the rate, or no read to time. */
function whyNothing({ due, dropped, reads }: ProbeFigures): ProbeVerdict | undefined {
  if (dropped > due * droppedShareMax) {
    return voidOf('users', `${formatNumber(dropped)} of ${formatNumber(due)} iterations found no free virtual user`);
  }
  return reads === 0 ? voidOf('unseen', 'no local read was answered') : undefined;
}

function met(figures: ProbeFigures, { latencyMsP95Max }: ProbeLimits): ProbeVerdict {
  const { latencyMsP95 } = figures;
  const p95 = latencyMsP95 === undefined ? 'local reads' : `p95 ${formatNumber(latencyMsP95)} ms`;
  const reason = `${p95}, within ${formatNumber(latencyMsP95Max)} ms; ${formatNumber(figures.failed)} of ${formatNumber(figures.ended)} iterations failed`;
  return { outcome: 'met', isClear: isBeyondChance(figures), reason };
}

/** Is the share of slow reads further from what is allowed than its own uncertainty? */
function isBeyondChance({ reads, slow, slowShareError }: ProbeFigures): boolean {
  if (slowShareError === undefined) return false;
  return Math.abs(slow / reads - slowShareMax) > slowShareError * (studentT[batchesOfProbe - 2] ?? 2);
}

/** Beyond so many, the exponential of the exact sum is no number any more, and the sum is a normal one. */
const countedMax = 500;

/** How likely `seen` failures or more are where `expected` would come on average (Poisson); beyond many, whether they are at all. */
function chanceOf(seen: number, expected: number): number {
  if (expected > countedMax) return (seen - expected) / Math.sqrt(expected) > normalMax ? 0 : 1;
  let below = 0;
  let term = Math.exp(-expected);
  for (let count = 0; count < seen; count += 1) {
    below += term;
    term *= expected / (count + 1);
  }
  return Math.max(0, 1 - below);
}
