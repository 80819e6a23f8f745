import type { FaultPlan } from '#model/fault-plan.ts';
import { type Clock, holdsWithin } from './clock.ts';
import type { Fault, Processes } from './fault.ts';
import { carryOut } from './recipe.ts';

const readyBeforeMs = 10_000;
/** A probe of a process that does not answer takes its whole timeout. */
const effectWithinMs = 10_000;
const recoveryWithinMs = 30_000;

/**
 * SIGSTOP of one gateway instance: alive, its connections open, and nobody is answered. Starting it again would undo nothing,
 * because it runs; it is continued, or started if it was killed meanwhile.
 */
export function createPauseGateway({ victim }: FaultPlan, processes: Processes, clock: Clock): Fault {
  const recipe = { kind: 'continue-process', role: victim } as const;
  const isDown = async (): Promise<boolean> =>
    !(await processes.isAlive(victim)) || (await processes.isStopped(victim));
  const isUp = async (): Promise<boolean> => !(await isDown()) && (await processes.isReady(victim));
  const isSilent = async (): Promise<boolean> => (await isDown()) && !(await processes.isReady(victim));

  return {
    recipe,
    holdsDown: [victim],
    words: { bit: `${victim} is stopped and does not answer`, recovering: `${victim} is continued` },
    async setUp() {
      if (!(await holdsWithin(clock, isUp, { withinMs: readyBeforeMs }))) {
        throw new Error(`${victim} was not ready within ${readyBeforeMs} ms, so stopping it would prove nothing`);
      }
    },
    inject: () => processes.freeze(victim),
    awaitEffect: (signal) => holdsWithin(clock, isSilent, { withinMs: effectWithinMs, signal }),
    recover: () => carryOut(recipe, processes),
    awaitRecovery: () => holdsWithin(clock, isUp, { withinMs: recoveryWithinMs }),
    // A process that goes on has everything that it had.
    cleanUp: () => Promise.resolve(),
  };
}
