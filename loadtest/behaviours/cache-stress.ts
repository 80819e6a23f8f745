import type { BehaviourClass, VirtualUser } from './behaviour.ts';
import { createToolInto, deleteOwnTool, updateOwnTool } from './own-tools.ts';

const stormTools = 50;

/** Invalidation storms: what one leaves is deleted by its next round (R1.7, R3.1). */
export const cacheStress: BehaviourClass = {
  name: 'cache-stress',
  tasks: { 'invalidation-storm': { weight: 1, run: storm } },
};

/**
 * One iteration: delete what the last round left, create 50, update all, delete half. It ends at the first answer that
 * is not good, so that a target in trouble is not hammered; what is there by then is the next round's to delete.
 */
async function storm(user: VirtualUser): Promise<void> {
  const own = user.stormToolIds;
  if (user.liveToolsMax === Infinity) own.length = 0;
  while (own.length > 0) if (!(await deleteOwnTool(user, own, 0))) return;
  while (own.length < stormTools) if ((await createToolInto(user, own)) === undefined) return;
  for (let index = 0; index < stormTools; index += 1) if (!(await updateOwnTool(user, own, index))) return;
  while (own.length > stormTools / 2) if (!(await deleteOwnTool(user, own, 0))) return;
}
