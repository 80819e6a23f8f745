import { createVerifier } from 'fast-jwt';
import { describe, expect, it } from 'vitest';
import type { CheckFailure, Operation } from '#model/operation.ts';
import type { Identity, PopulationPlan } from '#model/population-plan.ts';
import { createPopulation } from '#model/population.ts';
import { referenceSpeech } from './speech.ts';

const plan: PopulationPlan = {
  seed: 11,
  profile: 'distribution',
  users: 300,
  teams: 1_500,
  teamMembersMax: 150,
  tools: 200,
  servers: 20,
  gateways: 10,
  metricsRetentionDays: 7,
  metricsPerToolDay: 6,
  asOf: '2026-01-01',
};
const secret = 'the secret of these tests';
const population = createPopulation(plan);
const speech = referenceSpeech(plan, secret);
const user = identity(5);

describe('a request', () => {
  it('bears the user’s token, an administrator’s only where the operation takes one', () => {
    const verify = createVerifier({ key: secret, algorithms: ['HS256'] });
    const claims = (operation: Operation): unknown =>
      verify(speech.request(operation, user).headers['authorization']?.slice('Bearer '.length) ?? '');
    expect(claims({ kind: 'read-tool', toolId: 1 })).toMatchObject({ sub: 'user-5' });
    expect(claims({ kind: 'read-tool', toolId: 1 })).not.toHaveProperty('admin');
    expect(claims({ kind: 'team-members', teamId: 1, limit: 1 })).toMatchObject({ sub: 'user-5', admin: true });
    expect(claims({ kind: 'team-usage', timeframeDays: 90, limit: 1 })).toMatchObject({ admin: true });
  });

  it('is worded as R3.1 has it', () => {
    const path = (operation: Operation): string => speech.request(operation, user).path;
    expect(path({ kind: 'list-team-tools', teamId: 9, limit: 50 })).toBe('/v1/tools?scope=team:9&limit=50');
    expect(path({ kind: 'federation-aggregate', timeframeDays: 30 })).toBe(
      '/v1/federation/aggregate?regions=all&include_metrics=true&timeframe=30d',
    );
    expect(path({ kind: 'team-tools', teamId: 9, limit: 500 })).toBe(
      '/v1/teams/9/tools?include_private=true&limit=500',
    );
    expect(speech.request({ kind: 'share-tool', toolId: 3, teamId: 9 }, user)).toMatchObject({
      method: 'POST',
      path: '/v1/tools/3/share',
      body: '{"teamId":9}',
    });
  });
});

describe('a check', () => {
  const teamId = teamWith(3);
  const list: Operation = { kind: 'list-team-tools', teamId, limit: 50 };
  const right = seededToolsOf(teamId).slice(0, 50);

  it('passes a right list and hands its ids on', () => {
    expect(check(list, { tools: right.map(seeded) })).toEqual([]);
    expect(speech.check(list, user, answer({ tools: right.map(seeded) })).toolIds).toEqual(right);
  });

  it('passes tools that load created and shared to the team', () => {
    const limit = { ...list, limit: 1_000 };
    const all = seededToolsOf(teamId).map(seeded);
    expect(check(limit, { tools: [...all, created({ scope: 'team', teamId, ownerId: 9 })] })).toEqual([]);
    expect(
      kinds(check(limit, { tools: [...all, created({ scope: 'team', teamId: teamId + 1, ownerId: 9 })] })),
    ).toEqual(['scope']);
  });

  it('finds a list that lacks a seeded tool, is out of order or too long', () => {
    expect(kinds(check(list, { tools: right.slice(1).map(seeded) }))).toEqual(['shape']);
    expect(kinds(check(list, { tools: right.toReversed().map(seeded) }))).toEqual(['shape']);
    expect(kinds(check({ ...list, limit: 1 }, { tools: right.slice(0, 2).map(seeded) }))).toContain('shape');
  });

  it('finds a tool that the team must not see', () => {
    const foreign = allTools().find((id) => !seededToolsOf(teamId).includes(id)) ?? 0;
    const tools = [...right, foreign].sort((a, b) => a - b).map(seeded);
    expect(kinds(check({ ...list, limit: 1_000 }, { tools }))).toContain('scope');
  });

  it('finds a tool that this user must not see, seeded or created', () => {
    const hidden = allTools().find((id) => !isVisible(user.userId, id)) ?? 0;
    expect(hidden).toBeGreaterThan(0);
    expect(kinds(check({ kind: 'read-tool', toolId: hidden }, seeded(hidden)))).toEqual(['scope']);
    const tool = created({ scope: 'private', teamId: null, ownerId: 6 });
    expect(kinds(check({ kind: 'read-tool', toolId: tool.id }, tool))).toEqual(['scope']);
    expect(check({ kind: 'read-tool', toolId: tool.id }, { ...tool, ownerId: user.userId })).toEqual([]);
  });

  it('agrees with R2.2 on every tool for many users, whichever teams their identity names', () => {
    for (let userId = 1; userId <= 15; userId += 1) {
      for (const toolId of allTools()) {
        const failures = speech.check({ kind: 'read-tool', toolId }, identity(userId), answer(seeded(toolId))).failures;
        expect(failures.length === 0, `user ${userId}, tool ${toolId}`).toBe(isVisible(userId, toolId));
      }
    }
  });

  it('finds an export that leaves out what the user may see', () => {
    const visible = allTools().filter((id) => isVisible(user.userId, id));
    const operation: Operation = { kind: 'export-tools', toolIds: allTools() };
    expect(check(operation, { tools: visible.map(seeded), missing: [] })).toEqual([]);
    expect(kinds(check(operation, { tools: visible.slice(1).map(seeded), missing: [] }))).toEqual(['shape']);
  });

  it('finds anything but a global tool among those that a search found', () => {
    const global = allTools().find((id) => population.tool(id).scope === 'global') ?? 0;
    const scoped = allTools().find((id) => population.tool(id).scope === 'team') ?? 0;
    const search: Operation = { kind: 'search-tools', query: 'TOOL', limit: 10 };
    expect(check(search, { tools: [seeded(global)] })).toEqual([]);
    expect(kinds(check(search, { tools: [seeded(scoped)] }))).toEqual(['scope']);
    expect(kinds(check({ ...search, query: 'weather' }, { tools: [seeded(global)] }))).toEqual(['shape']);
  });

  it('finds a write that was not done as asked', () => {
    const mine = created({ scope: 'private', teamId: null, ownerId: user.userId });
    const create: Operation = { kind: 'create-tool', name: mine.name, description: mine.description };
    expect(kinds(check(create, mine, 201))).toEqual([]);
    expect(kinds(check(create, { ...mine, description: 'other' }, 201))).toEqual(['shape']);
    expect(kinds(check({ kind: 'update-tool', toolId: mine.id, description: 'new' }, mine))).toEqual(['shape']);
    expect(kinds(check({ kind: 'share-tool', toolId: mine.id, teamId: user.privateTeamId }, mine))).toEqual(['shape']);
  });

  it('finds members who are none, and members who are not there', () => {
    const operation: Operation = { kind: 'team-members', teamId, limit: 1_000 };
    const size = population.teamSize(teamId);
    const members = Array.from({ length: size }, (_, index) => member(population.member(teamId, index)));
    expect(check(operation, { members })).toEqual([]);
    expect(kinds(check(operation, { members: members.slice(1) }))).toEqual(['shape']);
    const outsider = Array.from({ length: plan.users }, (_, index) => index + 1).find(
      (id) => !population.isMember(id, teamId),
    );
    expect(kinds(check(operation, { members: [...members.slice(1), member(outsider ?? 0)] }))).toEqual(['scope']);
  });

  it('calls an answer partial when it says so, and wrong when it says so wrongly', () => {
    const operation: Operation = { kind: 'federated-tools', regions: ['us-east'], limit: 50 };
    const tools = [{ name: 'a', description: '', gatewayId: 7, region: 'us-east' }];
    const partial = { gateways: 2, partial: true, failedGateways: [1], tools };
    expect(speech.check(operation, user, answer(partial))).toMatchObject({ failures: [], partial: true });
    expect(kinds(check(operation, { ...partial, partial: false }))).toEqual(['shape']);
    expect(kinds(check(operation, { ...partial, tools: [{ ...tools[0], gatewayId: 2 }] }))).toEqual(['shape']);
  });

  it('looks no further than a wrong status, a body that is not JSON, or an unknown field', () => {
    expect(kinds(check(list, {}, 503))).toEqual(['status']);
    expect(kinds([...speech.check(list, user, { status: 200, headers: {}, body: '<html>' }).failures])).toEqual([
      'shape',
    ]);
    expect(kinds(check(list, { tools: right.map(seeded), more: 1 }))).toEqual(['shape']);
  });
});

const answer = (content: object, status = 200) => ({ status, headers: {}, body: JSON.stringify(content) });
const check = (operation: Operation, content: object, status = 200): readonly CheckFailure[] =>
  speech.check(operation, user, answer(content, status)).failures;
const kinds = (failures: readonly CheckFailure[]): string[] => failures.map(({ kind }) => kind);

function identity(userId: number): Identity {
  return {
    userId,
    privateTeamId: userId,
    teamIds: [],
    tokenSubject: `user-${userId}`,
    visibleTools: 0,
    visibleDigest: '',
  };
}

const dates = { createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' };

function seeded(toolId: number) {
  const { scope, ownerId, teamId = null } = population.tool(toolId);
  return { id: toolId, name: `tool ${toolId}`, description: 'seeded', scope, ownerId, teamId, ...dates };
}

function created(facts: { scope: 'private' | 'team'; teamId: number | null; ownerId: number }) {
  return { id: plan.tools + 1, name: 'created', description: 'by load', ...facts, ...dates };
}

const member = (userId: number) => ({ userId, name: 'A B', email: 'a@b.example', role: 'member' });

function allTools(): number[] {
  return Array.from({ length: plan.tools }, (_, index) => index + 1);
}

function seededToolsOf(teamId: number): number[] {
  return allTools().filter((id) => population.tool(id).teamId === teamId || population.isGranted(teamId, id));
}

/** A team that sees a few tools and has some members. */
function teamWith(members: number): number {
  for (let teamId = plan.users + 1; teamId <= plan.teams; teamId += 1) {
    const seen = seededToolsOf(teamId).length;
    if (population.teamSize(teamId) >= members && population.teamSize(teamId) < plan.users && seen >= 3 && seen < 100)
      return teamId;
  }
  throw new Error('no team is as wanted');
}

/** R2.2, word by word and without any of the short cuts under test. */
function isVisible(userId: number, toolId: number): boolean {
  const { scope, ownerId, teamId } = population.tool(toolId);
  if (scope === 'global' || ownerId === userId) return true;
  return Array.from({ length: plan.teams }, (_, index) => index + 1).some(
    (team) => population.isMember(userId, team) && (team === teamId || population.isGranted(team, toolId)),
  );
}
