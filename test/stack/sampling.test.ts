import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from 'pg';
import { requireBinary } from '#compose/binaries.ts';
import { statementSettings } from '#compose/local/postgres-statements.ts';
import { createSpool } from '#evidence/spool.ts';
import { createSpoolReader } from '../spool-reader.ts';
import type { EvidenceRecord, GapRecord, SampleRecord } from '#model/evidence.ts';
import type { Incarnation } from '#model/stack.ts';
import { SamplerOrders } from '#telemetry/orders.ts';
import { tellStatements } from '#telemetry/postgres-statements.ts';
import { proveSignals } from '#telemetry/prove.ts';
import { createSampler, type Sampler } from '#telemetry/sampler.ts';
import { freePort } from './free-port.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './temporary-postgres.ts';
import { startTemporaryRedis, type TemporaryRedis } from './temporary-redis.ts';

let postgres: TemporaryPostgres;
let redis: TemporaryRedis;
let nginx: ChildProcess;
let folder: string;
let orders: SamplerOrders;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-sampling-'));
  const program = requireBinary('postgres', { searchPath: [], cacheFolder: '' });
  const settings = Object.entries(statementSettings(program)).map(([name, value]) => `${name}=${value}`);
  [postgres, redis] = await Promise.all([startTemporaryPostgres(settings), startTemporaryRedis()]);
  const statusUrl = await startNginx();
  orders = SamplerOrders.parse({
    intervalMs: 1_000,
    spoolFolder: join(folder, 'spool'),
    tables: [],
    roles: ['sampler', 'postgres', 'nginx'],
    trees: ['postgres', 'nginx'],
    probes: [],
    postgres: { role: 'postgres', url: postgres.databaseUrl },
    redis: { role: 'redis', url: redis.redisUrl },
    nginx: { role: 'nginx', url: statusUrl },
  });
});

afterAll(async () => {
  nginx.kill('SIGKILL');
  await Promise.all([postgres.stop(), redis.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function startNginx(): Promise<string> {
  const port = await freePort();
  mkdirSync(join(folder, 'logs'));
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/logs/error.log;
     events { worker_connections 64; }
     http { access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
            uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
            server { listen 127.0.0.1:${port}; location = /status { stub_status; } } }`,
  );
  nginx = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'logs/error.log')], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}/status`;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isUp = await fetch(url).then(({ ok }) => ok, () => false); // prettier-ignore
    if (isUp) return url;
    await setTimeout(50);
  }
  throw new Error('nginx did not start');
}

function identify(pid: number, role: string): Incarnation {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const startTicks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return { pid, startTicks, role, incarnation: 1 };
}

const processes = (): Incarnation[] => [
  identify(process.pid, 'sampler'),
  identify(postgres.pid(), 'postgres'),
  identify(nginx.pid ?? 0, 'nginx'),
];

/** What one sampler recorded while `during` ran, read back from its spool. */
async function recordWhile(incarnation: number, during: (sampler: Sampler) => Promise<unknown>) {
  const sink = createSpool({ folder: join(folder, `spool-${incarnation}`), producer: 'sampler', incarnation });
  const sampler = createSampler({ orders, processes, sink });
  void sampler.start();
  await during(sampler);
  await sampler.stop();
  await sink.close();
  const records: EvidenceRecord[] = [];
  for await (const record of createSpoolReader(() => join(folder, `spool-${incarnation}`)).records('')) {
    records.push(record);
  }
  return records;
}

const samplesOf = (records: readonly EvidenceRecord[], role: string): SampleRecord[] =>
  records.filter((record) => record.kind === 'sample').filter((record) => record.role === role);
const gapsOf = (records: readonly EvidenceRecord[], source: string): GapRecord[] =>
  records.filter((record) => record.kind === 'gap').filter((record) => record.source === source);

describe('sampling real servers', () => {
  it('proves every signal before anything starts', async () => {
    const { signal } = new AbortController();
    const proof = await proveSignals({ orders, processes, withinMs: 5_000, signal });
    expect(proof.missing).toEqual([]);
    expect(proof.proven).toHaveLength(3 + (15 + 2) + 9 + 4);
    expect(proof.absent.map((absent) => absent.signal)).toEqual([
      'postgres-statements database_statement_calls_total',
      'postgres-statements database_statement_seconds_total',
    ]);
  });

  it('tells which statements take the time, without the values that they were run with', async () => {
    const { signal } = new AbortController();
    expect(await tellStatements(postgres.databaseUrl, 2_000)).toBe(true);
    const client = new Client({ connectionString: postgres.databaseUrl });
    await client.connect();
    await client.query(`create table visits (who text) partition by list (who);
      create table visits_here partition of visits for values in ('a guest'); insert into visits values ('a guest'), ('a guest'), ('a guest'); delete from visits where ctid = (select min(ctid) from visits)`);
    for (let each = 0; each < 3; each += 1) await client.query(`select count(*) from visits where who = 'a guest'`);
    // A session counts what it wrote once a second at most, and the last of it when it has been idle for ten.
    await client.query('select pg_stat_force_next_flush()');
    expect((await proveSignals({ orders, processes, withinMs: 5_000, signal })).absent).toEqual([]);
    const records = await recordWhile(4, () => setTimeout(1_500));
    await client.end();
    const texts = records.filter((record) => record.kind === 'statement');
    const asked = texts.find(({ text }) => text === 'select count(*) from visits where who = $1');
    expect(asked).toBeDefined();
    expect(JSON.stringify(texts)).not.toContain('a guest');
    expect(JSON.stringify(texts)).not.toContain('soakwave-sampler');
    const values = samplesOf(records, 'postgres').find((sample) => 'database_bytes' in sample.values)?.values ?? {};
    expect(values[`statement[${asked?.statement ?? ''}]_calls_total`]).toBe(3);
    expect(values['database_statement_calls_total']).toBeGreaterThan(3);
    expect(values['table[visits]_bytes']).toBeGreaterThanOrEqual(8_192);
    expect(values['table[visits]_net_rows']).toBe(2);
  });

  it('samples each once a second, with the values of its server', async () => {
    const cpuBefore = process.cpuUsage();
    const records = await recordWhile(1, () => setTimeout(5_500));
    const { user, system } = process.cpuUsage(cpuBefore);
    const last = samplesOf(records, 'postgres').at(-1)?.values;
    expect(last).toMatchObject({ database_connections: 0, database_active_connections: 0 });
    expect(last?.['database_connections_max']).toBeGreaterThan(10);
    expect(last?.['database_transactions_total']).toBeGreaterThan(0);
    expect(last?.['threads']).toBeGreaterThan(3);
    expect(last?.['database_longest_transaction_seconds']).toBe(0);
    expect(last).toHaveProperty('io_write_bytes_total');
    expect(samplesOf(records, 'postgres')[0]?.values['database_bytes']).toBeGreaterThan(1_000_000);
    expect(samplesOf(records, 'redis').at(-1)?.values).toMatchObject({ redis_clients: 0, redis_keys: 0 });
    expect(samplesOf(records, 'nginx').at(-1)?.values).toMatchObject({ nginx_connections: 0 });
    for (const role of ['sampler', 'postgres', 'redis', 'nginx']) {
      const times = samplesOf(records, role).map(({ at }) => at);
      expect(times.length).toBeGreaterThanOrEqual(4);
      expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + index * 1_000));
    }
    expect(records.filter(({ kind }) => kind === 'gap')).toEqual([]);
    // The bar is 2 % of a core (design §7); a test's own process does more than the sampler in it.
    expect((user + system) / 5_500_000).toBeLessThan(0.06);
  });

  it('records a stopped server as a gap, samples the others meanwhile, and connects again by itself', async () => {
    const records = await recordWhile(2, async () => {
      await setTimeout(2_500);
      await redis.kill();
      await setTimeout(3_000);
      await redis.start();
      await setTimeout(2_500);
    });
    const gaps = gapsOf(records, 'redis');
    const missing = gaps.reduce((sum, { at, until }) => sum + until - at, 0);
    expect(missing).toBeGreaterThanOrEqual(2_000);
    const [first] = samplesOf(records, 'redis');
    const last = samplesOf(records, 'redis').at(-1);
    expect(first?.at).toBeLessThan(gaps[0]?.at ?? 0);
    expect(last?.at).toBeGreaterThanOrEqual(gaps.at(-1)?.until ?? Infinity);
    expect(samplesOf(records, 'postgres').length).toBeGreaterThanOrEqual(6);
    expect(gapsOf(records, 'postgres')).toEqual([]);
  });

  it('is not held up by a server that is frozen', async () => {
    const frozen = postgres.pid();
    const records = await recordWhile(3, async () => {
      await setTimeout(2_200);
      const backends = readFileSync(`/proc/${frozen}/task/${frozen}/children`, 'utf8').trim().split(' ').map(Number);
      for (const pid of [frozen, ...backends]) process.kill(pid, 'SIGSTOP');
      await setTimeout(3_000);
      for (const pid of [frozen, ...backends]) process.kill(pid, 'SIGCONT');
      await setTimeout(3_000);
    });
    const gaps = gapsOf(records, 'postgres');
    expect(gaps.length).toBeGreaterThan(0);
    const times = samplesOf(records, 'sampler').map(({ at }) => at);
    expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + index * 1_000));
    const withDatabase = samplesOf(records, 'postgres').filter(({ values }) => 'database_connections' in values);
    expect(withDatabase.at(-1)?.at).toBeGreaterThanOrEqual(gaps.at(-1)?.until ?? Infinity);
    // /proc answers for a frozen process too: its memory has no gap.
    expect(samplesOf(records, 'postgres').length).toBe(times.length);
  });
});
