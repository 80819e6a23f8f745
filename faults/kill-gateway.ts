import type { FaultPlan } from '#model/fault-plan.ts';
import { type Clock, holdsWithin } from './clock.ts';
import type { Fault, Processes } from './fault.ts';
import { carryOut } from './recipe.ts';

const readyBeforeMs = 10_000;
const effectWithinMs = 5_000;
const recoveryWithinMs = 30_000;

/** SIGKILL of one gateway instance: it bites when the process is gone and nothing answers in its place. */
export function createKillGateway({ victim }: FaultPlan, processes: Processes, clock: Clock): Fault {
  const isUp = async (): Promise<boolean> => (await processes.isAlive(victim)) && (await processes.isReady(victim));
  const isDown = async (): Promise<boolean> => !(await processes.isAlive(victim)) && !(await processes.isReady(victim));

  const recipe = { kind: 'start-process', role: victim } as const;

  return {
    recipe,
    holdsDown: [victim],
    words: { bit: `${victim} is gone and does not answer`, recovering: `${victim} is started again` },
    async setUp() {
      // Killing what is already down would prove nothing.
      if (!(await holdsWithin(clock, isUp, { withinMs: readyBeforeMs }))) {
        throw new Error(`${victim} was not ready within ${readyBeforeMs} ms, so killing it would prove nothing`);
      }
    },
    inject: () => processes.kill(victim),
    awaitEffect: (signal) => holdsWithin(clock, isDown, { withinMs: effectWithinMs, signal }),
    recover: () => carryOut(recipe, processes),
    awaitRecovery: () => holdsWithin(clock, isUp, { withinMs: recoveryWithinMs }),
    // A killed process leaves nothing behind that its successor does not take over.
    cleanUp: () => Promise.resolve(),
  };
}
