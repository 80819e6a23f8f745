import type { Plan } from './plan.ts';
import { isOpenStage, rateWithin, type Stage, stagesMax, totalLoadMs, usersWithin } from './load-plan.ts';

/** What a change came to: the new stages, or the sentence that says why there is none. */
export type Changed = { readonly stages: Stage[] } | { readonly problem: string };

/** A schedule under change: its stages, when the change takes effect, and how fast users may come and go. */
export interface ScheduleChange {
  readonly stages: readonly Stage[];
  /** A whole second of the schedule; see `changeOffsetMs`. */
  readonly offsetMs: number;
  readonly spawnRatePerSecond: number;
}

/** A pause that nobody ends, ends by itself: the engines have the whole schedule and need nobody to go on. */
export const pauseMsMax = 24 * 3_600_000;
/** With everything that was added; the samples and the ledger of a longer one are more than a run keeps. */
const loadMsMax = 30 * 24 * 3_600_000;
/** Between deciding a change and its effect: time for the orders to reach the engines, so that no second is half old, half new. */
const leadMs = 500;

/**
 * When a change that is decided at `now` takes effect: at the beginning of a second of the schedule, so that the seconds
 * of the ledger stay what they are, and 0.5 to 1.5 s from now.
 */
export const changeOffsetMs = (startsAt: number, now: number): number =>
  Math.max(0, Math.ceil((now + leadMs - startsAt) / 1_000) * 1_000);

/**
 * Cuts the present stage and puts a stage without load in, then the way back, which iterations that begin at a rate do not
 * need; the rest is as it was, only later.
 */
export function pauseLoad({ stages, offsetMs, spawnRatePerSecond }: ScheduleChange): Changed {
  if (offsetMs >= totalLoadMs({ stages: [...stages] })) return atItsEnd;
  if (isPausedAt(stages, offsetMs)) return { problem: 'the load is paused already' };
  const { before, after } = cut(stages, offsetMs);
  const isOpen = after.some(isOpenStage);
  const users = after[0]?.usersFrom ?? 0;
  const pause: Stage = {
    ...{ name: 'paused', durationMs: pauseMsMax, usersFrom: 0, usersTo: 0, inserted: 'pause' },
    ...(isOpen && heldRate(0)),
  };
  const back: Stage[] =
    isOpen || users === 0
      ? []
      : [
          {
            name: 'return',
            durationMs: rampMs(users, spawnRatePerSecond),
            usersFrom: 0,
            usersTo: users,
            inserted: 'return',
          },
        ];
  return bounded([...before, pause, ...back, ...after]);
}

/** Ends the pause that holds at the change; what follows comes sooner by what was left of it. */
export function resumeLoad({ stages, offsetMs }: ScheduleChange): Changed {
  const found = stageAt(stages, offsetMs);
  if (found?.stage.inserted !== 'pause') return { problem: 'the load is not paused' };
  const durationMs = Math.max(1_000, offsetMs - found.beginsMs);
  return { stages: stages.map((stage, index) => (index === found.index ? { ...stage, durationMs } : stage)) };
}

/** From the present number of users to `users`, and so to the end, which stays. While paused: from the end of the pause on. */
export function scaleLoad(change: ScheduleChange, users: number): Changed {
  const { stages, spawnRatePerSecond } = change;
  const found = stageAt(stages, change.offsetMs);
  if (found === undefined) return atItsEnd;
  const isPaused = found.stage.inserted === 'pause';
  const offsetMs = isPaused ? found.beginsMs + found.stage.durationMs : change.offsetMs;
  const { before, after } = cut(stages, offsetMs);
  const from = isPaused ? 0 : (after[0]?.usersFrom ?? 0);
  const restMs = totalLoadMs({ stages: after });
  if (restMs === 0) return atItsEnd;
  const wantedMs = from === users ? 0 : rampMs(Math.abs(users - from), spawnRatePerSecond);
  const reached = wantedMs <= restMs ? users : from + ((users - from) * restMs) / wantedMs;
  const ramp: Stage = { name: 'scale', durationMs: Math.min(wantedMs, restMs), usersFrom: from, usersTo: reached };
  const hold: Stage = { name: 'scaled', durationMs: restMs - ramp.durationMs, usersFrom: users, usersTo: users };
  return bounded([...before, ...[ramp, hold].filter(({ durationMs }) => durationMs > 0)]);
}

/**
 * Open model: from the change on to the end iterations begin at `ratePerSecond`, at once, and `pool` users at the least
 * take them. While paused: from the end of the pause on.
 */
export function scaleRate(change: ScheduleChange, ratePerSecond: number, pool: number): Changed {
  const found = stageAt(change.stages, change.offsetMs);
  if (found === undefined) return atItsEnd;
  const isPaused = found.stage.inserted === 'pause';
  const offsetMs = isPaused ? found.beginsMs + found.stage.durationMs : change.offsetMs;
  const { before, after } = cut(change.stages, offsetMs);
  const durationMs = totalLoadMs({ stages: after });
  if (durationMs === 0) return atItsEnd;
  const users = Math.max(pool, ...after.map(({ usersTo }) => usersTo));
  return bounded([
    ...before,
    { name: 'scaled', durationMs, usersFrom: users, usersTo: users, ...heldRate(ratePerSecond) },
  ]);
}

/** The end comes later by `byMs`, in whole seconds, with as many users, or at the rate, as at the end so far. */
export function extendLoad({ stages, offsetMs }: ScheduleChange, byMs: number): Changed {
  const last = stages.at(-1);
  const totalMs = totalLoadMs({ stages: [...stages] });
  if (last === undefined || offsetMs >= totalMs) return atItsEnd;
  const durationMs = Math.ceil(byMs / 1_000) * 1_000;
  if (totalMs + durationMs > loadMsMax) return { problem: `a load lasts ${loadMsMax / 86_400_000} days at most` };
  if (isHeld(last) && last.inserted === undefined) {
    return { stages: [...stages.slice(0, -1), { ...last, durationMs: last.durationMs + durationMs }] };
  }
  const rate = isOpenStage(last) ? heldRate(last.ratePerSecondTo ?? 0) : {};
  const extension = { name: 'extended', durationMs, usersFrom: last.usersTo, usersTo: last.usersTo, ...rate };
  return bounded([...stages, extension]);
}

/** Nothing is planned behind `offsetMs`. */
export const endLoad = ({ stages, offsetMs }: Omit<ScheduleChange, 'spawnRatePerSecond'>): Changed => {
  const { before } = cut(stages, offsetMs);
  return offsetMs >= totalLoadMs({ stages: [...stages] }) || before.length === 0 ? atItsEnd : bounded(before);
};

const isHeld = (stage: Stage): boolean =>
  stage.usersFrom === stage.usersTo && stage.ratePerSecondFrom === stage.ratePerSecondTo;

const heldRate = (perSecond: number) => ({ ratePerSecondFrom: perSecond, ratePerSecondTo: perSecond });

export const isPausedAt = (stages: readonly Stage[], offsetMs: number): boolean =>
  stageAt(stages, offsetMs)?.stage.inserted === 'pause';

/** The stage that holds at `offsetMs`, and when it begins; undefined outside of the schedule. */
export function stageAt(
  stages: readonly Stage[],
  offsetMs: number,
): { stage: Stage; index: number; beginsMs: number } | undefined {
  let beginsMs = 0;
  for (const [index, stage] of stages.entries()) {
    if (offsetMs >= beginsMs && offsetMs < beginsMs + stage.durationMs) return { stage, index, beginsMs };
    beginsMs += stage.durationMs;
  }
  return undefined;
}

/** The pauses of a schedule in wall-clock time: neither planned nor judged. */
export function pausesOf(stages: readonly Stage[], startsAt: number): { from: number; to: number }[] {
  let from = startsAt;
  return stages.flatMap(({ durationMs, inserted }) => {
    const to = from + durationMs;
    const window = { from, to };
    from = to;
    return inserted === 'pause' ? [window] : [];
  });
}

/** When something that was planned for `plannedMs` falls due now: what was inserted before it moves it. */
export function movedOffsetMs(stages: readonly Stage[], plannedMs: number): number {
  let offsetMs = 0;
  let leftMs = plannedMs;
  for (const { durationMs, inserted } of stages) {
    if (inserted === undefined && leftMs < durationMs) return offsetMs + leftMs;
    offsetMs += durationMs;
    if (inserted === undefined) leftMs -= durationMs;
  }
  return offsetMs + leftMs;
}

/** The plan as operators left it: with their stages, and its faults when they fall due in them. */
export const planAsSteered = (plan: Plan, stages: readonly Stage[] | undefined): Plan =>
  stages === undefined
    ? plan
    : {
        ...plan,
        load: { ...plan.load, stages: [...stages] },
        faults: plan.faults.map((fault) => ({ ...fault, offsetMs: movedOffsetMs(stages, fault.offsetMs) })),
      };

const atItsEnd: Changed = { problem: 'the load is at its end' };

const rampMs = (users: number, spawnRatePerSecond: number): number => Math.ceil(users / spawnRatePerSecond) * 1_000;

function cut(stages: readonly Stage[], offsetMs: number): { before: Stage[]; after: Stage[] } {
  const before: Stage[] = [];
  const after: Stage[] = [];
  let beginsMs = 0;
  for (const stage of stages) {
    const headMs = Math.min(stage.durationMs, Math.max(0, offsetMs - beginsMs));
    const users = usersWithin(stage, headMs);
    const rate = isOpenStage(stage) ? rateWithin(stage, headMs) : undefined;
    const reached = { usersTo: users, ...(rate !== undefined && { ratePerSecondTo: rate }) };
    const begun = { usersFrom: users, ...(rate !== undefined && { ratePerSecondFrom: rate }) };
    if (headMs > 0) before.push({ ...stage, durationMs: headMs, ...reached });
    if (headMs < stage.durationMs) after.push({ ...stage, durationMs: stage.durationMs - headMs, ...begun });
    beginsMs += stage.durationMs;
  }
  return { before, after };
}

const bounded = (stages: Stage[]): Changed =>
  stages.length <= stagesMax
    ? { stages }
    : { problem: `a schedule has at most ${stagesMax} stages, and this change needs ${stages.length}` };
