import type { FastifyInstance } from 'fastify';
import { type ApiParts, sendJson } from './api-parts.ts';
import { daysOf, idParams, limitSchema, objectSchema, timeframeSchema, toolListSchema } from './api-schemas.ts';
import { refusal } from './refusal.ts';

/** Team administration and analytics: for administrators; a team's own pages also for its members. */
export function addTeamRoutes(api: FastifyInstance, { teams, catalog, analytics, cache }: ApiParts): void {
  api.get<{ Params: { id: number }; Querystring: { limit: number } }>(
    '/teams/:id/members',
    {
      schema: {
        summary: 'The members of a team, in ascending order of ids',
        params: idParams,
        querystring: objectSchema({ limit: limitSchema(10_000) }),
      },
    },
    async ({ params, query, caller }, reply) => {
      await teams.admit(caller, params.id);
      return sendJson(reply, await teams.members(params.id, query.limit));
    },
  );

  api.get<{ Params: { id: number }; Querystring: { include_private: boolean; limit: number } }>(
    '/teams/:id/tools',
    {
      schema: {
        summary: 'The tools of a team and those granted to it; with those scoped private, if asked',
        params: idParams,
        querystring: objectSchema({ include_private: { type: 'boolean', default: false }, limit: limitSchema(1_000) }),
        response: { 200: toolListSchema },
      },
    },
    async ({ params, query, caller }, reply) => {
      await teams.admit(caller, params.id);
      return sendJson(reply, await catalog.teamTools(params.id, query.limit, query.include_private));
    },
  );

  api.get<{ Querystring: { timeframe: string; limit: number } }>(
    '/analytics/usage',
    {
      schema: {
        summary: 'Calls counted for the team that owns the tool, over the last days of the history',
        querystring: objectSchema({
          timeframe: timeframeSchema,
          breakdown: { type: 'string', enum: ['team'], default: 'team' },
          limit: limitSchema(10_000),
        }),
      },
    },
    async ({ query, caller }, reply) => {
      if (!caller.admin) throw refusal(403, 'analytics are for administrators');
      return sendJson(reply, await analytics.usageByTeam(daysOf(query.timeframe), query.limit));
    },
  );

  api.delete(
    '/cache',
    { schema: { summary: 'Drop everything cached, on all instances', response: { 204: { type: 'null' } } } },
    async ({ caller }, reply) => {
      if (!caller.admin) throw refusal(403, 'the cache is for administrators');
      await cache.forget();
      return reply.code(204).send();
    },
  );
}
