import type { Scenario } from 'soakwave/scenario';

const words = ['weather', 'translate', 'calculate'];

/** Two classes of users: most look around, a few keep tools of their own. */
export default {
  operations: ['list tools of a team', 'search', 'create-tool', 'update-tool'],
  requests: 'reads',
  classes: [
    {
      name: 'browser',
      weight: 3,
      thinkTimeMs: [200, 600],
      tasks: {
        'list-tools': {
          weight: 3,
          run: (user) =>
            user.request({
              name: 'list tools of a team',
              path: `/v1/tools?scope=team:${user.identity.privateTeamId}&limit=50`,
              check: ({ status, json }) =>
                (status === 200 && Array.isArray((json() as { tools?: unknown }).tools)) || `no list, status ${status}`,
            }),
        },
        search: {
          weight: 2,
          run: async (user) => {
            const word = words[Math.floor(user.draw() * words.length)] ?? 'weather';
            const path = `/v1/tools/search?q=${word}&scope=global&limit=100`;
            const { outcome } = await user.request({ name: 'search', path });
            user.state['searches'] = Number(user.state['searches'] ?? 0) + (outcome === 'ok' ? 1 : 0);
          },
        },
      },
    },
    {
      name: 'keeper',
      weight: 1,
      thinkTimeMs: [200, 600],
      tasks: {
        keep: {
          weight: 1,
          run: async (user) => {
            // Writes go through `send`: they are kept outside the target before they are sent, and read back afterwards.
            const { outcome, toolIds } = await user.send({ kind: 'create-tool' });
            const [toolId] = toolIds;
            if (outcome === 'ok' && toolId !== undefined) await user.send({ kind: 'update-tool', toolId });
          },
        },
      },
    },
  ],
} satisfies Scenario;
