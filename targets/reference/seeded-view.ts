import type { Population, ToolFacts } from '#model/population.ts';
import { LRUCache } from 'lru-cache';

const teamsKeptMax = 2_000;
const usersKeptMax = 5_000;
/** To look through all teams for those of one user takes milliseconds up to here, and is not done for larger populations. */
const teamsSearchedMax = 250_000;

/** What the population says about who may see which seeded tool (R2.2). */
export interface SeededView {
  readonly population: Population;
  /** Facts of a seeded tool; undefined for one that load created. */
  tool(toolId: number): ToolFacts | undefined;
  /** Ids of the seeded tools that are scoped or granted to the team, ascending. */
  teamTools(teamId: number): readonly number[];
  teamSees(teamId: number, tool: ToolFacts): boolean;
  /**
   * May the user see this seeded tool? `knownTeams` are teams that it is in. `unknown` when only teams beyond these could
   * tell and the population is too large to look through: the audit of whole visible sets covers that.
   */
  userSees(user: { userId: number; knownTeams: readonly number[] }, tool: ToolFacts): boolean | 'unknown';
}

export function createSeededView(population: Population): SeededView {
  const { plan } = population;
  const listOf = new LRUCache<number, readonly number[]>({ max: teamsKeptMax });
  const teamsOf = new LRUCache<number, readonly number[]>({ max: usersKeptMax });
  let scoped: Map<number, number[]> | undefined;

  const teamSees = (teamId: number, tool: ToolFacts): boolean =>
    tool.teamId === teamId || population.isGranted(teamId, tool.toolId);

  const teamsOfUser = (userId: number): readonly number[] => {
    const known = teamsOf.get(userId);
    if (known) return known;
    const found: number[] = [];
    for (let teamId = 1; teamId <= plan.teams; teamId += 1) {
      if (population.isMember(userId, teamId)) found.push(teamId);
    }
    teamsOf.set(userId, found);
    return found;
  };

  return {
    population,
    tool: (toolId) => (toolId <= plan.tools ? population.tool(toolId) : undefined),
    teamTools(teamId) {
      const known = listOf.get(teamId);
      if (known) return known;
      scoped ??= toolsByTeam(population);
      const ids = new Set(scoped.get(teamId));
      for (const server of population.teamServers(teamId)) for (const id of population.serverTools(server)) ids.add(id);
      const list = [...ids].sort((a, b) => a - b);
      listOf.set(teamId, list);
      return list;
    },
    teamSees,
    userSees({ userId, knownTeams }, tool) {
      if (tool.scope === 'global' || tool.ownerId === userId) return true;
      if (tool.teamId !== undefined && population.isMember(userId, tool.teamId)) return true;
      if (knownTeams.some((teamId) => population.isGranted(teamId, tool.toolId))) return true;
      if (plan.teams > teamsSearchedMax) return 'unknown';
      return teamsOfUser(userId).some((teamId) => population.isGranted(teamId, tool.toolId));
    },
  };
}

function toolsByTeam(population: Population): Map<number, number[]> {
  const tools = new Map<number, number[]>();
  for (let toolId = 1; toolId <= population.plan.tools; toolId += 1) {
    const { teamId } = population.tool(toolId);
    if (teamId === undefined) continue;
    const list = tools.get(teamId);
    if (list) list.push(toolId);
    else tools.set(teamId, [toolId]);
  }
  return tools;
}
