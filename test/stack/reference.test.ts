import { createSigner } from 'fast-jwt';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedMocks, startMocks } from '#mocks/cluster.ts';
import { digestIds } from '#model/digest.ts';
import type { CheckedResponse, HttpResponse, Operation } from '#model/operation.ts';
import type { Identity, PopulationPlan } from '#model/population-plan.ts';
import { createPopulation, type Population } from '#model/population.ts';
import { regionOfGateway } from '#model/region.ts';
import { finishSeed } from '#seeding/finish.ts';
import { readIdentities } from '#seeding/identities.ts';
import { prepareSeed } from '#seeding/prepare.ts';
import { seedShards } from '#seeding/seed.ts';
import { GatewayOptions } from '#targets/reference/gateway/options.ts';
import { type StartedGateway, startGateway } from '#targets/reference/gateway/server.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './temporary-postgres.ts';
import { startTemporaryRedis, type TemporaryRedis } from './temporary-redis.ts';

const plan: PopulationPlan = {
  seed: 7,
  profile: 'distribution',
  users: 200,
  teams: 1_000,
  teamMembersMax: 100,
  tools: 120,
  servers: 12,
  gateways: 12,
  metricsRetentionDays: 7,
  metricsPerToolDay: 6,
  asOf: '2026-01-01',
};
const secret = 'a secret of this test only';

let folder: string;
let postgres: TemporaryPostgres;
let redis: TemporaryRedis;
let mocks: StartedMocks;
let gateways: StartedGateway[] = [];
let identities: Identity[];
let population: Population;
const speech = referenceTarget.speech(plan, secret);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-reference-'));
  writeFileSync(join(folder, 'secret'), secret);
  [postgres, redis, mocks] = await Promise.all([startTemporaryPostgres(), startTemporaryRedis(), startTenMocks()]);
  const seeding = { databaseUrl: postgres.databaseUrl, plan, schema: referenceTarget.schema };
  await prepareSeed({ ...seeding, reset: false });
  await seedShards({ ...seeding, onProgress: () => undefined, signal: AbortSignal.timeout(60_000) });
  await finishSeed({ ...seeding, parallel: 2 });
  identities = await readIdentities({ ...seeding, count: 60 });
  population = createPopulation(plan);
  gateways = await Promise.all(['gateway-1', 'gateway-2'].map((instance) => startGateway(optionsOf(instance))));
  await untilReady();
});

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await Promise.all([mocks.close(), redis.stop(), postgres.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

describe('every operation', () => {
  it('of R3.1 is answered rightly by either instance', async () => {
    for (const [index, user] of identities.slice(0, 20).entries()) {
      for (const operation of reads(user)) {
        const { failures } = await ask(operation, user, index % 2);
        expect(failures, operation.kind).toEqual([]);
      }
    }
  });

  it('refuses what is not signed, not signed with this secret, or signed for nobody', async () => {
    const sign = createSigner({ key: 'another secret', algorithm: 'HS256' });
    const signNobody = createSigner({ key: secret, algorithm: 'HS256' });
    const tokens = [
      undefined,
      'Bearer x',
      `Bearer ${sign({ sub: 'user-1' })}`,
      `Bearer ${signNobody({ sub: 'user-999999' })}`,
    ];
    for (const authorization of tokens) {
      const response = await fetch(url('/v1/tools?scope=visible'), { headers: authorization ? { authorization } : {} });
      expect(response.status).toBe(401);
    }
  });

  it('refuses bad input with 400 and what is not there with 404', async () => {
    const user = at(identities, 0);
    const headers = speech.request({ kind: 'read-tool', toolId: 1 }, user).headers;
    const status = async (path: string): Promise<number> => (await fetch(url(path), { headers })).status;
    expect(await status('/v1/tools?scope=everything')).toBe(400);
    expect(await status('/v1/tools?scope=visible&limit=100000')).toBe(400);
    expect(await status('/v1/tools/search')).toBe(400);
    expect(await status('/v1/tools/0')).toBe(400);
    expect(await status('/v1/federation/tools?regions=atlantis')).toBe(400);
    expect(await status('/v1/tools/2000000000')).toBe(404);
    expect(await status('/v1/nothing')).toBe(404);
  });

  it('is published as OpenAPI, and the administrators’ are refused to others', async () => {
    const published = (await (await fetch(url('/openapi.json'))).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(published.paths)).toEqual(
      expect.arrayContaining(['/v1/tools', '/v1/tools/{id}/share', '/v1/federation/aggregate', '/v1/analytics/usage']),
    );
    const { headers } = speech.request({ kind: 'read-tool', toolId: 1 }, at(identities, 0));
    expect((await fetch(url('/v1/analytics/usage'), { headers })).status).toBe(403);
    expect((await fetch(url('/v1/cache'), { method: 'DELETE', headers })).status).toBe(403);
  });
});

describe('scope', () => {
  it('lists to each user exactly the set that the population says it may see', async () => {
    for (const user of identities) {
      const seen = await visibleIds(user);
      expect(seen.length).toBe(user.visibleTools);
      expect(digestIds(seen)).toBe(user.visibleDigest);
    }
  });

  it('answers 200 or 403 for each pair of user and tool as the list does', async () => {
    for (const user of identities.slice(0, 25)) {
      const seen = new Set(await visibleIds(user));
      for (let toolId = 1; toolId <= plan.tools; toolId += 1) {
        const response = await send({ kind: 'read-tool', toolId }, user, toolId % 2);
        expect(response.status, `user ${user.userId}, tool ${toolId}`).toBe(seen.has(toolId) ? 200 : 403);
        if (response.status === 200) {
          expect(speech.check({ kind: 'read-tool', toolId }, user, response).failures).toEqual([]);
        }
      }
    }
  });

  it('keeps the lists of a team from who is no member', async () => {
    const user = at(identities, 0);
    for (let teamId = 1; teamId <= plan.teams; teamId += 37) {
      const response = await send({ kind: 'list-team-tools', teamId, limit: 50 }, user);
      expect(response.status).toBe(population.isMember(user.userId, teamId) ? 200 : 403);
    }
  });

  it('exports what the user may see, and names the rest as missing', async () => {
    const user = at(identities, 1);
    const seen = await visibleIds(user);
    const all = Array.from({ length: plan.tools }, (_, index) => index + 1);
    const { failures, toolIds } = await ask({ kind: 'export-tools', toolIds: all }, user);
    expect(failures).toEqual([]);
    expect(toolIds).toEqual(seen);
  });
});

describe('a write', () => {
  it('is seen on the other instance as soon as it is answered', async () => {
    const user = withTeam();
    const teamId = at(user.teamIds, 0);
    const list: Operation = { kind: 'list-team-tools', teamId, limit: 1_000 };
    for (let round = 0; round < 10; round += 1) {
      const [toolId = 0] = (await ask({ kind: 'create-tool', name: `new ${round}`, description: 'one' }, user, 0))
        .toolIds;
      expect((await ask({ kind: 'list-visible-tools', afterId: toolId - 1, limit: 10 }, user, 1)).toolIds).toEqual([
        toolId,
      ]);
      expect((await ask(list, user, 1)).toolIds).not.toContain(toolId);
      expect((await ask({ kind: 'share-tool', toolId, teamId }, user, 0)).failures).toEqual([]);
      expect((await ask(list, user, 1)).toolIds).toContain(toolId);
      expect(await descriptionOf(toolId, user, 1)).toBe('one');
      await ask({ kind: 'update-tool', toolId, description: 'two' }, user, 0);
      expect(await descriptionOf(toolId, user, 1)).toBe('two');
      expect((await send({ kind: 'delete-tool', toolId }, user, 0)).status).toBe(204);
      expect((await send({ kind: 'read-tool', toolId }, user, 1)).status).toBe(404);
      expect((await ask(list, user, 1)).toolIds).not.toContain(toolId);
    }
  });

  it('takes the owner, and to share it a member of the team', async () => {
    const [owner, other] = [at(identities, 2), at(identities, 3)];
    const [toolId = 0] = (await ask({ kind: 'create-tool', name: 'mine', description: 'one' }, owner)).toolIds;
    expect((await send({ kind: 'read-tool', toolId }, other, 1)).status).toBe(403);
    expect((await send({ kind: 'update-tool', toolId, description: 'x' }, other)).status).toBe(403);
    expect((await send({ kind: 'delete-tool', toolId }, other)).status).toBe(403);
    expect((await send({ kind: 'share-tool', toolId, teamId: other.privateTeamId }, owner)).status).toBe(403);
    expect((await ask({ kind: 'list-visible-tools', afterId: toolId - 1, limit: 10 }, other)).toolIds).toEqual([]);
    expect((await send({ kind: 'delete-tool', toolId }, owner)).status).toBe(204);
  });

  it('is right while Redis is away, and after it has come back', async () => {
    const user = at(identities, 4);
    const [toolId = 0] = (await ask({ kind: 'create-tool', name: 'kept', description: '0' }, user)).toolIds;
    expect(await descriptionOf(toolId, user, 1)).toBe('0');
    await redis.kill();
    await ask({ kind: 'update-tool', toolId, description: 'away' }, user, 0);
    expect(await descriptionOf(toolId, user, 1)).toBe('away');
    expect((await fetch(url('/ready', 1))).status).toBe(503);
    await redis.start();
    await untilReady();
    for (let round = 0; round < 20; round += 1) {
      await ask({ kind: 'update-tool', toolId, description: `back ${round}` }, user, round % 2);
      expect(await descriptionOf(toolId, user, (round + 1) % 2)).toBe(`back ${round}`);
    }
    await ask({ kind: 'delete-tool', toolId }, user);
  });

  it('never leaves an old value behind, however reads and writes overlap', async () => {
    const user = at(identities, 5);
    const [toolId = 0] = (await ask({ kind: 'create-tool', name: 'busy', description: '0' }, user)).toolIds;
    let isWriting = true;
    const read = async (instance: number): Promise<void> => {
      while (isWriting) await descriptionOf(toolId, user, instance);
    };
    const readers = [read(0), read(0), read(1), read(1)];
    for (let round = 1; round <= 100; round += 1) {
      await ask({ kind: 'update-tool', toolId, description: String(round) }, user, round % 2);
      const seen = await Promise.all([descriptionOf(toolId, user, 0), descriptionOf(toolId, user, 1)]);
      expect(seen).toEqual([String(round), String(round)]);
    }
    isWriting = false;
    await Promise.all(readers);
    await ask({ kind: 'delete-tool', toolId }, user);
  });
});

describe('federation', () => {
  const user = (): Identity => at(identities, 0);

  it('answers in part when gateways fail, and names them', async () => {
    await scenario({ failureRate: 1 });
    await setTimeout(5_100);
    const response = await send({ kind: 'federated-tools', regions: ['us-east'], limit: 50 }, user());
    expect(JSON.parse(response.body)).toMatchObject({ partial: true, failedGateways: [1, 7], tools: [] });
    await scenario({ failureRate: 0 });
    const whole = await ask({ kind: 'federated-tools', regions: ['us-east'], limit: 50 }, user());
    expect(whole).toMatchObject({ failures: [], partial: false });
  });
});

describe('a planted defect', () => {
  let spoiled: StartedGateway;
  let instance = 0;
  beforeAll(async () => {
    const planted = [
      { name: 'lost-write', amount: 2 },
      { name: 'scope-leak', amount: 3 },
      { name: 'connection-leak', amount: 120 },
    ];
    spoiled = await startGateway(optionsOf('gateway-3', { planted, seed: 7 }));
    gateways.push(spoiled);
    instance = gateways.length - 1;
  });
  afterAll(async () => {
    gateways.pop();
    await spoiled.close();
  });

  it('loses one acknowledged creation in so many, and a gateway without it none', async () => {
    const user = at(identities, 7);
    const lostOn = async (of: number): Promise<number> => {
      const made: number[] = [];
      for (let index = 0; index < 10; index += 1)
        made.push(...(await ask({ kind: 'create-tool', name: `kept ${index}`, description: 'one' }, user, of)).toolIds);
      const statuses = await Promise.all(made.map((toolId) => send({ kind: 'delete-tool', toolId }, user, 0)));
      return statuses.filter(({ status }) => status === 404).length;
    };
    expect(await lostOn(instance)).toBe(5);
    expect(await lostOn(0)).toBe(0);
  });

  it('shows a tool of another team in one list in so many, which the check of answers names', async () => {
    const user = withTeam();
    const list: Operation = { kind: 'list-team-tools', teamId: at(user.teamIds, 0), limit: 1_000 };
    const leaksOn = async (of: number): Promise<number> => {
      const answers: CheckedResponse[] = [];
      for (let index = 0; index < 9; index += 1) answers.push(await ask(list, user, of));
      return answers.filter(({ failures }) => failures.some(({ kind }) => kind === 'scope')).length;
    };
    expect(await leaksOn(instance)).toBe(3);
    expect(await leaksOn(0)).toBe(0);
  });

  it('keeps database connections past its pool, which stay there until it ends', async () => {
    await setTimeout(2_000);
    const client = new Client({ connectionString: postgres.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ count: number }>(
      "SELECT count(*)::int4 AS count FROM pg_stat_activity WHERE application_name = 'gateway-3' AND query = ''",
    );
    await client.end();
    expect(rows[0]?.count).toBeGreaterThanOrEqual(3);
  });
});

describe('the gateway', () => {
  it('tells of itself under every name that it is probed for', async () => {
    const address = { gatewayUrls: gateways.map(({ port }) => `http://127.0.0.1:${port}`) };
    const probes = referenceTarget.probes(address as Parameters<typeof referenceTarget.probes>[0]);
    expect(probes.map(({ role }) => role)).toEqual(['gateway-1', 'gateway-2']);
    const text = await (await fetch(at(probes, 0).url)).text();
    for (const { name } of at(probes, 0).series) expect(text).toMatch(new RegExp(`^${name}[ {]`, 'm'));
    expect(text).toMatch(/gateway_cache_hits_total{level="l1"} [1-9]/);
    expect(text).toMatch(/gateway_cache_hits_total{level="l2"} [1-9]/);
  });

  it('forgets what it has cached when told to, on every instance', async () => {
    const user = at(identities, 6);
    const [toolId = 0] = (await ask({ kind: 'create-tool', name: 'reseeded', description: 'old' }, user)).toolIds;
    expect(await Promise.all([descriptionOf(toolId, user, 0), descriptionOf(toolId, user, 1)])).toEqual(['old', 'old']);
    const client = new Client({ connectionString: postgres.databaseUrl });
    await client.connect();
    await client.query('UPDATE gateway.tools SET description = $1 WHERE id = $2', ['new', toolId]);
    await client.end();
    expect(await descriptionOf(toolId, user, 1)).toBe('old');
    const address = { gatewayUrls: gateways.map(({ port }) => `http://127.0.0.1:${port}`) };
    await referenceTarget.forget(address as Parameters<typeof referenceTarget.forget>[0], secret);
    expect(await Promise.all([descriptionOf(toolId, user, 0), descriptionOf(toolId, user, 1)])).toEqual(['new', 'new']);
    await ask({ kind: 'delete-tool', toolId }, user);
  });
});

const optionsOf = (instance: string, defects: object = {}): GatewayOptions =>
  GatewayOptions.parse({
    port: 0,
    instance,
    databaseUrl: postgres.databaseUrl,
    redisUrl: redis.redisUrl,
    secretFile: join(folder, 'secret'),
    peers: mocks.urls.map((url, index) => ({ gatewayId: index + 1, url, region: regionOfGateway(index + 1) })),
    l1BytesMax: 16 * 1_048_576,
    databasePoolMax: 5,
    defects,
  });

function startTenMocks(): Promise<StartedMocks> {
  return startMocks({
    adminPort: 0,
    seed: 7,
    toolsPerGateway: 120,
    gateways: Array.from({ length: plan.gateways }, (_, index) => ({
      gatewayId: index + 1,
      port: 0,
      region: regionOfGateway(index + 1),
    })),
    scenario: { name: 'steady', failureRate: 0, latencyFactor: 0.5 },
  });
}

async function scenario(change: { failureRate: number }): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${mocks.adminPort}/scenario`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(change),
  });
  expect(response.status).toBe(200);
}

function reads(user: Identity): Operation[] {
  const anyTeam = 1 + ((user.userId * 31) % plan.teams);
  return [
    ...[user.privateTeamId, ...user.teamIds].map((teamId): Operation => ({
      kind: 'list-team-tools',
      teamId,
      limit: 50,
    })),
    { kind: 'search-tools', query: 'translate', limit: 100 },
    { kind: 'search-tools', query: 'a', limit: 100 },
    { kind: 'list-visible-tools', afterId: 10, limit: 20 },
    { kind: 'federated-tools', regions: ['us-east', 'eu-central'], limit: 50 },
    { kind: 'federation-aggregate', timeframeDays: 30 },
    { kind: 'team-members', teamId: anyTeam, limit: 1_000 },
    { kind: 'team-tools', teamId: anyTeam, limit: 500 },
    { kind: 'team-usage', timeframeDays: 90, limit: 10_000 },
  ];
}

function withTeam(): Identity {
  const found = identities.find(({ teamIds }) => teamIds.length > 0);
  if (found === undefined) throw new Error('no identity is in a shared team');
  return found;
}

const url = (path: string, instance = 0): string => `http://127.0.0.1:${at(gateways, instance).port}${path}`;

async function send(operation: Operation, user: Identity, instance = 0): Promise<HttpResponse> {
  const { method, path, headers, body } = speech.request(operation, user);
  const response = await fetch(url(path, instance), { method, headers, ...(body === undefined ? {} : { body }) });
  return { status: response.status, headers: {}, body: await response.text() };
}

async function ask(operation: Operation, user: Identity, instance = 0): Promise<CheckedResponse> {
  return speech.check(operation, user, await send(operation, user, instance));
}

async function visibleIds(user: Identity): Promise<number[]> {
  const seen: number[] = [];
  for (;;) {
    const { failures, toolIds } = await ask({ kind: 'list-visible-tools', afterId: seen.at(-1) ?? 0, limit: 50 }, user);
    expect(failures).toEqual([]);
    seen.push(...toolIds.filter((toolId) => toolId <= plan.tools));
    if (toolIds.length < 50) return seen;
  }
}

async function descriptionOf(toolId: number, user: Identity, instance: number): Promise<string> {
  const { body } = await send({ kind: 'read-tool', toolId }, user, instance);
  return (JSON.parse(body) as { description: string }).description;
}

async function untilReady(): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const answers = await Promise.all(gateways.map(({ port }) => fetch(`http://127.0.0.1:${port}/ready`)));
    if (answers.every(({ status }) => status === 200)) return;
    if (Date.now() > deadline) throw new Error('the gateways did not become ready');
    await setTimeout(50);
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`there is no item ${index}`);
  return item;
}
