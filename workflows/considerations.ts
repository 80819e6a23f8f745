import { isOpenStage, plannedRate } from '#model/load-plan.ts';
import type { OperatorAction, OperatorRequest } from '#model/operator.ts';
import {
  type Changed,
  changeOffsetMs,
  extendLoad,
  isPausedAt,
  pauseLoad,
  pauseMsMax,
  resumeLoad,
  type ScheduleChange,
  scaleLoad,
  scaleRate,
} from '#model/schedule.ts';
import { poolFor, rateMaxOf } from '#model/user-pool.ts';
import { planAskedFault } from './asked-fault.ts';
import { changeSchedule, type Scheduled } from './load-schedule.ts';

export type Resolution = 'retry' | 'skip' | 'abort';

/** What the main loop is told besides the schedule. */
export interface Control {
  abortReason?: string;
  resolution?: Resolution;
}

/** What comes of a request: why it makes no sense now, or what it does, said before it is done. */
export type Considered =
  { readonly problem: string } | { readonly what: string; readonly answer: string; readonly act: () => void };

type Controlled = Scheduled & { readonly control: Control };

/** Synchronous and without effect until `act`: validators ask the same question as handlers do. */
export const considerations: {
  readonly [A in OperatorAction]: (run: Controlled, request: OperatorRequest<A>, now: number) => Considered;
} = {
  pause: (run, _request, now) =>
    changed(run, now, {
      change: pauseLoad,
      what: 'pause the load',
      answer: `the load is paused; after ${pauseMsMax / 3_600_000} h it goes on by itself`,
    }),
  resume: (run, _request, now) =>
    changed(run, now, { change: resumeLoad, what: 'resume the load', answer: 'the load goes on' }),
  scaleLoad(run, { users, rate }, now) {
    if (run.state.plan.capacity !== undefined) {
      return { problem: 'the load is a capacity search, which sets its rate itself; pause and extend are possible' };
    }
    const isOpen = run.state.stages.some(isOpenStage);
    if (rate !== undefined) return isOpen ? scaledRate(run, rate, now) : { problem: usersScaled };
    return isOpen ? { problem: rateScaled } : scaledUsers(run, users ?? 0, now);
  },
  extend: (run, { by }, now) =>
    changed(run, now, {
      change: (change) => extendLoad(change, by),
      what: `extend the load by ${by / 1_000} s`,
      answer: `the load ends ${by / 1_000} s later`,
    }),
  injectFault(run, request, now) {
    const problem = whyNotRunning(run, now);
    if (problem !== undefined) return { problem };
    const { state } = run;
    if (isPausedAt(state.stages, changeOffsetMs(state.startsAt, now))) {
      return { problem: 'the load is paused: nobody would feel the fault; resume it first' };
    }
    const planned = planAskedFault(state, request, now);
    if ('problem' in planned) return planned;
    const { fault, kind, victim, holdMs } = planned.plan;
    return {
      what: `inject ${kind} on ${victim} for ${holdMs / 1_000} s`,
      answer: `${fault} is injected now and undone after ${holdMs / 1_000} s`,
      act: () => void state.askedFaults.push(planned.plan),
    };
  },
  abort(run, { why }) {
    const problem = whyEnding(run);
    if (problem !== undefined) return { problem };
    return {
      what: 'abort the run',
      answer: 'the run is ending: load stops, faults heal, then it is judged',
      act: () => void (run.control.abortReason = why),
    };
  },
  resolveStep(run, { choice }) {
    const { blocked } = run.view.progress;
    if (blocked === undefined) return { problem: 'no step is blocked' };
    if (run.control.resolution !== undefined) return { problem: `somebody chose ${run.control.resolution} already` };
    return {
      what: `${choice} the blocked step (${blocked.slice(0, 200)})`,
      answer: `the blocked step: ${choice}`,
      act: () => void (run.control.resolution = choice),
    };
  },
};

const usersScaled = 'this load is closed: its users iterate as they are answered, and what can be changed is users';
const rateScaled = 'this load is open: iterations begin at a rate, and what can be changed is rate';

function scaledUsers(run: Controlled, users: number, now: number): Considered {
  const { usersMax, virtualUsers } = run.state.plan;
  if (users > usersMax) {
    return {
      problem: `${users} virtual users are more than this plan has slots and identities for: ${usersMax}, where ${virtualUsers} are planned`,
    };
  }
  const what = `scale the load to ${users} virtual users`;
  return changed(run, now, {
    ...{ change: (change) => scaleLoad(change, users), what },
    answer: `the load goes to ${users} virtual users, and stays there to its end`,
  });
}

/** The pool grows with the rate, as far as this plan has users. */
function scaledRate(run: Controlled, rate: number, now: number): Considered {
  const { usersMax } = run.state.plan;
  if (rate > rateMaxOf(usersMax)) {
    return {
      problem: `${rate} iterations a second are more than the ${usersMax} virtual users of this plan could ever take: at most ${rateMaxOf(usersMax)}, were each over in a millisecond`,
    };
  }
  const what = `scale the load to ${rate} iterations a second`;
  const { stages, startsAt } = run.state;
  const present = Math.round(plannedRate({ stages }, now - startsAt) * 10) / 10;
  const instead = present === 0 ? '' : ` in place of ${present}`;
  return changed(run, now, {
    ...{ change: (change) => scaleRate(change, rate, Math.min(poolFor(rate), usersMax)), what },
    answer: `iterations begin at ${rate} a second${instead}, and so to the end of the load`,
  });
}

const endPhases: readonly string[] = ['heal', 'collect', 'judge', 'report', 'release', 'done'];

const whyEnding = ({ control, view }: Controlled): string | undefined =>
  control.abortReason !== undefined || endPhases.includes(view.progress.phase) ? 'the run is ending' : undefined;

function whyNotRunning(run: Controlled, now: number): string | undefined {
  const { phase, blocked } = run.view.progress;
  const ending = whyEnding(run);
  if (ending !== undefined) return ending;
  if (phase !== 'load') return `the load is not running: the run is in phase ${phase}`;
  if (blocked !== undefined) return 'a step is blocked: say with resolveStep what shall become of it';
  return now < run.state.startsAt ? 'the load has not begun yet' : undefined;
}

const whyNotSteered = ({ state }: Controlled): string | undefined =>
  state.plan.driver === 'k6'
    ? 'k6 drives this load by its own clock: it cannot be paused, scaled or extended; abort ends the run'
    : undefined;

function changed(
  run: Controlled,
  now: number,
  { change, what, answer }: { change: (change: ScheduleChange) => Changed; what: string; answer: string },
): Considered {
  const problem = whyNotRunning(run, now) ?? whyNotSteered(run);
  if (problem !== undefined) return { problem };
  const { stages, startsAt, plan } = run.state;
  const made = change({
    ...{ stages, offsetMs: changeOffsetMs(startsAt, now) },
    spawnRatePerSecond: plan.spawnRatePerSecond,
  });
  if ('problem' in made) return made;
  return {
    what,
    answer,
    act: () => {
      changeSchedule(run, made.stages, now);
    },
  };
}
