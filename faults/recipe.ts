import type { HealRecipe } from '#model/fault-plan.ts';
import type { Processes } from './fault.ts';

/**
 * Undoes a harm, whichever it was: a process that lives is continued, one that is dead is started, because a paused process may
 * have been killed and a killed one stopped again. May be done at any time, twice, and by two at once.
 */
export async function carryOut({ role }: HealRecipe, processes: Processes): Promise<void> {
  if (await processes.isAlive(role)) await processes.thaw(role);
  else await processes.start(role);
}
