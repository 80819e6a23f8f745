import type { LoadPlan } from './load-plan.ts';
import { totalLoadMs } from './load-plan.ts';
import type { Plan } from './plan.ts';
import { createPopulation } from './population.ts';
import type { Entity, PopulationPlan } from './population-plan.ts';
import type { StackPlan } from './stack.ts';

export const mebibyte = 1_048_576;

/** Bytes on disk a row, with its share of the indexes; R2.4's measured figures where there are any. */
const rowBytes: Readonly<Record<Entity, number>> = {
  users: 160,
  teams: 130,
  memberships: 90,
  tools: 420,
  servers: 130,
  serverTools: 90,
  teamServers: 90,
  gateways: 260,
  gatewayPeers: 90,
  usageMetrics: 52.5,
};

/** Rows a second that seeding is planned with, indexes and reconciliation included (measured on two cores: 1 to 1.4 million). */
const seedRowsPerSecond = 900_000;
/** Two empty PostgreSQL instances with their write-ahead log, logs of every process, Temporal's file. */
const diskBaseBytes = 700 * mebibyte;
/** A process's second of samples, compressed (measured: 33). */
const sampleBytes = 40;
/** An engine's second: its ledger, and a histogram an operation every ten seconds, which are fullest under a full load (measured under a light one: 280). */
const engineBytesPerSecond = 2_000;
/** Rows, indexes and what PostgreSQL leaves free, on top of the records. */
const evidenceTableShare = 1.25;
/** PostgreSQL, Redis, nginx, mocks and Prometheus; then the base, the workers, sampler and watchdog. */
const processesBesideGateways = 5 + 9;
/** The most that the evidence of 48 h and 20 processes may take, compressed; `soak evidence size` holds a run against it. */
export const evidenceBytesIn48HoursMax = 2e9;
const walBytesMax = 1_024 * mebibyte;

/** Exact rows by entity; users, teams and the like are the plan's own numbers, the rest is counted by the population. */
export function countRows(plan: PopulationPlan): { rows: Record<Entity, number>; remarks: readonly string[] } {
  const population = createPopulation(plan);
  let gatewayPeers = 0;
  for (let gateway = 1; gateway <= plan.gateways; gateway += 1) gatewayPeers += population.gatewayPeers(gateway).length;
  return {
    remarks: population.remarks,
    rows: {
      users: plan.users,
      teams: plan.teams,
      memberships: population.membershipCount(),
      tools: plan.tools,
      servers: plan.servers,
      serverTools: population.serverToolCount(),
      teamServers: population.teamServerCount(),
      gateways: plan.gateways,
      gatewayPeers,
      usageMetrics: plan.tools * plan.metricsRetentionDays * plan.metricsPerToolDay,
    },
  };
}

/** The row budget of R2.4: bytes on disk of an entity's rows with their indexes. */
export const entityBytes = (entity: Entity, rows: number): number => Math.ceil(rows * rowBytes[entity]);

/** Disk for the data set, its write-ahead log, evidence and logs (R2.4). */
export function diskBytesNeeded(rows: Readonly<Record<Entity, number>>, evidenceBytes: number): number {
  const data = Object.entries(rows).reduce((sum, [entity, count]) => sum + entityBytes(entity as Entity, count), 0);
  return Math.ceil(data + Math.min(data, walBytesMax) + evidenceBytes + diskBaseBytes);
}

/** What the evidence store grows to over a load: it follows time and processes, not requests, and nothing thins it. */
export function evidenceBytesNeeded(parts: { loadMs: number; gateways: number; engines: number }): number {
  const { loadMs, gateways, engines } = parts;
  const perSecond = (processesBesideGateways + gateways + engines) * sampleBytes + engines * engineBytesPerSecond;
  return Math.ceil((loadMs / 1_000) * perSecond * evidenceTableShare);
}

/** What preflight holds against the machine, and how long the whole run should take. */
export function planNeeds(parts: {
  rows: Readonly<Record<Entity, number>>;
  stack: StackPlan;
  load: LoadPlan;
  warmUpMs: number;
}): Plan['needs'] {
  const { rows, stack, load } = parts;
  const loadMs = totalLoadMs(load);
  const engines = load.shards.length;
  const evidenceBytes =
    evidenceBytesNeeded({ loadMs, gateways: stack.gatewayInstances, engines }) +
    finerHistogramBytes(load, loadMs / 1_000);
  const rowCount = Object.values(rows).reduce((sum, count) => sum + count, 0);
  return {
    diskBytes: diskBytesNeeded(rows, evidenceBytes),
    evidenceBytes,
    memoryBytes: memoryBytesNeeded(stack, load),
    rows: { ...rows },
    secondsEstimated: Math.ceil(
      secondsAround + rowCount / seedRowsPerSecond + (parts.warmUpMs + loadMs + load.drainMs) / 1_000,
    ),
  };
}

/** Histograms of less than ten seconds are more of them, and hold less each: counted as if they held as much. */
const finerHistogramBytes = ({ histogramMs = 10_000, shards }: LoadPlan, seconds: number): number =>
  Math.ceil(shards.length * seconds * engineBytesPerSecond * (10_000 / histogramMs - 1) * evidenceTableShare);

/** Provisioning, verification, judging and the report. */
const secondsAround = 40;

function memoryBytesNeeded(stack: StackPlan, load: LoadPlan): number {
  const gateway = stack.l1BytesMax + 160 * mebibyte;
  const connections = (stack.gatewayInstances * stack.databasePoolMax + 10) * 8 * mebibyte;
  const engines = load.shards.length * 120 * mebibyte + load.virtualUsers * 0.2 * mebibyte;
  const mocks = 100 * mebibyte + stack.mockGateways * 2 * mebibyte;
  const harness = 1_400 * mebibyte;
  const stores = stack.redisBytesMax + stack.databaseSharedBuffersBytes;
  return Math.ceil(stack.gatewayInstances * gateway + stores + connections + engines + mocks + harness);
}
