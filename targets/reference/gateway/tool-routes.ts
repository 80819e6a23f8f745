import type { FastifyInstance } from 'fastify';
import { type ApiParts, sendJson } from './api-parts.ts';
import {
  idParams,
  idSchema,
  limitSchema,
  objectSchema,
  toolDescription,
  toolListSchema,
  toolName,
  toolSchema,
} from './api-schemas.ts';
import { refusal } from './refusal.ts';
import type { Tool } from './tool.ts';

interface ById {
  Params: { id: number };
}

export function addToolRoutes(api: FastifyInstance, parts: ApiParts): void {
  addLists(api, parts);
  addSingle(api, parts);
  addWrites(api, parts);
}

function addLists(api: FastifyInstance, { catalog, principals, teams }: ApiParts): void {
  api.get<{ Querystring: { scope: string; after: number; limit: number } }>(
    '/tools',
    {
      schema: {
        summary: 'The tools of one of your teams, or everything that you may see, in ascending order of ids',
        querystring: objectSchema(
          {
            scope: { type: 'string', pattern: '^(visible|team:[1-9][0-9]{0,9})$' },
            after: { type: 'integer', minimum: 0, maximum: 0x7fff_ffff, default: 0 },
            limit: limitSchema(1_000),
          },
          ['scope'],
        ),
        response: { 200: toolListSchema },
      },
    },
    async ({ query, caller }, reply) => {
      if (query.scope === 'visible') {
        const principal = await principals.of(caller.userId);
        return sendJson(reply, await catalog.visible(principal, query.after, query.limit));
      }
      const teamId = Number(query.scope.slice('team:'.length));
      if (teamId > 0x7fff_ffff) throw refusal(404, `there is no team ${teamId}`);
      await teams.admit(caller, teamId);
      return sendJson(reply, await catalog.teamTools(teamId, query.limit, true));
    },
  );

  api.get<{ Querystring: { q: string; limit: number } }>(
    '/tools/search',
    {
      schema: {
        summary: 'Global tools whose name holds a text',
        querystring: objectSchema(
          {
            q: { type: 'string', minLength: 1, maxLength: 100 },
            scope: { type: 'string', enum: ['global'], default: 'global' },
            limit: limitSchema(1_000),
          },
          ['q'],
        ),
        response: { 200: toolListSchema },
      },
    },
    async ({ query, caller }, reply) => {
      await principals.of(caller.userId);
      return sendJson(reply, await catalog.search(query.q, query.limit));
    },
  );
}

function addSingle(api: FastifyInstance, { catalog, principals }: ApiParts): void {
  api.get<ById>(
    '/tools/:id',
    { schema: { summary: 'One tool', params: idParams, response: { 200: toolSchema } } },
    async ({ params, caller }): Promise<Tool> => {
      const [principal, tool] = await Promise.all([principals.of(caller.userId), catalog.tool(params.id)]);
      if (!(await principals.sees(principal, tool))) throw refusal(403, `tool ${tool.id} is not for you`);
      return tool;
    },
  );

  api.post<{ Body: { ids: number[] } }>(
    '/tools/bulk',
    {
      schema: {
        summary: 'Export of many tools at once; ids that you may not see are listed as missing',
        body: objectSchema({ ids: { type: 'array', items: idSchema, minItems: 1, maxItems: 1_000 } }, ['ids']),
        response: {
          200: objectSchema(
            { tools: { type: 'array', items: toolSchema }, missing: { type: 'array', items: { type: 'integer' } } },
            ['tools', 'missing'],
          ),
        },
      },
    },
    async ({ body, caller }, reply) =>
      sendJson(reply, await catalog.export(await principals.of(caller.userId), body.ids)),
  );
}

function addWrites(api: FastifyInstance, { writes, principals }: ApiParts): void {
  api.post<{ Body: { name: string; description: string } }>(
    '/tools',
    {
      schema: {
        summary: 'Create a tool that is private to you',
        body: objectSchema({ name: toolName, description: toolDescription }, ['name', 'description']),
        response: { 201: toolSchema },
      },
    },
    async ({ body, caller }, reply) => {
      const tool = await writes.create(await principals.of(caller.userId), body.name, body.description);
      return reply.code(201).send(tool);
    },
  );

  api.put<ById & { Body: { name?: string; description?: string } }>(
    '/tools/:id',
    {
      schema: {
        summary: 'Change a tool of yours',
        params: idParams,
        body: { ...objectSchema({ name: toolName, description: toolDescription }), minProperties: 1 },
        response: { 200: toolSchema },
      },
    },
    async ({ params, body, caller }) => writes.update(await principals.of(caller.userId), params.id, body),
  );

  api.delete<ById>(
    '/tools/:id',
    { schema: { summary: 'Delete a tool of yours', params: idParams, response: { 204: { type: 'null' } } } },
    async ({ params, caller }, reply) => {
      await writes.remove(await principals.of(caller.userId), params.id);
      return reply.code(204).send();
    },
  );

  api.post<ById & { Body: { teamId: number } }>(
    '/tools/:id/share',
    {
      schema: {
        summary: 'Give a tool of yours to one of your teams',
        params: idParams,
        body: objectSchema({ teamId: idSchema }, ['teamId']),
        response: { 200: toolSchema },
      },
    },
    async ({ params, body, caller }) => writes.share(await principals.of(caller.userId), params.id, body.teamId),
  );
}
