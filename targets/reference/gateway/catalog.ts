import type { Cache } from './cache.ts';
import type { Database } from './database.ts';
import type { Principal } from './principals.ts';
import { refusal } from './refusal.ts';
import { encodeTools, type Tool, toolColumns } from './tool.ts';

/** Reads of tools. Lists come as JSON bytes `{"tools":[…]}` in ascending order of ids, ready to be sent. */
export interface Catalog {
  /** Refuses with 404 what is not there. */
  tool(toolId: number): Promise<Tool>;
  /** The team's own tools and those in servers granted to it; without `includePrivate`, those scoped private are left out. */
  teamTools(teamId: number, limit: number, includePrivate: boolean): Promise<Buffer>;
  /** Global tools whose name holds the text, in any case. */
  search(text: string, limit: number): Promise<Buffer>;
  /** Everything that the user may see, after an id. */
  visible(principal: Principal, afterId: number, limit: number): Promise<Buffer>;
  /** Those of the ids that the user may see; the others are listed in `missing`, without saying why. */
  export(principal: Principal, toolIds: readonly number[]): Promise<Buffer>;
}

const teamToolsQuery = `
  SELECT ${toolColumns} FROM gateway.tools t
   WHERE t.id IN (SELECT id FROM gateway.tools WHERE team_id = $1
                  UNION
                  SELECT st.tool_id FROM gateway.team_servers ts JOIN gateway.server_tools st USING (server_id) WHERE ts.team_id = $1)
     AND ($3 OR t.scope <> 'private')
   ORDER BY t.id LIMIT $2`;

const searchQuery = `
  SELECT ${toolColumns} FROM gateway.tools t
   WHERE t.scope = 'global' AND lower(t.name) LIKE $1 ORDER BY t.id LIMIT $2`;

const isVisible = `(t.scope = 'global' OR t.owner_id = $1 OR t.team_id = ANY ($2::int4[])
  OR EXISTS (SELECT FROM gateway.server_tools st WHERE st.tool_id = t.id AND st.server_id = ANY ($3::int4[])))`;

const visibleQuery = `
  SELECT ${toolColumns} FROM gateway.tools t WHERE t.id > $4 AND ${isVisible} ORDER BY t.id LIMIT $5`;

const exportQuery = `
  SELECT ${toolColumns} FROM gateway.tools t WHERE t.id = ANY ($4::int4[]) AND ${isVisible} ORDER BY t.id`;

export function createCatalog(database: Database, cache: Cache): Catalog {
  const list = async (
    key: string,
    tags: readonly string[],
    query: readonly [string, string, unknown[]],
  ): Promise<Buffer> =>
    (await cache.read({ key, tags, load: async () => encodeTools(await database.rows<Tool>(...query)) })) ??
    encodeTools([]);

  return {
    async tool(toolId) {
      const bytes = await cache.read({
        key: `tool:${toolId}`,
        tags: [`tool:${toolId}`],
        load: async () => {
          const text = `SELECT ${toolColumns} FROM gateway.tools t WHERE t.id = $1`;
          const [tool] = await database.rows<Tool>('tool', text, [toolId]);
          return tool && Buffer.from(JSON.stringify(tool));
        },
      });
      if (bytes === undefined) throw refusal(404, `there is no tool ${toolId}`);
      return JSON.parse(bytes.toString()) as Tool;
    },
    teamTools: (teamId, limit, includePrivate) =>
      list(
        `team-tools:${teamId}:${limit}:${includePrivate ? 'all' : 'shared'}`,
        [`team:${teamId}`, 'granted'],
        ['team-tools', teamToolsQuery, [teamId, limit, includePrivate]],
      ),
    search: (text, limit) =>
      list(
        `search:${limit}:${text}`,
        ['global'],
        ['search', searchQuery, [`%${escapeLike(text.toLowerCase())}%`, limit]],
      ),
    // Asked for page by page and by each user for itself: kept for nobody.
    async visible(principal, afterId, limit) {
      return encodeTools(await database.rows<Tool>('visible', visibleQuery, [...seenBy(principal), afterId, limit]));
    },
    async export(principal, toolIds) {
      const tools = await database.rows<Tool>('export', exportQuery, [...seenBy(principal), toolIds]);
      const found = new Set(tools.map((tool) => tool.id));
      const missing = toolIds.filter((toolId) => !found.has(toolId));
      return Buffer.from(JSON.stringify({ tools, missing }));
    },
  };
}

const seenBy = (principal: Principal): unknown[] => [
  principal.userId,
  [...principal.teamIds],
  [...principal.serverIds],
];

const escapeLike = (text: string): string => text.replaceAll(/[\\%_]/g, String.raw`\$&`);
