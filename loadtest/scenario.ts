import type { Operation } from '#model/operation.ts';

/**
 * A load of your own (R3.6): a TypeScript file whose default export is one of these. docs/scenarios.md has a page about it
 * and an example that runs. Everything in here is a type, so importing it costs nothing and installs nothing.
 */
export interface Scenario {
  /** Classes of users, at most 20; the virtual users of the run are shared out among them by weight. */
  readonly classes: readonly ScenarioClass[];
  /**
   * Names of your requests, and kinds of the target's operations, that the run shall promise to have asked and checked at
   * least 20 times each. None unless said otherwise.
   */
  readonly operations?: readonly string[];
  /**
   * Which requests tasks may word themselves with `user.request`: `any` unless said otherwise, `reads` (GET and HEAD), or
   * `none`. Where tasks cannot write past `user.send`, every write is kept and read back, and the run promises that none
   * was lost.
   */
  readonly requests?: 'any' | 'reads' | 'none';
  /** A task that has not ended by then is cut off and counted as `task-timeout`; 60,000 unless said otherwise. */
  readonly iterationMsMax?: number;
}

export interface ScenarioClass {
  /** Letters, digits and dashes. */
  readonly name: string;
  /** Share of the virtual users, beside the other classes; a whole number, and 0 takes the class out. */
  readonly weight: number;
  /** Shortest and longest pause after an iteration, where users think; the wave's own unless said otherwise. */
  readonly thinkTimeMs?: readonly [number, number];
  /** By name, at most 100. Each iteration is one task, dealt from a shuffled deck that holds every task by its weight. */
  readonly tasks: Readonly<Record<string, ScenarioTask>>;
}

export interface ScenarioTask {
  /** Share of the class's iterations; a whole number, and 0 takes the task out. */
  readonly weight: number;
  /** One iteration. What it throws is a failed iteration, counted as `task-error`. */
  readonly run: (user: ScenarioUser) => unknown;
}

/** One virtual user during one iteration. Its requests go over one connection, one after the other. */
export interface ScenarioUser {
  /** The seeded user that it is. */
  readonly identity: { readonly userId: number; readonly privateTeamId: number; readonly teamIds: readonly number[] };
  /** All teams that it works in, its private one first. */
  readonly teamIds: readonly number[];
  /** Its number among all virtual users of the run, from 0. */
  readonly slot: number;
  /** Tools that it created with `send` and that are there, oldest first. */
  readonly ownToolIds: readonly number[];
  /** Yours: kept from iteration to iteration of this user, and seen by no other. */
  readonly state: Record<string, unknown>;
  /** The next number in [0, 1) of this iteration's stream: the same in every run with the same seed. */
  draw(): number;
  /** A request in your own words, authenticated as the user. Never rejects for what the target does. */
  request(request: ScenarioRequest): Promise<ScenarioAnswer>;
  /** An operation of the target, with its own checks; what it writes is kept and read back. */
  send(operation: ScenarioOperation): Promise<SentAnswer>;
}

export interface ScenarioRequest {
  /** What it is called in the report: at most 80 characters, and at most 150 names in a run. Leave ids out of it. */
  readonly name: string;
  /** GET unless said otherwise. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** Begins with `/`: load goes to the stack of the run and nowhere else. */
  readonly path: string;
  /** Beside those that authenticate the user; the same name replaces one of them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes as JSON, with its content type. */
  readonly body?: string | object;
  /**
   * Is the answer right? True, or a sentence that says what is wrong with it. Without a check, a status of 400 and more is
   * a failure; with one, the check alone decides.
   */
  readonly check?: (answer: ScenarioAnswer) => boolean | string;
}

export interface ScenarioAnswer {
  readonly outcome: 'ok' | 'failed';
  /** 0 when there was no answer: a lost connection, or none within the run's time-out. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Throws when the body is not JSON. */
  readonly json: () => unknown;
}

type Reading = Exclude<Operation, { kind: 'create-tool' | 'update-tool' | 'share-tool' | 'delete-tool' }>;

/**
 * What the target can be asked in its own terms. Writes go to the user's own tools only, and their texts are the engine's:
 * the durability oracle has to know them. A user that has as many tools as the plan allows deletes its oldest before it
 * creates another.
 */
export type ScenarioOperation =
  | Reading
  | { readonly kind: 'create-tool' }
  | { readonly kind: 'update-tool'; readonly toolId: number }
  | { readonly kind: 'share-tool'; readonly toolId: number; readonly teamId: number }
  | { readonly kind: 'delete-tool'; readonly toolId: number };

export interface SentAnswer {
  readonly outcome: 'ok' | 'failed';
  /** Ids of the tools in the answer, or of the one created. */
  readonly toolIds: readonly number[];
}
