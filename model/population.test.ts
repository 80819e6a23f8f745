import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planPopulation } from './plan-population.ts';
import type { PopulationPlan } from './population-plan.ts';
import { createPopulation, type Population } from './population.ts';
import { createTeamLayout } from './team-layout.ts';
import { waves, type WaveName } from './wave.ts';

const planOf = (wave: WaveName, changes: Partial<PopulationPlan> = {}): PopulationPlan => ({
  ...planPopulation(waves[wave], 1, { seed: 1, profile: 'distribution', isFederation: false }),
  ...changes,
});
const idsTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const membersOf = (population: Population, teamId: number): number[] =>
  Array.from({ length: population.teamSize(teamId) }, (_, index) => population.member(teamId, index));

/** Upper bounds of R2.2's buckets. */
const teamSizes = [5, 25, 100, 1_000, Infinity];
const toolsPerTeam = [10, 50, 200, 1_000];

/** How many of `sizes` are in each bucket. */
function countBuckets(highs: readonly number[], sizes: readonly number[]): number[] {
  return highs.map((high, index) => sizes.filter((size) => size > (highs[index - 1] ?? 0) && size <= high).length);
}

const smallPlans = fc
  .record({
    seed: fc.integer({ min: 0, max: 0xffff_ffff }),
    profile: fc.constantFrom('distribution' as const, 'rule-of-thumb' as const),
    users: fc.integer({ min: 1, max: 300 }),
    shared: fc.integer({ min: 0, max: 400 }),
    teamMembersMax: fc.integer({ min: 1, max: 400 }),
    tools: fc.integer({ min: 1, max: 400 }),
    servers: fc.integer({ min: 1, max: 40 }),
    gateways: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ shared, ...plan }) => ({
    ...plan,
    teams: plan.users + shared,
    metricsRetentionDays: 7,
    metricsPerToolDay: 6,
    asOf: '2026-01-01',
  }));

describe('team sizes', () => {
  it.each([
    ['smoke', 'distribution', 68_652],
    ['small', 'distribution', 1_373_023],
    ['medium', 'distribution', 13_849_196],
    ['large', 'distribution', 69_285_044],
    ['enterprise', 'distribution', 138_581_588],
    ['smoke', 'rule-of-thumb', 5_360],
    ['enterprise', 'rule-of-thumb', 5_360_000],
  ] as const)('of %s, profile %s, make %i memberships', (wave, profile, memberships) => {
    expect(createPopulation(planOf(wave, { profile })).membershipCount()).toBe(memberships);
  });

  it('are in the five buckets exactly by their shares, private teams being micro', () => {
    const plan = planOf('small');
    const population = createPopulation(plan);
    const sizes = idsTo(plan.teams).map((teamId) => population.teamSize(teamId));
    expect(countBuckets(teamSizes, sizes)).toEqual([30_000, 12_500, 5_000, 2_000, 500]);
    expect(sizes.slice(0, plan.users).every((size) => size === 1)).toBe(true);
    expect(population.remarks).toEqual([]);
    expect(Math.max(...sizes)).toBe(10_000);
  });

  it('are pinned at the cap, half of it, a quarter and an eighth for the first four', () => {
    const layout = createTeamLayout(planOf('enterprise'));
    const sizes = [0, 1, 2, 3].map((rank) => layout.teamSize(layout.teamOfRank(rank)));
    expect(sizes).toEqual([1_000_000, 500_000, 250_000, 125_000]);
  });

  it('fold what the wave is too small for into the largest bucket that fits, and say so', () => {
    const plan = planOf('smoke');
    const population = createPopulation(plan);
    const sizes = idsTo(plan.teams).map((teamId) => population.teamSize(teamId));
    expect(countBuckets(teamSizes, sizes)).toEqual([3_000, 1_250, 500, 250, 0]);
    expect(Math.max(...sizes)).toBe(500);
    expect(population.remarks[0]).toContain('its 1 % is folded into large');
  });

  it('are refused when users have no room for their private teams', () => {
    expect(() => createPopulation(planOf('smoke', { teams: 999 }))).toThrow('too few');
  });
});

describe('members', () => {
  it('are distinct, real users, and exactly those that isMember says', () => {
    fc.assert(
      fc.property(smallPlans, fc.nat(), (plan, pick) => {
        const population = createPopulation(plan);
        const teamId = 1 + (pick % plan.teams);
        const members = membersOf(population, teamId);
        const said = idsTo(plan.users).filter((userId) => population.isMember(userId, teamId));
        expect(members.toSorted((a, b) => a - b)).toEqual(said);
      }),
    );
  });

  it('of the largest enterprise team are all users', () => {
    const plan = planOf('enterprise');
    const layout = createTeamLayout(plan);
    const teamId = layout.teamOfRank(0);
    expect(layout.teamSize(teamId)).toBe(plan.users);
    const members = new Uint8Array(plan.users + 1);
    for (let index = 0; index < plan.users; index += 1) members[layout.member(teamId, index)] = 1;
    expect(members.reduce((sum, isMember) => sum + isMember, 0)).toBe(plan.users);
  });

  it('own their private teams alone', () => {
    const population = createPopulation(planOf('small'));
    expect(population.teamKind(77)).toBe('private');
    expect(membersOf(population, 77)).toEqual([77]);
    expect(population.teamKind(10_001)).toBe('shared');
  });

  it('are so skewed at enterprise that 100 users are in 1,000 teams and more', () => {
    const layout = createTeamLayout(planOf('enterprise'));
    expect(layout.connectors).toBeGreaterThanOrEqual(100);
    // Ranks go from large to small, and connector c sits in every team of rank ≡ c − 1 that has two members and is no
    // block over all users, as only the very first are.
    const teamsEach = 1_000;
    const lastRank = layout.connectors * (teamsEach + 10);
    expect(layout.teamSize(layout.teamOfRank(lastRank))).toBeGreaterThanOrEqual(2);
    for (const connector of [1, 50, 100]) {
      const ranks = Array.from({ length: teamsEach }, (_, round) => connector - 1 + (round + 10) * layout.connectors);
      expect(ranks.every((rank) => layout.isMember(connector, layout.teamOfRank(rank)))).toBe(true);
    }
  });
});

describe('tools', () => {
  it('are private, team and global by 20/60/20 exactly', () => {
    const plan = planOf('medium');
    const population = createPopulation(plan);
    const scopes = idsTo(plan.tools).map((toolId) => population.tool(toolId).scope);
    const count = (scope: string): number => scopes.filter((other) => other === scope).length;
    expect([count('private'), count('team'), count('global')]).toEqual([500, 1_500, 500]);
  });

  it('have an owner, and a team exactly when of scope team: a shared one that the owner is in', () => {
    fc.assert(
      fc.property(smallPlans, fc.nat(), (plan, pick) => {
        const population = createPopulation(plan);
        const { scope, ownerId, teamId } = population.tool(1 + (pick % plan.tools));
        expect(ownerId).toBeGreaterThanOrEqual(1);
        expect(ownerId).toBeLessThanOrEqual(plan.users);
        expect(teamId !== undefined).toBe(scope === 'team');
        if (teamId === undefined) return;
        expect(population.teamKind(teamId)).toBe('shared');
        expect(population.isMember(ownerId, teamId)).toBe(true);
      }),
    );
  });
});

describe('servers', () => {
  it('are granted to all teams so that tools per team are in the four buckets exactly by their shares', () => {
    const plan = planOf('small');
    const population = createPopulation(plan);
    const toolsOf = idsTo(plan.servers).map((serverId) => population.serverTools(serverId));
    const unions = idsTo(plan.teams).map(
      (teamId) => new Set(population.teamServers(teamId).flatMap((serverId) => toolsOf[serverId - 1] ?? [])).size,
    );
    expect(countBuckets(toolsPerTeam, unions)).toEqual([25_000, 15_000, 7_500, 2_500]);
  });

  it('hold distinct tools, none of them private, exactly those that serverHasTool says', () => {
    fc.assert(
      fc.property(smallPlans, fc.nat(), (plan, pick) => {
        const population = createPopulation(plan);
        const serverId = 1 + (pick % plan.servers);
        const tools = population.serverTools(serverId);
        const said = idsTo(plan.tools).filter((toolId) => population.serverHasTool(serverId, toolId));
        expect(tools.toSorted((a, b) => a - b)).toEqual(said);
        expect(tools.some((toolId) => population.tool(toolId).scope === 'private')).toBe(false);
      }),
    );
  });

  it('are one to three a team, distinct, and grant what isGranted says', () => {
    fc.assert(
      fc.property(smallPlans, fc.nat(), (plan, pick) => {
        const population = createPopulation(plan);
        const teamId = 1 + (pick % plan.teams);
        const servers = population.teamServers(teamId);
        expect(servers.length).toBeGreaterThanOrEqual(1);
        expect(new Set(servers).size).toBe(servers.length);
        const granted = new Set(servers.flatMap((serverId) => population.serverTools(serverId)));
        const said = idsTo(plan.tools).filter((toolId) => population.isGranted(teamId, toolId));
        expect(new Set(said)).toEqual(granted);
      }),
    );
  });

  it('are counted as they are listed', () => {
    fc.assert(
      fc.property(smallPlans, (plan) => {
        const population = createPopulation(plan);
        const tools = idsTo(plan.servers).flatMap((serverId) => population.serverTools(serverId));
        const grants = idsTo(plan.teams).flatMap((teamId) => population.teamServers(teamId));
        const members = idsTo(plan.teams).flatMap((teamId) => membersOf(population, teamId));
        expect(population.serverToolCount()).toBe(tools.length);
        expect(population.teamServerCount()).toBe(grants.length);
        expect(population.membershipCount()).toBe(members.length);
      }),
      { numRuns: 25 },
    );
  });
});

describe('gateways', () => {
  const population = createPopulation(planOf('enterprise'));
  const gateways = idsTo(100);

  it('are spread over the six regions as 17, 17, 17, 17, 16, 16', () => {
    const counts = new Map<string, number>();
    for (const gatewayId of gateways) {
      const region = population.gatewayRegion(gatewayId);
      counts.set(region, (counts.get(region) ?? 0) + 1);
    }
    expect([...counts.values()].sort()).toEqual([16, 16, 17, 17, 17, 17]);
  });

  it('follow the patterns by 40/30/20/10 and link to others of their own pattern only', () => {
    const patterns = gateways.map((gatewayId) => population.gatewayPattern(gatewayId));
    const count = (pattern: string): number => patterns.filter((other) => other === pattern).length;
    expect(['hub-spoke', 'full-mesh', 'tiered', 'isolated'].map(count)).toEqual([40, 30, 20, 10]);
    for (const gatewayId of gateways) {
      const peers = population.gatewayPeers(gatewayId);
      expect(peers).not.toContain(gatewayId);
      expect(peers.every((peer) => population.gatewayPattern(peer) === population.gatewayPattern(gatewayId))).toBe(
        true,
      );
    }
    // Four hubs with nine spokes and back, thirty by twenty-nine, a tree of twenty.
    const links = gateways.reduce((sum, gatewayId) => sum + population.gatewayPeers(gatewayId).length, 0);
    expect(links).toBe(4 * 9 * 2 + 30 * 29 + 19);
  });
});

it('is another population with another seed, and the same with the same', () => {
  const facts = (seed: number): unknown[] => {
    const population = createPopulation(planOf('smoke', { seed }));
    return idsTo(50).map((id) => [population.tool(id), population.teamServers(id), population.member(1_000 + id, 0)]);
  };
  expect(facts(5)).toEqual(facts(5));
  expect(facts(5)).not.toEqual(facts(6));
});
