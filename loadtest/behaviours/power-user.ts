import { federationAggregate, teamMembers, teamTools, teamUsage } from '../operations.ts';
import { skewedPick } from '../skewed-pick.ts';
import type { BehaviourClass } from './behaviour.ts';

/** The few with wide questions: administrators who go to any team (R3.1). */
export const powerUser: BehaviourClass = {
  name: 'power-user',
  tasks: {
    'federation-aggregate': {
      weight: 15,
      run: async (user) => {
        await user.send(federationAggregate);
      },
    },
    'team-administration': {
      weight: 10,
      run: async (user) => {
        const teamId = skewedPick(user.allTeamIds, user.draw);
        await user.send(teamMembers(teamId));
        await user.send(teamTools(teamId));
      },
    },
    analytics: {
      weight: 8,
      run: async (user) => {
        await user.send(teamUsage);
      },
    },
  },
};
