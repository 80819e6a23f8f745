import type { Cache } from './cache.ts';
import type { Database } from './database.ts';
import { refusal } from './refusal.ts';
import type { Tool } from './tool.ts';

/** What decides what a user may see (R2.2): its teams, and the servers that these are granted. Both ascending. */
export interface Principal {
  readonly userId: number;
  readonly teamIds: Int32Array;
  readonly serverIds: Int32Array;
}

export interface Principals {
  /** Refuses with 401 a user that does not exist. */
  of(userId: number): Promise<Principal>;
  /** The one rule of visibility: global, own, scoped to a team of the user, or in a server granted to one of its teams. */
  sees(principal: Principal, tool: Tool): Promise<boolean>;
  serversOf(toolId: number): Promise<Int32Array>;
}

const principalQuery = `
  WITH mine AS (SELECT team_id FROM gateway.memberships WHERE user_id = $1)
  SELECT (SELECT coalesce(array_agg(team_id ORDER BY team_id), '{}') FROM mine) AS teams,
         (SELECT coalesce(array_agg(server_id ORDER BY server_id), '{}')
            FROM (SELECT DISTINCT server_id FROM gateway.team_servers WHERE team_id IN (SELECT team_id FROM mine)) granted) AS servers`;

export function createPrincipals(database: Database, cache: Cache): Principals {
  const serversOf = async (toolId: number): Promise<Int32Array> => {
    const bytes = await cache.read({
      key: `tool-servers:${toolId}`,
      tags: [`tool:${toolId}`],
      load: async () => {
        const text = 'SELECT server_id FROM gateway.server_tools WHERE tool_id = $1 ORDER BY server_id';
        const rows = await database.rows<{ server_id: number }>('tool-servers', text, [toolId]);
        return bytesOf(rows.map((row) => row.server_id));
      },
    });
    return bytes === undefined ? new Int32Array() : integersIn(bytes);
  };

  return {
    async of(userId) {
      const bytes = await cache.read({
        key: `principal:${userId}`,
        tags: [],
        load: async () => {
          const [row] = await database.rows<{ teams: number[]; servers: number[] }>('principal', principalQuery, [
            userId,
          ]);
          // Everybody owns a private team: no team means no such user.
          if (row === undefined || row.teams.length === 0) return undefined;
          return bytesOf([row.teams.length, ...row.teams, ...row.servers]);
        },
      });
      if (bytes === undefined) throw refusal(401, 'the token is of a user that does not exist');
      const integers = integersIn(bytes);
      const teams = integers[0] ?? 0;
      return { userId, teamIds: integers.subarray(1, 1 + teams), serverIds: integers.subarray(1 + teams) };
    },
    async sees(principal, tool) {
      if (tool.scope === 'global' || tool.ownerId === principal.userId) return true;
      if (tool.teamId !== null && includes(principal.teamIds, tool.teamId)) return true;
      const servers = await serversOf(tool.id);
      return servers.some((server) => includes(principal.serverIds, server));
    },
    serversOf,
  };
}

export const isMemberOf = (principal: Principal, teamId: number): boolean => includes(principal.teamIds, teamId);

/** Binary search: a user can be in thousands of teams. */
function includes(ascending: Int32Array, wanted: number): boolean {
  let [low, high] = [0, ascending.length - 1];
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const value = ascending[middle] ?? 0;
    if (value === wanted) return true;
    if (value < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

const bytesOf = (integers: readonly number[]): Buffer => Buffer.from(Int32Array.from(integers).buffer);
/** A view: cached bytes have a buffer of their own and so are aligned. */
const integersIn = (bytes: Buffer): Int32Array => new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
