import { createAffineWalk } from './affine-walk.ts';
import type { PopulationPlan } from './population-plan.ts';
import { createHash, createPermutation, hash32 } from './random.ts';
import { apportion, type Bucket, foldBuckets, locate } from './shares.ts';
import type { ToolLayout } from './tool-layout.ts';

/** Requirement R2.2: tools that a team is granted through its servers. */
const grantBuckets: readonly Bucket[] = [
  { name: 'light', low: 1, high: 10, share: 0.5 },
  { name: 'moderate', low: 11, high: 50, share: 0.3 },
  { name: 'heavy', low: 51, high: 200, share: 0.15 },
  { name: 'power', low: 201, high: 1_000, share: 0.05 },
];

const grantsMax = 3;

export interface ServerLayout {
  readonly remarks: readonly string[];
  serverToolCount(): number;
  teamServerCount(): number;
  serverTools(serverId: number): readonly number[];
  serverHasTool(serverId: number, toolId: number): boolean;
  teamServers(teamId: number): readonly number[];
  isGranted(teamId: number, toolId: number): boolean;
}

/**
 * Servers come in four classes, and all servers of a team are of one class. A server of a class holds from the bucket's
 * lower bound to a third of its upper bound, so that the union of one to three of them is in the bucket by construction.
 */
export function createServerLayout(plan: PopulationPlan, tools: ToolLayout): ServerLayout {
  const { servers, teams, seed } = plan;
  const { kept, remarks } = foldBuckets(
    grantBuckets,
    (bucket, index) => bucket.low <= tools.bundled && index < servers,
    (bucket) =>
      `Tools per team: ${bucket.name} (from ${bucket.low}) does not fit ${tools.bundled} tools on ${servers} servers`,
  );
  const shares = kept.map((bucket) => bucket.share);
  const teamParts = apportion(teams, shares);
  const serverParts = apportion(servers - kept.length, shares).map((count) => count + 1);
  const firstOfPart = serverParts.map((_, part) => serverParts.slice(0, part).reduce((sum, count) => sum + count, 0));
  const teamRanks = createPermutation(teams, hash32(seed, 301));
  const serverRanks = createPermutation(servers, hash32(seed, 302));
  const catalogue = catalogueSize(tools.bundled, kept);
  const walk = createAffineWalk(catalogue, hash32(seed, 303));

  const serverSize = (rank: number): number => {
    const { part, position } = locate(serverParts, rank);
    const { low, high } = kept[part] ?? { low: 1, high: 1 };
    const sizes = Math.min(Math.floor(high / grantsMax), catalogue) - low + 1;
    return low + Math.floor(((position + 0.5) / (serverParts[part] ?? 1)) * sizes);
  };
  const holds = (rank: number, index: number): boolean =>
    index < catalogue && walk.stepOf(rank, index) < serverSize(rank);
  const smallestClass = Math.min(...serverParts);
  const placeOf = (teamId: number): { part: number; position: number } =>
    locate(teamParts, teamRanks.forward(teamId - 1));
  const grantHash = createHash(seed, 304);
  const countGrants = (teamId: number): number => {
    const wanted = 1 + (grantHash(teamId) % grantsMax);
    return wanted <= smallestClass ? wanted : Math.min(wanted, serverParts[placeOf(teamId).part] ?? 1);
  };
  /** The servers of a team by rank are next to each other in their class, from its place on and around. */
  const grantsOf = (teamId: number, each: (rank: number) => number): number[] => {
    const { part, position } = placeOf(teamId);
    const inClass = serverParts[part] ?? 1;
    const first = firstOfPart[part] ?? 0;
    const grants = new Array<number>(countGrants(teamId));
    for (let grant = 0; grant < grants.length; grant += 1) {
      const place = (position % inClass) + grant;
      grants[grant] = each(first + (place < inClass ? place : place - inClass));
    }
    return grants;
  };
  const serverOfRank = (rank: number): number => 1 + serverRanks.inverse(rank);
  let teamServerCount: number | undefined;

  return {
    remarks,
    serverToolCount: () => Array.from({ length: servers }, (_, rank) => serverSize(rank)).reduce((a, b) => a + b, 0),
    teamServerCount: () => {
      if (teamServerCount === undefined) {
        teamServerCount = 0;
        for (let teamId = 1; teamId <= teams; teamId += 1) teamServerCount += countGrants(teamId);
      }
      return teamServerCount;
    },
    serverTools: (serverId) => {
      const rank = serverRanks.forward(serverId - 1);
      return Array.from({ length: serverSize(rank) }, (_, step) => tools.bundledTool(walk.at(rank, step)));
    },
    serverHasTool: (serverId, toolId) => {
      const index = tools.bundledIndex(toolId);
      return holds(serverRanks.forward(serverId - 1), index);
    },
    teamServers: (teamId) => grantsOf(teamId, serverOfRank),
    isGranted: (teamId, toolId) => {
      const index = tools.bundledIndex(toolId);
      return grantsOf(teamId, (rank) => rank).some((rank) => holds(rank, index));
    },
  };
}

/**
 * Servers bundle half of the tools, or as many as the largest server needs. The tools of larger teams stay out of them:
 * a user is in so many teams that it would see everything else, and a leak of scope could not be told.
 */
function catalogueSize(bundled: number, kept: readonly Bucket[]): number {
  const largest = Math.floor((kept.at(-1)?.high ?? 1) / grantsMax);
  return Math.min(bundled, Math.max(1, Math.floor(bundled / 2), largest));
}
