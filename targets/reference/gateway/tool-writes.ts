import type { Cache } from './cache.ts';
import type { Database } from './database.ts';
import { isMemberOf, type Principal, type Principals } from './principals.ts';
import { refusal } from './refusal.ts';
import { type Tool, toolColumns } from './tool.ts';

/** Writes of tools; each is answered once every instance has dropped what it made void. Refuses 403 what is another's and 404 what is not there. */
export interface ToolWrites {
  create(principal: Principal, name: string, description: string): Promise<Tool>;
  update(principal: Principal, toolId: number, change: { name?: string; description?: string }): Promise<Tool>;
  remove(principal: Principal, toolId: number): Promise<void>;
  share(principal: Principal, toolId: number, teamId: number): Promise<Tool>;
}

interface SharedTool extends Tool {
  readonly previousTeamId: number | null;
}

const createQuery = `
  INSERT INTO gateway.tools AS t (owner_id, scope, name, description) VALUES ($1, 'private', $2, $3) RETURNING ${toolColumns}`;
const updateQuery = `
  UPDATE gateway.tools t SET name = coalesce($3, t.name), description = coalesce($4, t.description), updated_at = now()
   WHERE t.id = $2 AND t.owner_id = $1 RETURNING ${toolColumns}`;
const removeQuery = `DELETE FROM gateway.tools t WHERE t.id = $2 AND t.owner_id = $1 RETURNING ${toolColumns}`;
const shareQuery = `
  WITH previous AS (SELECT id, team_id FROM gateway.tools WHERE id = $2 AND owner_id = $1 AND scope <> 'global' FOR UPDATE)
  UPDATE gateway.tools t SET scope = 'team', team_id = $3, updated_at = now()
    FROM previous WHERE t.id = previous.id RETURNING ${toolColumns}, previous.team_id AS "previousTeamId"`;

export function createToolWrites(database: Database, reach: { cache: Cache; principals: Principals }): ToolWrites {
  const { cache, principals } = reach;

  const refuse = async (toolId: number): Promise<never> => {
    const [tool] = await database.rows<{ scope: string }>('scope', 'SELECT scope FROM gateway.tools WHERE id = $1', [
      toolId,
    ]);
    throw tool ? refusal(403, `tool ${toolId} is not yours to change`) : refusal(404, `there is no tool ${toolId}`);
  };

  const spread = async (tool: Tool, servers: Int32Array, previousTeamId: number | null = null): Promise<void> => {
    const tags = new Set([`tool:${tool.id}`]);
    for (const teamId of [tool.teamId, previousTeamId]) if (teamId !== null) tags.add(`team:${teamId}`);
    if (tool.scope === 'global') tags.add('global');
    if (servers.length > 0) tags.add('granted');
    await cache.invalidate([...tags]);
  };

  return {
    async create(principal, name, description) {
      const [tool] = await database.rows<Tool>('create', createQuery, [principal.userId, name, description]);
      if (tool === undefined) throw new Error('an insert returned no row');
      // Nothing cached can hold a private tool that did not exist.
      return tool;
    },
    async update(principal, toolId, change) {
      const values = [principal.userId, toolId, change.name, change.description];
      const [tool] = await database.rows<Tool>('update', updateQuery, values);
      if (tool === undefined) return refuse(toolId);
      await spread(tool, await principals.serversOf(toolId));
      return tool;
    },
    async remove(principal, toolId) {
      // Its place in servers goes with it, so it is read before.
      const servers = await principals.serversOf(toolId);
      const [tool] = await database.rows<Tool>('remove', removeQuery, [principal.userId, toolId]);
      if (tool === undefined) return refuse(toolId);
      await spread(tool, servers);
    },
    async share(principal, toolId, teamId) {
      if (!isMemberOf(principal, teamId)) throw refusal(403, `you are not a member of team ${teamId}`);
      const [shared] = await database.rows<SharedTool>('share', shareQuery, [principal.userId, toolId, teamId]);
      if (shared === undefined) return refuse(toolId);
      const { previousTeamId, ...tool } = shared;
      await spread(tool, await principals.serversOf(toolId), previousTeamId);
      return tool;
    },
  };
}
