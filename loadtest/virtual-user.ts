import type { LoadPlan } from '#model/load-plan.ts';
import type { Operation } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import { createRandom, hash32 } from '#model/random.ts';
import type { Answer, Ask, Behaviour, Task, VirtualUser } from './behaviours/behaviour.ts';
import type { Books, Conversation } from './conversation.ts';
import type { Deck } from './deck.ts';
import type { IterationOutcome } from './presence-ledger.ts';

/**
 *   run() ─▶ iterating ◀──▶ thinking          leave(): ends after the iteration, or at once when thinking
 *                └──────────────┴──▶ ended    stay(): takes leave() back
 *
 * In the open model nobody runs: whoever is free has one iteration after the other (`iterate`).
 */
export interface RunningUser {
  /** Resolves when the user has left. Rejects only on a defect of a behaviour. */
  run(): Promise<void>;
  /** One iteration of any task; `waitedUs` says, as its first operation is sent, how long after its intended start that is. */
  iterate(task: Task, waitedUs?: () => number): Promise<IterationOutcome>;
  leave(): void;
  /** As `leave`, and a task that waits for whatever it may is not waited for. */
  abandon(): void;
  stay(): void;
  readonly isLeaving: boolean;
}

export interface VirtualUserOptions {
  /** Number among all virtual users of the plan. */
  readonly slot: number;
  readonly plan: LoadPlan;
  readonly identity: Identity;
  readonly behaviour: Behaviour;
  readonly deck: Deck;
  readonly allTeamIds: readonly number[];
  /** Tools with greater ids were made by load and may be gone when they are asked for again. */
  readonly seededTools: number;
  /** Start of every mark that this user writes; no other user or incarnation has it. */
  readonly mark: string;
  readonly converse: Conversation;
  readonly ask: Ask;
  readonly taskFailed: Books['taskFailed'];
  readonly iterationEnded: (outcome: IterationOutcome) => void;
  /** Under fixed pacing: a user who was waiting for it began an iteration so late. */
  readonly iterationBegan: (lateMs: number) => void;
  readonly clock: () => number;
}

const seenMax = 100;

export function createVirtualUser(options: VirtualUserOptions): RunningUser {
  const { behaviour, deck, plan } = options;
  const iterationUser = createTaskUser(options);
  let leaving = false;
  let iteration = 0;
  let wake: (() => void) | undefined;

  const thinkMs = (): number => {
    const [min, max] = behaviour.thinkTimeMs ?? [plan.thinkTimeMsMin, plan.thinkTimeMsMax];
    return min + iterationUser.user.draw() * (max - min);
  };

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const hasLeft = (): boolean => leaving;
  const leave = (): void => {
    leaving = true;
    wake?.();
  };

  async function iterate(task: Task, waitedUs?: () => number): Promise<IterationOutcome> {
    iterationUser.begin(iteration, waitedUs);
    iteration += 1;
    await task.run(iterationUser.user);
    return iterationUser.outcome();
  }

  async function iterateNext(waitedUs?: () => number): Promise<void> {
    const task = behaviour.tasks[deck.deal()];
    if (task !== undefined) options.iterationEnded(await iterate(task, waitedUs));
  }

  /** Begins are on a grid that nothing moves: who is late, because an answer was, begins the next one at once (R3.3). */
  async function runPaced(pacingMs: number): Promise<void> {
    for (let intendedAt = options.clock(); !hasLeft(); intendedAt += pacingMs) {
      const aheadMs = intendedAt - options.clock();
      if (aheadMs > 0) {
        await wait(aheadMs);
        if (hasLeft()) return;
        options.iterationBegan(Math.max(0, options.clock() - intendedAt));
      }
      await iterateNext(() => Math.max(0, (options.clock() - intendedAt) * 1_000));
    }
  }

  return {
    get isLeaving() {
      return leaving;
    },
    leave,
    abandon() {
      leave();
      iterationUser.cutOff();
    },
    stay() {
      leaving = false;
    },
    async run() {
      if (plan.pacingMs !== undefined) return runPaced(plan.pacingMs);
      while (!hasLeft()) {
        await iterateNext();
        if (!hasLeft()) await wait(thinkMs());
      }
    },
    iterate,
  };
}

interface TaskUser {
  readonly user: VirtualUser;
  begin(iteration: number, waitedUs?: () => number): void;
  cutOff(): void;
  /** Of the iteration so far: the worst of its operations. */
  outcome(): IterationOutcome;
}

/** The view that tasks have: random numbers by (seed, slot, iteration), what was seen, what is its own. */
function createTaskUser(options: VirtualUserOptions): TaskUser {
  const { identity, plan, slot } = options;
  let random = createRandom(hash32(plan.seed, slot));
  let outcome: IterationOutcome = 'ok';
  let marks = 0;
  /** Until the first operation is sent: later ones are meant to be sent when they are. */
  let waited: (() => number) | undefined;
  const cutOff = new AbortController();
  const seenToolIds: number[] = [];

  function note(ended: 'ok' | 'failed' | 'indeterminate' | 'abandoned'): void {
    if (ended === 'abandoned') outcome = 'abandoned';
    else if (ended !== 'ok' && outcome === 'ok') outcome = 'failed';
  }

  function takeWaited(): typeof waited {
    const waitedUs = waited;
    waited = undefined;
    return waitedUs;
  }

  async function send(operation: Operation): Promise<Answer> {
    const answer = await options.converse(operation, takeWaited());
    note(answer.outcome);
    if (answer.outcome === 'ok' && showsOwnView(operation)) {
      const seeded = answer.toolIds.filter((toolId) => toolId <= options.seededTools);
      if (seeded.length > 0) seenToolIds.splice(0, seenToolIds.length, ...seeded.slice(0, seenMax));
    }
    return answer;
  }

  return {
    user: {
      ...{ identity, slot, cutOff: cutOff.signal },
      teamIds: [identity.privateTeamId, ...identity.teamIds],
      allTeamIds: options.allTeamIds,
      seenToolIds,
      liveToolIds: [],
      stormToolIds: [],
      liveToolsMax: plan.growth ? Infinity : plan.liveObjectsMax,
      draw: () => random(),
      nextMark() {
        marks += 1;
        return `${options.mark}-${marks}`;
      },
      send,
      async ask(request) {
        const asked = await options.ask(request, takeWaited());
        note(asked === 'abandoned' ? asked : asked.outcome);
        return asked;
      },
      taskEnded(task, cause, detail) {
        note(cause === 'abandoned' ? cause : 'failed');
        if (cause !== 'abandoned') options.taskFailed(task, cause, detail);
      },
    },
    cutOff() {
      cutOff.abort();
    },
    begin(iteration, waitedUs) {
      waited = waitedUs;
      random = createRandom(hash32(plan.seed, slot, iteration));
      outcome = 'ok';
    },
    outcome: () => outcome,
  };
}

/** Lists of what this very user may see; an administrator's lists show more. */
const showsOwnView = ({ kind }: Operation): boolean => kind === 'list-team-tools' || kind === 'search-tools';
