import type { Operation, TargetSpeech } from '#model/operation.ts';
import type { PopulationPlan } from '#model/population-plan.ts';
import { createPopulation } from '#model/population.ts';
import { createAnswerCheck } from './answer-check.ts';
import { createSeededView } from './seeded-view.ts';
import { createTokens } from './tokens.ts';

/** How operations are said to the reference gateway, and whether its answers are right: R3.1 and, for what a user may see, R2.2. */
export function referenceSpeech(plan: PopulationPlan, secret: string): TargetSpeech {
  const tokenOf = createTokens(secret);
  const check = createAnswerCheck(createSeededView(createPopulation(plan)));
  return {
    headers: ({ tokenSubject }) => ({ authorization: `Bearer ${tokenOf(tokenSubject, false)}` }),
    request(operation, user) {
      const { method, path, content } = wording(operation);
      const authorization = `Bearer ${tokenOf(user.tokenSubject, isAdministrative(operation))}`;
      if (content === undefined) return { method, path, headers: { authorization } };
      return {
        method,
        path,
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(content),
      };
    },
    check,
  };
}

/** Power users are sent to teams that are not theirs (R3.1), which takes an administrator. */
const isAdministrative = ({ kind }: Operation): boolean =>
  kind === 'team-members' || kind === 'team-tools' || kind === 'team-usage' || kind === 'federation-aggregate';

interface Wording {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly content?: object;
}

function wording(operation: Operation): Wording {
  switch (operation.kind) {
    case 'list-team-tools':
      return get(`/v1/tools?scope=team:${operation.teamId}&limit=${operation.limit}`);
    case 'search-tools':
      return get(`/v1/tools/search?q=${encodeURIComponent(operation.query)}&scope=global&limit=${operation.limit}`);
    case 'list-visible-tools':
      return get(`/v1/tools?scope=visible&after=${operation.afterId}&limit=${operation.limit}`);
    case 'federated-tools':
      return get(`/v1/federation/tools?regions=${operation.regions.join(',')}&limit=${operation.limit}`);
    case 'federation-aggregate':
      return get(`/v1/federation/aggregate?regions=all&include_metrics=true&timeframe=${operation.timeframeDays}d`);
    case 'team-members':
      return get(`/v1/teams/${operation.teamId}/members?limit=${operation.limit}`);
    case 'team-tools':
      return get(`/v1/teams/${operation.teamId}/tools?include_private=true&limit=${operation.limit}`);
    case 'team-usage':
      return get(`/v1/analytics/usage?timeframe=${operation.timeframeDays}d&breakdown=team&limit=${operation.limit}`);
    case 'read-tool':
      return get(`/v1/tools/${operation.toolId}`);
    case 'create-tool':
      return {
        method: 'POST',
        path: '/v1/tools',
        content: { name: operation.name, description: operation.description },
      };
    case 'update-tool':
      return { method: 'PUT', path: `/v1/tools/${operation.toolId}`, content: { description: operation.description } };
    case 'delete-tool':
      return { method: 'DELETE', path: `/v1/tools/${operation.toolId}` };
    case 'share-tool':
      return { method: 'POST', path: `/v1/tools/${operation.toolId}/share`, content: { teamId: operation.teamId } };
    case 'export-tools':
      return { method: 'POST', path: '/v1/tools/bulk', content: { ids: operation.toolIds } };
  }
}

const get = (path: string): Wording => ({ method: 'GET', path });
