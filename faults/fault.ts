import type { HealRecipe } from '#model/fault-plan.ts';

/** What a fault may do to the processes of the stack; roles are those of the process table. */
export interface Processes {
  /** SIGKILL, at once. Nothing happens when the process is already gone. */
  kill(role: string): Promise<void>;
  /** SIGSTOP: it lives, holds its connections, and answers nobody. Nothing happens when the process is gone. */
  freeze(role: string): Promise<void>;
  /** SIGCONT. Nothing happens when the process runs or is gone. */
  thaw(role: string): Promise<void>;
  /** It lives; one that was stopped by a signal does. */
  isAlive(role: string): Promise<boolean>;
  /** It lives and was stopped by a signal. */
  isStopped(role: string): Promise<boolean>;
  /** Which start of the role this is, or was when it is dead. */
  incarnationOf(role: string): Promise<number>;
  /** Starts the role again from its recorded spec, or adopts it when it lives: safe to call at any time. */
  start(role: string): Promise<void>;
  /** The readiness predicate of the role's spec holds now; false, not an error, when nothing answers. */
  isReady(role: string): Promise<boolean>;
}

/**
 * One harm and its undoing (design §4). Every step may be called again after its caller died in the middle of it.
 * The two waits only observe; they say whether what they wait for came about.
 */
export interface Fault {
  /** How to undo the harm with nobody alive. */
  readonly recipe: HealRecipe;
  /** Roles that are down on purpose while the harm holds. */
  readonly holdsDown: readonly string[];
  /** What is recorded when the harm was seen, and when its undoing begins. */
  readonly words: { readonly bit: string; readonly recovering: string };
  /** Sees to it that the harm can prove something; throws when it cannot. */
  setUp(): Promise<void>;
  inject(): Promise<void>;
  awaitEffect(signal: AbortSignal): Promise<boolean>;
  recover(): Promise<void>;
  awaitRecovery(): Promise<boolean>;
  cleanUp(): Promise<void>;
}
