import type { JudgeRequest, ShardSchedule } from '#model/activities.ts';
import { type Stage, totalLoadMs } from '#model/load-plan.ts';
import type { CarriedRun } from '#model/run-state.ts';
import { changeOffsetMs, isPausedAt, movedOffsetMs, resumeLoad, stageAt } from '#model/schedule.ts';
import type { RunView } from './run-view.ts';

/** A run's carried state and its view: all that its schedule is made of. */
export interface Scheduled {
  readonly state: CarriedRun;
  readonly view: RunView;
}

/** Fixes when the load begins. Placing that is tried again begins anew: engines that were placed before follow. */
export function beginSchedule(run: Scheduled, startsAt: number): void {
  const { state } = run;
  if (state.startsAt !== 0) state.revision += 1;
  state.startsAt = startsAt;
  state.endsAt = startsAt + totalLoadMs(state);
  showSchedule(run);
}

/** The load follows other stages from now on; whoever steers the engines sees the higher revision. */
export function changeSchedule(run: Scheduled, stages: Stage[], now: number): void {
  const { state } = run;
  state.stages = stages;
  state.revision += 1;
  state.endsAt = state.startsAt + totalLoadMs(state);
  showSchedule(run, now);
}

/** Nothing is due any more: what the load was still to do is not owed. */
export function endSchedule({ state }: Scheduled): void {
  if (state.endsAt === 0) return;
  state.endsAt = Math.max(state.startsAt, Math.min(state.endsAt, Date.now()));
}

export function showSchedule({ state, view }: Scheduled, now = Date.now()): void {
  if (state.startsAt === 0) return;
  const held = stageAt(state.stages, changeOffsetMs(state.startsAt, now));
  view.update({
    loadStartsAt: state.startsAt,
    loadEndsAt: shownEnd(state, now),
    paused: held?.stage.inserted === 'pause',
    users: Math.round(held?.stage.usersTo ?? 0),
    ...(held?.stage.ratePerSecondTo !== undefined && { rate: held.stage.ratePerSecondTo }),
  });
}

/** A pause is of open length: the end is shown as if it were over at once. */
function shownEnd(state: CarriedRun, now: number): number {
  const held = stageAt(state.stages, changeOffsetMs(state.startsAt, now));
  return state.endsAt - (held?.stage.inserted === 'pause' ? held.stage.durationMs : 0);
}

/** Which window comes next, as it is shown: windows are as long as planned, but for those that an end cuts off. */
export function windowAt({ state }: Scheduled, from: number): { index: number; of: number } {
  const index = Math.floor((from - state.startsAt) / state.plan.windowMs);
  const of = Math.ceil((shownEnd(state, from) - state.startsAt) / state.plan.windowMs);
  return { index, of: Math.max(of, index + 1) };
}

/** What an engine is to drive; the stages travel only when they are not the plan's. */
export function shardSchedule({ state }: Scheduled, shard: number): ShardSchedule {
  const { startsAt, endsAt, revision, stages } = state;
  const placing = state.spread?.placings[shard];
  return {
    ...{ shard, startsAt, endsAt },
    ...(revision === 0 ? {} : { revision, stages }),
    ...(placing === undefined ? {} : { placing }),
  };
}

/** When something that the plan has at `offsetMs` of its load falls due, as things stand. */
export const dueAt = ({ state }: Scheduled, offsetMs: number): number =>
  state.startsAt + movedOffsetMs(state.stages, offsetMs);

/** What operators made of the schedule, for the judge. A pause in which the load ended is no longer than that. */
export function judgedSchedule({ state }: Scheduled): Pick<JudgeRequest, 'stages'> {
  if (state.revision === 0) return {};
  const offsetMs = Math.ceil((state.endsAt - state.startsAt) / 1_000) * 1_000;
  if (!isPausedAt(state.stages, offsetMs)) return { stages: state.stages };
  const { spawnRatePerSecond } = state.plan;
  const closed = resumeLoad({ stages: state.stages, offsetMs, spawnRatePerSecond });
  return { stages: 'stages' in closed ? closed.stages : state.stages };
}
