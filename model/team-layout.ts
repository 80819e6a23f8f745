import { createAffineWalk } from './affine-walk.ts';
import type { PopulationPlan } from './population-plan.ts';
import { createPermutation, hash32 } from './random.ts';
import { apportion, type Bucket, foldBuckets, locate } from './shares.ts';

/** Requirement R2.2, profile `distribution`: over all teams, private ones included. */
const teamSizeBuckets: readonly Bucket[] = [
  { name: 'micro', low: 1, high: 5, share: 0.6 },
  { name: 'small', low: 6, high: 25, share: 0.25 },
  { name: 'medium', low: 26, high: 100, share: 0.1 },
  { name: 'large', low: 101, high: 1_000, share: 0.04 },
  { name: 'enterprise', low: 1_001, high: Number.MAX_SAFE_INTEGER, share: 0.01 },
];

/** Profile `rule-of-thumb`: of the shared teams alone; 1.09 members on average, so a user is in about 4.4 of them. */
const ruleOfThumbBuckets: readonly Bucket[] = [
  { name: 'teams of one', low: 1, high: 1, share: 0.94 },
  { name: 'teams of two', low: 2, high: 2, share: 0.05 },
  { name: 'teams of five', low: 5, high: 5, share: 0.01 },
];

/** The largest teams have the cap, half of it, a quarter and an eighth (R2.2). */
const pinnedTeams = 4;

export interface TeamLayout {
  readonly remarks: readonly string[];
  readonly sharedTeams: number;
  /** Users 1…connectors sit in one of every `connectors` teams of two and more. */
  readonly connectors: number;
  membershipCount(): number;
  /** Shared teams from large to small, the largest has rank 0; only the pinned ones after it may be out of order. */
  teamOfRank(rank: number): number;
  teamSize(teamId: number): number;
  member(teamId: number, index: number): number;
  fillMembers(part: MemberPart, into: Float64Array, at: number): void;
  isMember(userId: number, teamId: number): boolean;
}

/** Members `first`…`first` + `count` − 1 of a team. */
export interface MemberPart {
  readonly teamId: number;
  readonly first: number;
  readonly count: number;
}

/**
 * Who is in which team. Shared teams are ranked by size through a permutation; members of a team are a block of an
 * affine walk over the ordinary users, and member 1 is a connector (R2.2: popularity is skewed). A team with more
 * members than there are ordinary users is a block over all users instead.
 */
export function createTeamLayout(plan: PopulationPlan): TeamLayout {
  const { users, teams, seed } = plan;
  if (teams < users) throw new Error(`each user owns a private team: ${teams} teams are too few for ${users} users`);
  const sharedTeams = teams - users;
  const sizes = planTeamSizes(plan);
  const ranks = createPermutation(Math.max(1, sharedTeams), hash32(seed, 101));
  const connectors = Math.max(1, Math.floor(users / 1_000));
  const ordinary = users - connectors;
  const overOrdinary = createAffineWalk(Math.max(1, ordinary), hash32(seed, 102));
  const overAll = createAffineWalk(users, hash32(seed, 103));
  const rankOf = (teamId: number): number => ranks.forward(teamId - users - 1);
  // Members of one team are asked for one after the other: what was last computed of a team is kept.
  let last = { teamId: 0, rank: 0, size: 0 };
  const describe = (teamId: number): typeof last => {
    if (last.teamId !== teamId) {
      const rank = rankOf(teamId);
      last = { teamId, rank, size: sizes.sizeOfRank(rank) };
    }
    return last;
  };
  const memberOf = (teamId: number, index: number): number => {
    if (teamId <= users) return teamId;
    const { rank, size } = describe(teamId);
    if (blockOf(size) > ordinary) return 1 + overAll.at(rank, index);
    if (index === 1) return 1 + (rank % connectors);
    return 1 + connectors + overOrdinary.at(rank, index === 0 ? 0 : index - 1);
  };
  let memberships: number | undefined;

  return {
    remarks: sizes.remarks,
    sharedTeams,
    connectors,
    membershipCount: () => {
      memberships ??= users + sizes.sum();
      return memberships;
    },
    teamOfRank: (rank) => users + 1 + ranks.inverse(rank),
    teamSize: (teamId) => (teamId <= users ? 1 : describe(teamId).size),
    member: memberOf,
    fillMembers: ({ teamId, first, count }, into, at) => {
      if (teamId <= users) {
        into[at] = teamId;
        return;
      }
      const { rank, size } = describe(teamId);
      if (blockOf(size) > ordinary) {
        overAll.fill({ key: rank, step: first, count }, into, { from: at, add: 1 });
        return;
      }
      // The owner and the connector; all others are a block from its second step on.
      const named = Math.max(0, Math.min(2 - first, count));
      for (let index = 0; index < named; index += 1) into[at + index] = memberOf(teamId, first + index);
      if (count === named) return;
      const block = { key: rank, step: first + named - 1, count: count - named };
      overOrdinary.fill(block, into, { from: at + named, add: 1 + connectors });
    },
    isMember: (userId, teamId) => {
      if (teamId <= users) return userId === teamId;
      const { rank, size } = describe(teamId);
      if (blockOf(size) > ordinary) return overAll.stepOf(rank, userId - 1) < size;
      if (userId <= connectors) return size > 1 && userId === 1 + (rank % connectors);
      return overOrdinary.stepOf(rank, userId - 1 - connectors) < blockOf(size);
    },
  };
}

/** Ordinary members: all but the connector that a team of two and more has. */
const blockOf = (size: number): number => Math.max(1, size - 1);

interface TeamSizes {
  readonly remarks: string[];
  sizeOfRank(rank: number): number;
  /** Of all shared teams. */
  sum(): number;
}

/** Sizes of the shared teams by rank: bucket shares are exact, sizes in a bucket are quantiles (R2.2). */
function planTeamSizes(plan: PopulationPlan): TeamSizes {
  const cap = Math.min(plan.teamMembersMax, plan.users);
  const isDistribution = plan.profile === 'distribution';
  const { kept, remarks } = foldBuckets(
    isDistribution ? teamSizeBuckets : ruleOfThumbBuckets,
    (bucket) => bucket.low <= cap,
    (bucket) => `Team size: no team of ${bucket.name} (from ${bucket.low} members) fits a cap of ${cap} members`,
  );
  if (!isDistribution) {
    remarks.unshift(
      'Profile rule-of-thumb: of the shared teams 94 % have one member, 5 % two and 1 % five; no bucket shares are kept.',
    );
  }
  const counts = isDistribution
    ? countSharedTeams(plan, kept, remarks)
    : apportion(plan.teams - plan.users, shares(kept));
  const largestFirst = kept.map((bucket, index) => ({ bucket, count: counts[index] ?? 0 })).reverse();
  const parts = largestFirst.map(({ count }) => count);
  const top = parts.findIndex((count) => count > 0);
  const pinned = isDistribution ? Math.min(pinnedTeams, parts[top] ?? 0) : 0;
  const sizeAt = (part: number, position: number): number => {
    const { bucket, count } = largestFirst[part] ?? { bucket: { low: 1, high: 1 }, count: 1 };
    if (part !== top) return paretoQuantile(bucket, cap, (position + 0.5) / count);
    if (position < pinned) return Math.max(bucket.low, Math.floor(cap / 2 ** position));
    return paretoQuantile(bucket, cap, (position - pinned + 0.5) / (count - pinned));
  };
  return {
    remarks,
    sizeOfRank: (rank) => {
      const { part, position } = locate(parts, rank);
      return sizeAt(part, position);
    },
    sum: () => {
      let sum = 0;
      parts.forEach((count, part) => {
        for (let position = 0; position < count; position += 1) sum += sizeAt(part, position);
      });
      return sum;
    },
  };
}

const shares = (buckets: readonly Bucket[]): number[] => buckets.map((bucket) => bucket.share);

/** Shares hold over all teams, and the private ones are micro: the shared ones fill up what is left. */
function countSharedTeams(plan: PopulationPlan, kept: readonly Bucket[], remarks: string[]): number[] {
  const [micro = 0, ...others] = apportion(plan.teams, shares(kept));
  if (micro >= plan.users) return [micro - plan.users, ...others];
  remarks.push(
    'Team size: private teams alone are more than the share of micro; the shared teams keep the other shares.',
  );
  const shared = plan.teams - plan.users;
  return kept.length === 1 ? [shared] : [0, ...apportion(shared, shares(kept.slice(1)))];
}

/** The size that `share` of a bucket's teams exceed: bounded Pareto, exponent 3, in whole members. */
function paretoQuantile(bucket: Pick<Bucket, 'low' | 'high'>, cap: number, share: number): number {
  const high = Math.min(bucket.high, cap);
  const ratio = bucket.low / high;
  return Math.floor(bucket.low / Math.cbrt(share + (1 - share) * ratio ** 3));
}
