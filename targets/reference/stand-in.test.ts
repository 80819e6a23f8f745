import { describe, expect, it } from 'vitest';
import type { Operation } from '#model/operation.ts';
import type { Identity, PopulationPlan } from '#model/population-plan.ts';
import { createPopulation } from '#model/population.ts';
import { referenceSpeech } from './speech.ts';
import { createStandIn } from './stand-in.ts';

const plan: PopulationPlan = {
  ...{ seed: 5, profile: 'distribution', users: 200, teams: 1_000, teamMembersMax: 50, tools: 100, servers: 10 },
  ...{ gateways: 10, metricsRetentionDays: 7, metricsPerToolDay: 6, asOf: '2026-01-01' },
};
const population = createPopulation(plan);
const speech = referenceSpeech(plan, 'a secret');

function identity(userId: number): Identity {
  const places = { privateTeamId: userId, teamIds: [], tokenSubject: `user-${userId}` };
  return { userId, ...places, visibleTools: 0, visibleDigest: '' };
}

/** What the target's own check makes of an answer. */
function ask(answer: ReturnType<typeof createStandIn>, operation: Operation, user = identity(7)) {
  const { method, path, body = '' } = speech.request(operation, user);
  const [status, text] = answer({ method, path, userId: user.userId, body });
  return speech.check(operation, user, { status, headers: {}, body: text });
}

describe('the stand-in', () => {
  it('answers every read so that the check has nothing against it', () => {
    const answer = createStandIn(population);
    const teamIds = Array.from({ length: 200 }, (_, index) => 801 + index);
    const reads: Operation[] = [
      ...teamIds.map((teamId) => ({ kind: 'list-team-tools', teamId, limit: 50 }) as const),
      ...teamIds.map((teamId) => ({ kind: 'team-tools', teamId, limit: 500 }) as const),
      ...teamIds.map((teamId) => ({ kind: 'team-members', teamId, limit: 1_000 }) as const),
      ...['weather', 'analyze'].map((query) => ({ kind: 'search-tools', query, limit: 100 }) as const),
      { kind: 'federated-tools', regions: ['us-east', 'eu-central'], limit: 50 },
      { kind: 'federation-aggregate', timeframeDays: 30 },
      { kind: 'team-usage', timeframeDays: 90, limit: 10_000 },
    ];
    for (const operation of reads) expect(ask(answer, operation).failures, operation.kind).toEqual([]);
    expect(ask(answer, { kind: 'search-tools', query: 'weather', limit: 100 }).toolIds.length).toBeGreaterThan(0);
  });

  it('keeps what is written, shows it where it was shared, and forgets it when it is deleted', () => {
    const answer = createStandIn(population);
    const list: Operation = { kind: 'list-team-tools', teamId: 900, limit: 50 };
    const created = ask(answer, { kind: 'create-tool', name: 'a', description: 'b' });
    const [toolId = 0] = created.toolIds;
    const listed = ask(answer, list).toolIds;
    const writes: Operation[] = [
      { kind: 'update-tool', toolId, description: 'c' },
      { kind: 'share-tool', toolId, teamId: 900 },
      { kind: 'export-tools', toolIds: [toolId] },
    ];
    expect(created.failures).toEqual([]);
    for (const operation of writes) expect(ask(answer, operation).failures, operation.kind).toEqual([]);
    expect(ask(answer, list)).toMatchObject({ failures: [], toolIds: [...listed, toolId] });
    expect(ask(answer, { kind: 'delete-tool', toolId }).failures).toEqual([]);
    expect(ask(answer, list).toolIds).toEqual(listed);
    expect(ask(answer, { kind: 'read-tool', toolId }).failures).toMatchObject([{ kind: 'status' }]);
  });
});
