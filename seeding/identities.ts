import type { Client } from 'pg';
import { digestIds } from '#model/digest.ts';
import type { Identity, PopulationPlan } from '#model/population-plan.ts';
import type { Population } from '#model/population.ts';
import { createPermutation, hash32, shuffled } from '#model/random.ts';
import type { TargetSchema } from '#model/target.ts';
import { withClient } from './database.ts';
import { columnOf } from './reconcile.ts';

const identitiesMax = 10_000;
const identitiesPerRead = 250;
const teamsMax = 8;

/** The users that load is driven as, spread over all users; the same for equal plans. `count` is at most 10,000 or all users. */
export async function readIdentities(options: {
  readonly databaseUrl: string;
  readonly plan: PopulationPlan;
  readonly count: number;
}): Promise<Identity[]> {
  return withClient(options.databaseUrl, async (client) => {
    const { rows } = await client.query<Identity>(
      `SELECT user_id AS "userId", private_team_id AS "privateTeamId", team_ids AS "teamIds",
              token_subject AS "tokenSubject", visible_tools AS "visibleTools", visible_digest AS "visibleDigest"
         FROM soakwave.identities ORDER BY ordinal LIMIT $1`,
      [options.count],
    );
    const needed = Math.min(options.count, identityCount(options.plan));
    if (rows.length < needed) throw new Error(`seeding wrote ${rows.length} identities, ${needed} are needed`);
    return rows;
  });
}

const identityCount = (plan: PopulationPlan): number => Math.min(identitiesMax, plan.users);

/** Writes all identities anew, from the memberships that are stored and the tools that R2.2's rule lets each user see. */
export async function writeIdentities(client: Client, population: Population, schema: TargetSchema): Promise<void> {
  const { plan } = population;
  const order = createPermutation(plan.users, hash32(plan.seed, 601));
  const userIds = Array.from({ length: identityCount(plan) }, (_, ordinal) => 1 + order.forward(ordinal));
  const visible = createVisibility(population, new Set(userIds));
  const identities: Identity[] = [];
  for (let from = 0; from < userIds.length; from += identitiesPerRead) {
    const some = userIds.slice(from, from + identitiesPerRead);
    const teams = await readSharedTeams(client, { plan, schema }, some);
    identities.push(...some.map((userId) => identityOf(plan, userId, { teamIds: teams.get(userId) ?? [], visible })));
  }
  await client.query('TRUNCATE soakwave.identities');
  await insertIdentities(client, identities);
}

function identityOf(
  plan: PopulationPlan,
  userId: number,
  { teamIds, visible }: { teamIds: readonly number[]; visible: Visibility },
): Identity {
  const seen = visible.toolsOf(userId, teamIds);
  const draw = hash32(plan.seed, 602, userId);
  return {
    userId,
    privateTeamId: userId,
    teamIds: shuffled(teamIds, draw).slice(0, 1 + (draw % teamsMax)),
    tokenSubject: `user-${userId}`,
    visibleTools: seen.length,
    visibleDigest: digestIds(seen),
  };
}

/** The shared teams that each of these users really belongs to, in order of their ids. */
async function readSharedTeams(
  client: Client,
  { plan, schema }: { plan: PopulationPlan; schema: TargetSchema },
  userIds: readonly number[],
): Promise<Map<number, number[]>> {
  const mapping = schema.tables.find(({ entity }) => entity === 'memberships');
  if (mapping === undefined) return new Map();
  const [user, team] = [columnOf(mapping, 'userId'), columnOf(mapping, 'teamId')];
  const { rows } = await client.query<{ userId: number; teamIds: number[] }>(
    `SELECT ${user} AS "userId", array_agg(${team} ORDER BY ${team}) AS "teamIds" FROM ${mapping.table}
      WHERE ${user} = ANY($1) AND ${team} > $2 GROUP BY ${user}`,
    [userIds, plan.users],
  );
  return new Map(rows.map(({ userId, teamIds }) => [userId, teamIds]));
}

interface Visibility {
  /** Ids of all tools that a user in these shared teams may see, each once. */
  toolsOf(userId: number, sharedTeamIds: readonly number[]): number[];
}

/** Visible are global tools, a user's own, those scoped to its teams, and those of servers granted to its teams (R2.2). */
function createVisibility(population: Population, users: ReadonlySet<number>): Visibility {
  const { tools, servers } = population.plan;
  const everybody: number[] = [];
  const own = new Map<number, number[]>();
  const ofTeam = new Map<number, number[]>();
  for (let toolId = 1; toolId <= tools; toolId += 1) {
    const { scope, ownerId, teamId } = population.tool(toolId);
    if (scope === 'global') everybody.push(toolId);
    if (users.has(ownerId)) own.set(ownerId, [...(own.get(ownerId) ?? []), toolId]);
    if (teamId !== undefined) ofTeam.set(teamId, [...(ofTeam.get(teamId) ?? []), toolId]);
  }
  const ofServer = Array.from({ length: servers }, (_, index) => population.serverTools(index + 1));
  // Whom a tool, a server was last counted for: cheaper than a set a user.
  const seenTool = new Int32Array(tools + 1);
  const seenServer = new Int32Array(servers + 1);

  return {
    toolsOf: (userId, sharedTeamIds) => {
      const seen: number[] = [];
      const see = (toolIds: readonly number[]): void => {
        for (const toolId of toolIds) {
          if (seenTool[toolId] === userId) continue;
          seenTool[toolId] = userId;
          seen.push(toolId);
        }
      };
      see(everybody);
      see(own.get(userId) ?? []);
      for (const teamId of [userId, ...sharedTeamIds]) {
        see(ofTeam.get(teamId) ?? []);
        for (const serverId of population.teamServers(teamId)) {
          if (seenServer[serverId] === userId) continue;
          seenServer[serverId] = userId;
          see(ofServer[serverId - 1] ?? []);
        }
      }
      return seen;
    },
  };
}

async function insertIdentities(client: Client, identities: readonly Identity[]): Promise<void> {
  const rows = identities.map((identity, ordinal) => ({ ordinal, ...identity }));
  await client.query(
    `INSERT INTO soakwave.identities
     SELECT ordinal, "userId", "privateTeamId", "teamIds", "tokenSubject", "visibleTools", "visibleDigest"
       FROM jsonb_to_recordset($1::jsonb) AS r(ordinal int4, "userId" int4, "privateTeamId" int4, "teamIds" int4[],
            "tokenSubject" text, "visibleTools" int4, "visibleDigest" text)`,
    [JSON.stringify(rows)],
  );
}
