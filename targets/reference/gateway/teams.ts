import type { Cache } from './cache.ts';
import type { Database } from './database.ts';
import { isMemberOf, type Principals } from './principals.ts';
import { refusal } from './refusal.ts';
import type { Caller } from './tokens.ts';

export interface Teams {
  /** Refuses with 403 who is neither a member nor an administrator, and an administrator's team that is not there with 404. */
  admit(caller: Caller, teamId: number): Promise<void>;
  /** JSON bytes `{"members":[…]}` in ascending order of user ids. */
  members(teamId: number, limit: number): Promise<Buffer>;
}

const membersQuery = `
  SELECT u.id AS "userId", u.name, u.email, m.role
    FROM (SELECT user_id, role FROM gateway.memberships WHERE team_id = $1 ORDER BY user_id LIMIT $2) m
    JOIN gateway.users u ON u.id = m.user_id ORDER BY u.id`;
const roles = ['owner', 'administrator', 'member'] as const;

interface Member {
  readonly userId: number;
  readonly name: string;
  readonly email: string;
  readonly role: number;
}

export function createTeams(database: Database, reach: { cache: Cache; principals: Principals }): Teams {
  const { cache, principals } = reach;
  return {
    async admit(caller, teamId) {
      const principal = await principals.of(caller.userId);
      if (isMemberOf(principal, teamId)) return;
      if (!caller.admin) throw refusal(403, `you are not a member of team ${teamId}`);
      const team = await cache.read({
        key: `team:${teamId}`,
        tags: [],
        load: async () => {
          const rows = await database.rows<{ name: string }>('team', 'SELECT name FROM gateway.teams WHERE id = $1', [
            teamId,
          ]);
          return rows[0] && Buffer.from(rows[0].name);
        },
      });
      if (team === undefined) throw refusal(404, `there is no team ${teamId}`);
    },
    async members(teamId, limit) {
      const bytes = await cache.read({
        key: `team-members:${teamId}:${limit}`,
        tags: [],
        load: async () => {
          const rows = await database.rows<Member>('team-members', membersQuery, [teamId, limit]);
          const members = rows.map((row) => ({ ...row, role: roles[row.role] }));
          return Buffer.from(JSON.stringify({ members }));
        },
      });
      return bytes ?? Buffer.from('{"members":[]}');
    },
  };
}
