import { createGatewayLayout, type GatewayPattern } from './gateway-layout.ts';
import type { ToolScope } from './operation.ts';
import type { PopulationPlan } from './population-plan.ts';
import { createServerLayout } from './server-layout.ts';
import { createTeamLayout, type MemberPart } from './team-layout.ts';
import { createToolLayout } from './tool-layout.ts';

export type TeamKind = 'private' | 'shared';

export interface ToolFacts {
  readonly toolId: number;
  readonly scope: ToolScope;
  readonly ownerId: number;
  /** The shared team of a `team` tool, of which the owner is a member; undefined otherwise. */
  readonly teamId: number | undefined;
}

/**
 * Who is in which team and which tool is whose, computed and never stored: every method is a pure function of the plan
 * and, but where said, O(1) in time and memory (R2.2, R2.5). Ids count from 1.
 */
export interface Population {
  readonly plan: PopulationPlan;
  /** What had to be folded because the wave is too small for it; one sentence each. */
  readonly remarks: readonly string[];
  /** Exact number of rows in memberships, serverTools, teamServers, gatewayPeers (O(teams) once, then cached). */
  membershipCount(): number;
  serverToolCount(): number;
  teamServerCount(): number;

  teamKind(teamId: number): TeamKind;
  teamSize(teamId: number): number;
  /** Member `index` (0…size−1) of a team; member 0 owns it. Distinct within a team. */
  member(teamId: number, index: number): number;
  /** Writes some members of a team into `into` from index `at` on: what `member` says, for inner loops. */
  fillMembers(part: MemberPart, into: Float64Array, at: number): void;
  isMember(userId: number, teamId: number): boolean;

  tool(toolId: number): ToolFacts;
  /** The tools that a server bundles; distinct. */
  serverTools(serverId: number): readonly number[];
  serverHasTool(serverId: number, toolId: number): boolean;
  /** The one to three servers that a team is granted; distinct. */
  teamServers(teamId: number): readonly number[];
  /** Is this tool in a server that this team is granted? */
  isGranted(teamId: number, toolId: number): boolean;

  gatewayRegion(gatewayId: number): string;
  gatewayPattern(gatewayId: number): GatewayPattern;
  /** Directed links of the federation topology from this gateway. */
  gatewayPeers(gatewayId: number): readonly number[];
}

/** Throws if there are fewer teams than users: each user owns a private one (R1.2). */
export function createPopulation(plan: PopulationPlan): Population {
  const teams = createTeamLayout(plan);
  const tools = createToolLayout(plan, teams);
  const servers = createServerLayout(plan, tools);
  return {
    ...teams,
    ...servers,
    ...createGatewayLayout(plan),
    plan,
    remarks: [...teams.remarks, ...tools.remarks, ...servers.remarks],
    teamKind: (teamId) => (teamId <= plan.users ? 'private' : 'shared'),
    tool: (toolId) => tools.tool(toolId),
  };
}
