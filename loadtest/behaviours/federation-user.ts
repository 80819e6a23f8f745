import { federatedTools, federationAggregate } from '../operations.ts';
import type { Behaviour } from './behaviour.ts';
import { listOneTeam } from './enterprise-user.ts';

/** The class of the federation mix: mostly questions that go out to the gateways. */
export const federationUser: Behaviour = {
  name: 'federation-user',
  weight: 1,
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
