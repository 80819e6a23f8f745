import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { BenchDesk, SeedBenchOrder, SeedBenchReport } from '#cli/service.ts';
import { requireBinary } from '#compose/binaries.ts';
import { planPostgresSettings } from '#compose/local/postgres-settings.ts';
import { measureMachine } from '#compose/machine.ts';
import {
  planPostgres,
  type PostgresInstance,
  postgresUrl,
  preparePostgres,
  removePostgresData,
} from '#compose/postgres.ts';
import { createProcessTable } from '#compose/process-table.ts';
import { serverUser } from '#compose/system-user.ts';
import { parseInput } from '#model/parse-input.ts';
import { planRun } from '#model/plan-run.ts';
import type { Plan } from '#model/plan.ts';
import { type BenchSlice, planSlices } from '#seeding/bench-slice.ts';
import { withClient } from '#seeding/database.ts';
import { referenceSchema } from '#targets/reference/schema.ts';
import { benchAnalysis } from './analysis-bench.ts';
import { benchEndurance } from './bench-endurance.ts';
import type { Context } from './context.ts';
import { UsageError } from './environment.ts';
import { benchLoad } from './load-bench.ts';
import { measurePlanned } from './machine.ts';
import { takeStateFolder } from './readiness.ts';
import { benchSampling } from './sampling-bench.ts';
import { benchVerdict } from './verdict-bench.ts';
import { type CopyBench, type CopyTrial, tryCopy } from './seed-bench.ts';

/** `soak bench …`: figures as ratios against a peer or a limit of the same machine in the same run. */
export function createBenchDesk(context: Context): BenchDesk {
  return {
    async benchSeed(order, onLine) {
      const plan = planOf(context, order);
      const server = await startServer(context, plan);
      try {
        return await benchSeed({ plan, order, onLine, server });
      } finally {
        await server.stop();
      }
    },
    benchLoad: (order, onLine) => benchLoad(context, order, onLine),
    benchEndurance: (order, onLine) => benchEndurance(context, order, onLine),
    benchSampling: (order, onLine) => benchSampling(context, order, onLine),
    benchAnalysis: (order, onLine) => benchAnalysis(context, order, onLine),
    benchVerdict,
  };
}

function planOf({ environment }: Context, { wave }: SeedBenchOrder): Plan {
  const parsed = parseInput('SoakWave', { wave, scale: 1, users: 1 });
  if (!parsed.ok) throw new UsageError(parsed.problems);
  return planRun({ workflow: 'SoakWave', input: parsed.value, machine: measurePlanned(environment) });
}

interface BenchServer {
  readonly databaseUrl: string;
  readonly binaries: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** A PostgreSQL of the bench's own, set up like the stack's; nothing of it is left. */
async function startServer({ environment, places }: Context, { stack }: Plan): Promise<BenchServer> {
  takeStateFolder(environment.stateFolder);
  const folder = join(environment.stateFolder, 'bench');
  const { memoryBytes } = measureMachine(environment.stateFolder);
  const postgres = requireBinary('postgres', environment);
  const port = places.stackPorts.postgres + 1;
  const instance: PostgresInstance = {
    ...{ role: 'postgres', folder, port, postgres, runAs: serverUser() },
    settings: { ...planPostgresSettings(stack, memoryBytes), autovacuum: 'off' },
  };
  const table = createProcessTable(join(folder, 'processes'));
  const stop = async (): Promise<void> => {
    await table.stop(instance.role);
    removePostgresData(instance);
    rmSync(folder, { recursive: true, force: true });
  };
  await stop();
  await preparePostgres(instance);
  await table.start(planPostgres(instance));
  return { databaseUrl: postgresUrl(port), binaries: dirname(postgres), port, stop };
}

interface SeedBench {
  readonly plan: Plan;
  readonly order: SeedBenchOrder;
  readonly onLine: (line: string) => void;
  readonly server: BenchServer;
}

async function benchSeed({ plan, order, onLine, server }: SeedBench): Promise<SeedBenchReport> {
  const { databaseUrl } = server;
  const bench: CopyBench = { databaseUrl, plan: plan.population, schema: referenceSchema };
  await withClient(databaseUrl, async (client) => {
    for (const statement of referenceSchema.prepare) await client.query(statement);
  });
  const workers = order.workers ?? plan.stack.cores;
  const isPartitioned = (slice: BenchSlice): boolean =>
    referenceSchema.tables.find(({ entity }) => entity === slice.entity)?.partition !== undefined;
  const compare = async (slice: BenchSlice, isFrozen: boolean): Promise<SeedBenchReport['entities'][number]> => {
    const rates: { ours: number[]; bare: number[] } = { ours: [], bare: [] };
    let rows = 0;
    for (let round = 0; round < order.rounds; round += 1) {
      const trial = { slice, workers, isFrozen };
      rates.bare.push((await tryCopy(bench, { ...trial, isMadeBefore: true })).rowsPerSecond);
      const ours = await tryCopy(bench, { ...trial, isMadeBefore: false });
      rates.ours.push(ours.rowsPerSecond);
      rows = ours.rows;
    }
    const [ours, bare] = [median(rates.ours), median(rates.bare)];
    const found = { rowsPerSecond: ours, copyRowsPerSecond: bare, ratioToCopy: ours / bare };
    onLine(`${slice.entity}, ${isFrozen ? 'FREEZE' : 'plain'}: ${millions(ours)} of ${millions(bare)} M rows/s`);
    return { entity: slice.entity, rows, mode: isFrozen ? 'freeze' : 'plain', ...found };
  };
  const slices = planSlices(plan.population, order.rows);
  const entities: SeedBenchReport['entities'][number][] = [];
  for (const slice of slices) entities.push(await compare(slice, isPartitioned(slice)));
  const foreign: SeedBenchReport['foreign'][number][] = [];
  for (const slice of slices.filter(isPartitioned)) foreign.push(await compare(slice, false));
  const scaling: SeedBenchReport['scaling'][number][] = [];
  for (const slice of slices.filter(isPartitioned)) {
    for (const count of [1, 2]) {
      const trial: CopyTrial = { slice, workers: count, isFrozen: true, isMadeBefore: false };
      const rates: number[] = [];
      for (let round = 0; round < order.rounds; round += 1) rates.push((await tryCopy(bench, trial)).rowsPerSecond);
      scaling.push({ entity: slice.entity, workers: count, rowsPerSecond: median(rates) });
    }
  }
  const peers = [await tryGenerateSeries(databaseUrl, order.rows), await tryPgbench(server, order.rows)];
  return { wave: plan.wave, workers, rounds: order.rounds, entities, foreign, scaling, peers };
}

/** The database makes the rows itself: what a careful `INSERT … SELECT` reaches, on one connection. */
async function tryGenerateSeries(databaseUrl: string, rows: number): Promise<SeedBenchReport['peers'][number]> {
  const seconds = await withClient(databaseUrl, async (client) => {
    await client.query('DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench; CHECKPOINT');
    const startedAt = performance.now();
    await client.query(
      `BEGIN; CREATE TABLE bench.rows (LIKE gateway.usage_metrics);
       INSERT INTO bench.rows
       SELECT timestamptz '2025-01-01' + each * interval '50 ms', each % 50000, random() * 100, each % 50 <> 0
         FROM generate_series(1, ${rows}) each; COMMIT`,
    );
    const elapsed = (performance.now() - startedAt) / 1_000;
    await client.query('DROP SCHEMA bench CASCADE');
    return elapsed;
  });
  return { name: 'INSERT … SELECT generate_series', rows, rowsPerSecond: rows / seconds };
}

const rowsPerScale = 100_000;

/** `pgbench --initialize`: its accounts, made by the client and sent by text COPY; no keys, no vacuum. */
async function tryPgbench({ binaries, port }: BenchServer, rows: number): Promise<SeedBenchReport['peers'][number]> {
  const scale = Math.max(1, Math.round(rows / rowsPerScale));
  const args = [
    '-i',
    '-I',
    'dtg',
    '-s',
    `${scale}`,
    '-q',
    '-h',
    '127.0.0.1',
    '-p',
    `${port}`,
    '-U',
    'soakwave',
    'postgres',
  ];
  const startedAt = performance.now();
  await execa(join(binaries, 'pgbench'), args, { stdin: 'ignore' });
  const seconds = (performance.now() - startedAt) / 1_000;
  return { name: 'pgbench -i', rows: scale * rowsPerScale, rowsPerSecond: (scale * rowsPerScale) / seconds };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const millions = (rate: number): string => (rate / 1e6).toFixed(2);
