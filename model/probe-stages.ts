import type { SearchStep } from './capacity-search.ts';
import { plannedRate, rateWithin, type Stage, stagesMax, totalLoadMs, usersWithin } from './load-plan.ts';
import type { Changed } from './schedule.ts';

export interface ProbeChange {
  readonly stages: readonly Stage[];
  /** A whole second of the schedule; see `changeOffsetMs`. */
  readonly offsetMs: number;
  /** Counts the probes: part of the names of its stages. */
  readonly number: number;
  readonly settleMs: number;
  /** What is offered after it, until somebody says otherwise. */
  readonly restRatePerSecond: number;
}

/**
 * The schedule with one more probe: a rise to its rate, the rate for as long as it settles and is measured, and then the rate
 * of rest to the end, which stays. So a target is never left under a probe's load by nobody being there to end it.
 */
export function offerProbe(
  change: ProbeChange,
  { ratePerSecond, measureMs }: Pick<Extract<SearchStep, { kind: 'probe' }>, 'ratePerSecond' | 'measureMs'>,
): Changed {
  const { offsetMs, number, settleMs, restRatePerSecond } = change;
  const stages = [...change.stages];
  const restMs = totalLoadMs({ stages }) - offsetMs;
  const riseMs = Math.max(1_000, Math.floor(settleMs / 2_000) * 1_000);
  const atRateMs = settleMs + measureMs - riseMs;
  if (restMs < riseMs + atRateMs) return { problem: 'the load is at its end' };
  const pool = { usersFrom: poolOf(stages), usersTo: poolOf(stages) };
  const stage = (name: string, durationMs: number, [from, to]: readonly [number, number]): Stage => {
    return { name, durationMs, ...pool, ratePerSecondFrom: from, ratePerSecondTo: to };
  };
  const offered = [
    stage(`rise-${number}`, riseMs, [plannedRate({ stages }, offsetMs), ratePerSecond]),
    stage(`probe-${number}`, atRateMs, [ratePerSecond, ratePerSecond]),
    stage(`rest-${number}`, restMs - riseMs - atRateMs, [restRatePerSecond, restRatePerSecond]),
  ];
  const changed = [...headOf(stages, offsetMs), ...offered.filter(({ durationMs }) => durationMs > 0)];
  return changed.length <= stagesMax
    ? { stages: changed }
    : { problem: `a schedule has at most ${stagesMax} stages, and this change needs ${changed.length}` };
}

/** The schedule up to `offsetMs`: where a load ends that has nothing more to do. */
export function headOf(stages: readonly Stage[], offsetMs: number): Stage[] {
  let beginsMs = 0;
  return stages.flatMap((stage) => {
    const durationMs = Math.min(stage.durationMs, Math.max(0, offsetMs - beginsMs));
    beginsMs += stage.durationMs;
    if (durationMs === 0) return [];
    if (durationMs === stage.durationMs) return [stage];
    const ratePerSecondTo = rateWithin(stage, durationMs);
    return [{ ...stage, durationMs, usersTo: usersWithin(stage, durationMs), ratePerSecondTo }];
  });
}

/** Does the schedule offer this rate throughout [fromMs, toMs)? */
export function offersRate(
  stages: readonly Stage[],
  { ratePerSecond, fromMs, toMs }: { ratePerSecond: number; fromMs: number; toMs: number },
): boolean {
  let beginsMs = 0;
  let offeredMs = 0;
  for (const { durationMs, ratePerSecondFrom, ratePerSecondTo } of stages) {
    const sharedMs = Math.min(beginsMs + durationMs, toMs) - Math.max(beginsMs, fromMs);
    if (sharedMs > 0 && ratePerSecondFrom === ratePerSecond && ratePerSecondTo === ratePerSecond) offeredMs += sharedMs;
    beginsMs += durationMs;
  }
  return offeredMs >= toMs - fromMs;
}

/** The pool does not change in the open model; in a pause it is nobody's. */
const poolOf = (stages: readonly Stage[]): number => Math.max(...stages.map(({ usersTo }) => usersTo));
