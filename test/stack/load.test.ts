import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '#loadtest/engine.ts';
import { readJournals } from '#loadtest/journal-file.ts';
import { deleteLeftovers } from '#loadtest/leftovers.ts';
import { readBackWrites } from '#loadtest/read-back.ts';
import { auditScope } from '#loadtest/scope-audit.ts';
import { warmCache } from '#loadtest/warm-up.ts';
import { createWriteJournal } from '#loadtest/write-journal.ts';
import { type StartedMocks, startMocks } from '#mocks/cluster.ts';
import { EvidenceRecord, type EvidenceSink } from '#model/evidence.ts';
import { MixName, operationsOf } from '#model/behaviour-class.ts';
import type { EngineOrders } from '#model/load-plan.ts';
import type { Identity, PopulationPlan } from '#model/population-plan.ts';
import { regionOfGateway } from '#model/region.ts';
import { finishSeed } from '#seeding/finish.ts';
import { readIdentities } from '#seeding/identities.ts';
import { prepareSeed } from '#seeding/prepare.ts';
import { seedShards } from '#seeding/seed.ts';
import { readWrittenTools } from '#seeding/written-tools.ts';
import { GatewayOptions } from '#targets/reference/gateway/options.ts';
import { type StartedGateway, startGateway } from '#targets/reference/gateway/server.ts';
import { referenceTarget } from '#targets/reference/target.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './temporary-postgres.ts';
import { startTemporaryRedis, type TemporaryRedis } from './temporary-redis.ts';

const plan: PopulationPlan = {
  ...{ seed: 11, profile: 'distribution', users: 200, teams: 1_000, teamMembersMax: 100, tools: 120, servers: 12 },
  ...{ gateways: 10, metricsRetentionDays: 7, metricsPerToolDay: 6, asOf: '2026-01-01' },
};
const secret = 'a secret of this test only';
const speech = referenceTarget.speech(plan, secret);
const users = 10;
const seconds = 5;

let folder: string;
let postgres: TemporaryPostgres;
let redis: TemporaryRedis;
let mocks: StartedMocks;
let gateway: StartedGateway;
let identities: Identity[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-load-'));
  const secretFile = join(folder, 'secret');
  writeFileSync(secretFile, secret);
  [postgres, redis, mocks] = await Promise.all([startTemporaryPostgres(), startTemporaryRedis(), startQuickMocks()]);
  const seeding = { databaseUrl: postgres.databaseUrl, plan, schema: referenceTarget.schema };
  await prepareSeed({ ...seeding, reset: false });
  await seedShards({ ...seeding, onProgress: () => undefined, signal: AbortSignal.timeout(60_000) });
  await finishSeed({ ...seeding, parallel: 2 });
  identities = await readIdentities({ ...seeding, count: users });
  const peers = mocks.urls.map((url, index) => ({ gatewayId: index + 1, url, region: regionOfGateway(index + 1) }));
  const places = { port: 0, instance: 'gateway-1', databaseUrl: postgres.databaseUrl, redisUrl: redis.redisUrl };
  const options = { ...places, secretFile, peers, l1BytesMax: 16 * 1_048_576, databasePoolMax: 5 };
  gateway = await startGateway(GatewayOptions.parse(options));
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([mocks.close(), redis.stop(), postgres.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const baseUrl = (): string => `http://127.0.0.1:${gateway.port}`;
const inquiry = () => ({
  baseUrl: baseUrl(),
  allowedHosts: [],
  speech,
  concurrency: 4,
  signal: AbortSignal.timeout(30_000),
});

/** Some calls fail as scripted, so that partial answers are part of the load. */
const startQuickMocks = (): Promise<StartedMocks> =>
  startMocks({
    adminPort: 0,
    seed: 11,
    toolsPerGateway: 10,
    gateways: Array.from({ length: 10 }, (_, index) => ({ gatewayId: index + 1, region: regionOfGateway(index + 1), port: 0 })), // prettier-ignore
    scenario: { name: 'quick', failureRate: 0.05, latencyFactor: 0.05 },
  });

function ordersOf(mix: MixName): EngineOrders {
  const startsAt = Date.now();
  const shard = { shard: 0, firstSlot: 0, slots: users };
  return {
    plan: {
      ...{
        model: 'closed',
        mix,
        seed: 11,
        virtualUsers: users,
        usersMax: users,
        spawnRatePerSecond: 50,
        shards: [shard],
      },
      stages: [{ name: 'hold', durationMs: seconds * 1_000, usersFrom: users, usersTo: users }],
      ...{ thinkTimeMsMin: 20, thinkTimeMsMax: 60, windowMs: 1_000, drainMs: 10_000, requestTimeoutMs: 10_000 },
      ...{ liveObjectsMax: 20, growth: false },
    },
    ...{ shard, startsAt, endsAt: startsAt + seconds * 1_000, baseUrl: baseUrl(), allowedHosts: [] },
    ...{ identitiesFile: '', secretFile: '', spoolFolder: '' },
  };
}

describe('load on the reference gateway', () => {
  it('is warmed up for by requests that count nowhere', async () => {
    const readHitRatio = () => Promise.resolve(undefined);
    const rest = { budgetMs: 1_500, hitRatioChangeMax: 0.01, seed: 1, readHitRatio, onProgress: () => undefined };
    const warm = await warmCache({ ...inquiry(), ...rest, identities });
    expect(warm.requests).toBeGreaterThan(50);
    expect(warm.settled).toBe(false);
  });

  it.each(MixName.options)('of the mix %s is answered rightly, kept, and gone when it is cleaned up', async (mix) => {
    const records: EvidenceRecord[] = [];
    const append = (record: EvidenceRecord): void => void records.push(EvidenceRecord.parse(record));
    const sink: EvidenceSink = { append, close: () => Promise.resolve() };
    const writes = join(folder, mix);
    const journal = createWriteJournal({ folder: writes, writer: 'engine-0', incarnation: 1 });
    const runTag = mix.replaceAll('-', '');
    const rest = { identities, speech, sink, journal, runTag, incarnation: 1, seededTools: plan.tools };
    await createEngine({ ...rest, orders: ordersOf(mix) }).run();

    const operations = records.filter((record) => record.kind === 'operation');
    expect(operations.filter(({ failed }) => Object.keys(failed).length > 0)).toEqual([]);
    expect(new Set(operations.map(({ operation }) => operation))).toEqual(new Set(operationsOf({ mix })));
    const oracle = {
      ...{ ...inquiry(), identities, namePrefix: `soak-${runTag}-`, cacheBoundMs: referenceTarget.cacheBoundMs },
      stored: readWrittenTools({ databaseUrl: postgres.databaseUrl, plan, schema: referenceTarget.schema }),
      journals: () => readJournals(writes, 'verify'),
    };
    const back = await readBackWrites(oracle);
    expect(back).toMatchObject({ lost: [], resurrected: [], indeterminate: 0 });
    expect(back.checked).toBe(back.written.objects.size + back.written.counts().deleted);
    const audit = await auditScope({ ...inquiry(), identities, seededTools: plan.tools });
    expect(audit).toEqual({ identities: users, differences: [] });
    const deletions = createWriteJournal({ folder: writes, writer: 'verify', incarnation: 1 });
    await deleteLeftovers({ ...inquiry(), identities, remaining: back.remaining, journal: deletions });
    await deletions.close();
    const after = await readBackWrites(oracle);
    expect(after).toMatchObject({ lost: [], resurrected: [], remaining: [], checked: back.checked });
  });
});
