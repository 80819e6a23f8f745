import { type CancellationScope, isCancellation, log } from '@temporalio/workflow';
import { type Checkpoint, checkpointCharactersMax, countCheckpoints } from '#model/checkpoint.ts';
import { changeOffsetMs, endLoad } from '#model/schedule.ts';
import { checkpoint } from './activity-proxies.ts';
import { judgeRequest } from './clean-up.ts';
import { changeSchedule } from './load-schedule.ts';
import { describeFailure, type Run } from './run.ts';

/** Where in the load a checkpoint may begin, and what is pending beside the window that is about to be held. */
export interface Pending {
  readonly windows: number;
  /** Ends what is pending when the run ends early. */
  readonly scope: CancellationScope;
  /** What keeps the run from continuing as new, by name. */
  readonly pending: Map<string, Promise<void>>;
}

const name = 'checkpoint';

/**
 * Begins the checkpoint that is due before the next window, beside it: no window waits for one, and one that is still
 * pending when the next is due stands for both. Begun at the start of a window and not at its end, because a seam between
 * executions comes at the end of one: a checkpoint that takes less than a window never holds a seam up.
 */
export function beginCheckpoint(run: Run, { windows, scope, pending }: Pending): void {
  const { nextWindow, plan } = run.state;
  const every = plan.windowsPerCheckpoint;
  if (every === undefined || nextWindow === 0 || nextWindow % every !== 0) return;
  const number = nextWindow / every;
  if ((run.state.checkpoint?.number ?? 0) >= number || pending.has(name)) return;
  const taken = scope.run(() => take(run, number, countCheckpoints(windows, every)));
  pending.set(
    name,
    taken.finally(() => pending.delete(name)),
  );
}

/** Whatever comes of it is shown; a checkpoint that fails is told as one that says nothing, and the run goes on. */
async function take(run: Run, number: number, of: number): Promise<void> {
  const show = (made: Checkpoint): void => {
    run.state.checkpoint = { ...made, of };
    run.view.update({ checkpoint: run.state.checkpoint });
    if (made.certain !== undefined) endEarly(run, made.number, made.certain);
  };
  try {
    show(await checkpoint({ ...judgeRequest(run), number }));
  } catch (error) {
    if (isCancellation(error)) return;
    const reason = describeFailure(error);
    log.warn('a checkpoint was not taken', { number, reason });
    show({
      number,
      upTo: Date.now(),
      outcome: 'inconclusive',
      headline: `not taken: ${reason}`.slice(0, checkpointCharactersMax),
      reasons: [],
    });
  }
}

/** Nothing that the load could still show would change the verdict. It ends as if it had been planned so, and all is verified. */
function endEarly(run: Run, number: number, why: string): void {
  const { state } = run;
  if (state.endedEarly !== undefined) return;
  const now = Date.now();
  const ended = endLoad({ stages: state.stages, offsetMs: changeOffsetMs(state.startsAt, now) });
  if ('problem' in ended) return; // it ends by itself before it could be ended
  state.endedEarly = { at: now, why: `checkpoint ${number} was certain: ${why}` };
  changeSchedule(run, ended.stages, now);
}
