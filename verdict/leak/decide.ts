import { materialHoursDefault } from '#model/leak-limits.ts';
import type { Analysis } from './analysis.ts';
import { driftTail, passTail, recentTail } from './leak-bars.ts';
import type { LeakReason } from './leak-reasons.ts';
import { detectable, hoursNeeded, type ReachOptions } from './reach.ts';
import { boundsOf } from './trend.ts';

export interface LeakLimits extends Pick<ReachOptions, 'allowedPerHour' | 'settlesWithinHours'> {
  /** Of the process, where there is one; else the level of the first day says what much is. */
  readonly limit?: number;
  /** It matters when it takes a tenth of that in so long; thirty days unless said. */
  readonly materialHours?: number;
}

export interface LeakJudgement {
  readonly outcome: 'pass' | 'inconclusive' | 'fail';
  readonly slopePerHour: number;
  /** Between these the slope is, each wrong as often as its tail says. */
  readonly low: number;
  readonly high: number;
  readonly detectablePerHour: number;
  readonly needHours: number;
  readonly warmUpEnds: number;
  readonly reasons: readonly LeakReason[];
}

const materialShare = 0.1;

/**
 * `tail`: how often what does not leak may be called a leak, for this one of the run's series; `falseAlarms`: for all of them
 * together, by this look.
 */
export function decide(
  analysis: Analysis,
  limits: LeakLimits,
  { tail, falseAlarms }: { readonly tail: number; readonly falseAlarms: number },
): LeakJudgement {
  const { trend, recent, settledAt } = analysis;
  const { allowedPerHour } = limits;
  const { low } = boundsOf(trend, tail);
  const { high } = boundsOf(trend, Math.min(0.5, Math.max(passTail, tail)));
  const options = { ...limits, tail };
  const against = whyNoLeak(analysis, limits, { low, falseAlarms });
  const inFavour: LeakReason[] = [];
  if (high >= allowedPerHour) inFavour.push('slope-not-below-allowed');
  if (recent !== undefined && boundsOf(recent, passTail).low > allowedPerHour) inFavour.push('rise-is-recent');
  const outcome = against.length === 0 ? 'fail' : inFavour.length === 0 ? 'pass' : 'inconclusive';
  return {
    ...{ outcome, slopePerHour: trend.slope, low, high, warmUpEnds: settledAt },
    detectablePerHour: detectable(analysis, options),
    needHours: hoursNeeded(analysis, options),
    reasons: outcome === 'fail' ? ['slope-above-allowed'] : outcome === 'pass' ? [] : [...inFavour, ...against],
  };
}

function whyNoLeak(
  { recent, drift, shape, isGoingOn, reduced, settledAt, to }: Analysis,
  limits: LeakLimits,
  { low, falseAlarms }: { readonly low: number; readonly falseAlarms: number },
): LeakReason[] {
  const { allowedPerHour, limit, materialHours = materialHoursDefault } = limits;
  if (low <= allowedPerHour) return ['slope-not-above-allowed'];
  const against: LeakReason[] = [];
  if (recent === undefined || boundsOf(recent, recentTail).low <= allowedPerHour) against.push('rise-has-ended');
  if (!isGoingOn) against.push('rise-may-settle');
  // Of a curve the steps are uneven by their nature, and say nothing to a verdict. A look that spends less must be surer than that.
  const isLook = falseAlarms < driftTail;
  const isUneven = drift === undefined || boundsOf(drift, Math.min(driftTail, falseAlarms)).low <= allowedPerHour;
  if (isUneven && (isLook || shape.shape === 'line')) against.push('rise-may-wander');
  if (to - settledAt < limits.settlesWithinHours * hourMs) against.push('shorter-than-cycles');
  const much = limit ?? firstDayLevel(reduced.blocks);
  if (low * materialHours <= materialShare * much) against.push('not-material');
  return against;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function firstDayLevel(blocks: Analysis['reduced']['blocks']): number {
  const first = blocks[0]?.at ?? 0;
  const floors = blocks.filter(({ at }) => at < first + dayMs).map(({ floor }) => floor);
  return floors.reduce((sum, floor) => sum + floor, 0) / Math.max(1, floors.length);
}
