import type { Operation } from '#model/operation.ts';
import type { Identity } from '#model/population-plan.ts';
import type { ScenarioAnswer, ScenarioRequest } from '../scenario.ts';

/** What one class of user does: weighted tasks, one plain async function each (R3.1). */
export interface BehaviourClass {
  readonly name: string;
  readonly tasks: Readonly<Record<string, Task>>;
}

export interface Behaviour extends BehaviourClass {
  /** Share of the virtual users, beside the other behaviours of a mix. */
  readonly weight: number;
  /** Shortest and longest pause after an iteration, where users think; absent: the plan's. */
  readonly thinkTimeMs?: readonly [number, number];
}

export interface Task {
  readonly weight: number;
  /** One iteration; whatever requests it makes, it counts once. */
  readonly run: (user: VirtualUser) => Promise<void>;
}

/**
 * How an operation ended. `indeterminate`: a write may or may not have happened, so nobody writes that object again.
 * `abandoned`: the stop cut it off, and every later operation of the iteration is abandoned unsent.
 */
type AnswerOutcome = 'ok' | 'failed' | 'indeterminate' | 'abandoned';

export interface Answer {
  readonly outcome: AnswerOutcome;
  /** The ids of the tools in the answer, or of the one created. */
  readonly toolIds: readonly number[];
}

/** Sends what a scenario words itself and answers with how it ended; `abandoned`: the stop cut it off. Rejects only for a request that is none. */
export type Ask = (request: ScenarioRequest, waitedUs?: () => number) => Promise<ScenarioAnswer | 'abandoned'>;

/** One live instance of a behaviour, as its tasks see it. */
export interface VirtualUser {
  /** Number among all virtual users of the plan. */
  readonly slot: number;
  readonly identity: Identity;
  /** The teams it works in: its private one, then the shared ones; never empty. */
  readonly teamIds: readonly number[];
  /** Every team that the engine knows of: administrators go anywhere. */
  readonly allTeamIds: readonly number[];
  /** Seeded tools in its last listings; at most 100. */
  readonly seenToolIds: readonly number[];
  /** Its own live tools, oldest first; `behaviours/own-tools.ts` keeps them within `liveToolsMax`. */
  readonly liveToolIds: number[];
  /** What its last storm left, apart from the above. */
  readonly stormToolIds: number[];
  /** R1.7; infinite when growth is wanted. */
  readonly liveToolsMax: number;
  /** The next number in [0, 1) of this iteration's stream: a function of seed, slot and iteration alone. */
  readonly draw: () => number;
  /** A text that no other write of the run carries, so that a lost update can be told from a kept one. */
  nextMark(): string;
  send(operation: Operation): Promise<Answer>;
  /** A request that a scenario words itself. */
  readonly ask: (request: ScenarioRequest) => ReturnType<Ask>;
  /** Aborted when the stop cuts the user off. */
  readonly cutOff: AbortSignal;
  /** The iteration did not come to its end: a task of a scenario broke, ran out of time, or was cut off. */
  taskEnded(task: string, cause: 'task-error' | 'task-timeout' | 'abandoned', detail: string): void;
}
