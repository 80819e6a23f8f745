import { federatedTools, federationAggregate } from '../operations.ts';
import type { BehaviourClass } from './behaviour.ts';
import { listOneTeam } from './enterprise-user.ts';

/** The class of the federation mix: mostly questions that go out to the gateways. */
export const federationUser: BehaviourClass = {
  name: 'federation-user',
  tasks: {
    'federated-tools': {
      weight: 20,
      run: async (user) => {
        await user.send(federatedTools);
      },
    },
    'federation-aggregate': {
      weight: 10,
      run: async (user) => {
        await user.send(federationAggregate);
      },
    },
    'list-team-tools': { weight: 5, run: listOneTeam },
  },
};
