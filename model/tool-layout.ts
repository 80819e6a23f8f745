import type { ToolScope } from './operation.ts';
import type { PopulationPlan } from './population-plan.ts';
import { coprimeNear, createPermutation, hash32, integerBelow } from './random.ts';
import { apportion } from './shares.ts';
import type { TeamLayout } from './team-layout.ts';

interface ToolPlace {
  readonly toolId: number;
  readonly scope: ToolScope;
  readonly ownerId: number;
  readonly teamId: number | undefined;
}

export interface ToolLayout {
  readonly remarks: readonly string[];
  /** Tools that servers may bundle, numbered from 0: the global ones, then those of ever larger teams; never private ones. */
  readonly bundled: number;
  bundledTool(index: number): number;
  /** Beyond `bundled` for a private tool. */
  bundledIndex(toolId: number): number;
  tool(toolId: number): ToolPlace;
}

/** Which tool is whose: scopes 20/60/20 exactly (R2.2), larger teams have more tools, a team's tool belongs to a member. */
export function createToolLayout(plan: PopulationPlan, teams: TeamLayout): ToolLayout {
  const { tools, users, seed } = plan;
  const hasShared = teams.sharedTeams > 0;
  const [privateTools = 0, teamTools = 0] = apportion(tools, hasShared ? [0.2, 0.6, 0.2] : [0.2, 0, 0.8]);
  const ranks = createPermutation(tools, hash32(seed, 201));
  const spread = Math.max(1, coprimeNear(users, Math.floor(users * 0.618)));

  const placeTeamTool = (toolId: number, position: number): ToolPlace => {
    const quantile = (position + 0.5) / teamTools;
    const teamId = teams.teamOfRank(Math.floor(teams.sharedTeams * quantile * quantile));
    const index = integerBelow(hash32(seed, 202, toolId), teams.teamSize(teamId));
    return { toolId, scope: 'team', ownerId: teams.member(teamId, index), teamId };
  };

  return {
    remarks: hasShared ? [] : ['Tool scopes: there are no shared teams; the share of team is folded into global.'],
    bundled: tools - privateTools,
    bundledTool: (index) => 1 + ranks.inverse(tools - 1 - index),
    bundledIndex: (toolId) => tools - 1 - ranks.forward(toolId - 1),
    tool: (toolId) => {
      const rank = ranks.forward(toolId - 1);
      const position = rank - privateTools;
      if (position >= 0 && position < teamTools) return placeTeamTool(toolId, position);
      const ownerId = 1 + ((rank * spread) % users);
      return { toolId, scope: position < 0 ? 'private' : 'global', ownerId, teamId: undefined };
    },
  };
}
