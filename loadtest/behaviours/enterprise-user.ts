import { federatedTools, listTeamTools, searchTerms, searchTools } from '../operations.ts';
import { skewedPick } from '../skewed-pick.ts';
import type { BehaviourClass, VirtualUser } from './behaviour.ts';
import { createOwnTool, newestOwnTool } from './own-tools.ts';

const exportedMax = 20;

/** The many: they list, search and now and then write (R3.1). */
export const enterpriseUser: BehaviourClass = {
  name: 'enterprise-user',
  tasks: {
    'list-team-tools': { weight: 25, run: listOneTeam },
    'search-global-tools': { weight: 15, run: searchOneTerm },
    'federated-tools': {
      weight: 10,
      run: async (user) => {
        await user.send(federatedTools);
      },
    },
    'create-private-tool': {
      weight: 8,
      run: async (user) => {
        await createOwnTool(user);
      },
    },
    'share-tool': { weight: 5, run: shareNewest },
    'bulk-export': { weight: 2, run: exportSeen },
  },
};

export async function listOneTeam(user: VirtualUser): Promise<void> {
  await user.send(listTeamTools(skewedPick(user.teamIds, user.draw)));
}

export async function searchOneTerm(user: VirtualUser): Promise<void> {
  await user.send(searchTools(skewedPick(searchTerms, user.draw)));
}

/** Shares its newest tool with a shared team of its own, or with its private one when it is in no other. */
export async function shareNewest(user: VirtualUser): Promise<void> {
  const toolId = await newestOwnTool(user);
  if (toolId === undefined) return;
  const [privateTeamId, ...sharedTeamIds] = user.teamIds;
  const teamIds = sharedTeamIds.length === 0 && privateTeamId !== undefined ? [privateTeamId] : sharedTeamIds;
  await user.send({ kind: 'share-tool', toolId, teamId: skewedPick(teamIds, user.draw) });
}

/** Exports tools that it has seen; a user that has seen none yet searches first. */
async function exportSeen(user: VirtualUser): Promise<void> {
  if (user.seenToolIds.length === 0) await searchOneTerm(user);
  if (user.seenToolIds.length === 0) return;
  const wanted = Array.from({ length: exportedMax }, () => skewedPick(user.seenToolIds, user.draw));
  await user.send({ kind: 'export-tools', toolIds: [...new Set(wanted)] });
}
