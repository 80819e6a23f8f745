import { listTeamTools } from '../operations.ts';
import { skewedPick } from '../skewed-pick.ts';
import type { BehaviourClass, VirtualUser } from './behaviour.ts';
import { searchOneTerm } from './enterprise-user.ts';

/** The class of the multi-tenant mix: reads whose answer depends on who asks, over all of the user's teams alike. */
export const tenantUser: BehaviourClass = {
  name: 'tenant-user',
  tasks: {
    'list-any-team': { weight: 20, run: listAnyTeam },
    'search-global-tools': { weight: 10, run: searchOneTerm },
    'read-tool': { weight: 10, run: readSeen },
  },
};

async function listAnyTeam(user: VirtualUser): Promise<void> {
  const teamId = user.teamIds[Math.floor(user.draw() * user.teamIds.length)];
  if (teamId !== undefined) await user.send(listTeamTools(teamId));
}

async function readSeen(user: VirtualUser): Promise<void> {
  if (user.seenToolIds.length === 0) await searchOneTerm(user);
  if (user.seenToolIds.length === 0) return;
  await user.send({ kind: 'read-tool', toolId: skewedPick(user.seenToolIds, user.draw) });
}
