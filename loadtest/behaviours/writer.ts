import type { BehaviourClass, VirtualUser } from './behaviour.ts';
import { shareNewest } from './enterprise-user.ts';
import { createOwnTool, deleteOwnTool, newestOwnTool, updateOwnTool } from './own-tools.ts';

/** The class of the write-heavy mix: the whole life of a user's own tools. */
export const writer: BehaviourClass = {
  name: 'writer',
  tasks: {
    'create-tool': {
      weight: 10,
      run: async (user) => {
        await createOwnTool(user);
      },
    },
    'update-tool': { weight: 10, run: updateNewest },
    'share-tool': { weight: 5, run: shareNewest },
    'read-tool': { weight: 5, run: readNewest },
    'delete-tool': { weight: 5, run: deleteOldest },
  },
};

async function updateNewest(user: VirtualUser): Promise<void> {
  if ((await newestOwnTool(user)) === undefined) return;
  await updateOwnTool(user, user.liveToolIds, user.liveToolIds.length - 1);
}

async function readNewest(user: VirtualUser): Promise<void> {
  const toolId = await newestOwnTool(user);
  if (toolId !== undefined) await user.send({ kind: 'read-tool', toolId });
}

async function deleteOldest(user: VirtualUser): Promise<void> {
  if ((await newestOwnTool(user)) === undefined) return;
  await deleteOwnTool(user, user.liveToolIds, 0);
}
