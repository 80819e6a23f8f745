import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { EvidenceRecord, SampleRecord } from '#model/evidence.ts';
import { metrics, tableFigures, tableMetric } from '#model/metrics.ts';
import { operationClasses } from '#model/operation.ts';
import { planRun } from '#model/plan-run.ts';
import type { Plan } from '#model/plan.ts';
import { fraction, hash32 } from '#model/random.ts';

export interface LongRun {
  readonly hours: number;
  readonly processes: number;
  readonly requestsPerSecond: number;
  readonly seed: number;
}

/** The start of the load of every made run. */
export const madeLoadStartsAt = Date.UTC(2026, 0, 1);

const hourMs = 3_600_000;
/** Of twenty processes these are what they are in a stack; the others only live. */
const gateways = 8;
const tables = ['gateway.tools', 'gateway.memberships', 'gateway.usage_metrics'] as const;
const servers = { postgres: 'database_', redis: 'redis_', nginx: 'nginx_' } as const;

/** A stability run with its faults, on a machine that is large enough for it. */
export const planLongRun = ({ hours }: LongRun): Plan =>
  planRun({
    workflow: 'StabilityRun',
    input: { wave: 'smoke', duration: hours * hourMs, instances: gateways },
    machine: { cores: 16, memoryBytes: 64e9, diskFreeBytes: 500e9 },
  });

/** What one producer would have spooled, in order of time: the sampler, and the engine. */
export const producers = { sampler: samplerRecords, 'engine-0': engineRecords } as const;

const own = (name: string): boolean => /^(?:gc|heap|external|array_buffer|event_loop)_/.test(name);
const ofGateways = (name: string): boolean => own(name) || /^(?:http|cache|federation|pool)_/.test(name);
const all = Object.values(metrics);
const ofServers = (name: string): boolean => Object.values(servers).some((prefix) => name.startsWith(prefix));
const ofEach = all.filter((name) => !ofGateways(name) && !ofServers(name));

const ofTables = tables.flatMap((table) => tableFigures.map((what) => tableMetric(table, what)));

/** Every metric that the sampler knows of, of whom it knows it. */
const kinds: readonly { readonly roles: readonly string[]; readonly names: readonly string[] }[] = [
  {
    roles: Array.from({ length: gateways }, (_, index) => `gateway-${index + 1}`),
    names: [...ofEach, ...all.filter(ofGateways)],
  },
  ...Object.entries(servers).map(([role, prefix]) => ({
    roles: [role],
    names: [...ofEach, ...all.filter((name) => name.startsWith(prefix)), ...(role === 'postgres' ? ofTables : [])],
  })),
];

function rolesOf(processes: number): { role: string; names: readonly string[] }[] {
  const known = kinds.flatMap(({ roles, names }) => roles.map((role) => ({ role, names })));
  const others = Array.from({ length: Math.max(0, processes - known.length) }, (_, index) => ({
    ...{ role: `engine-${index}`, names: [...ofEach, metrics.eventLoopDelayP99Seconds] },
  }));
  return [...known, ...others].slice(0, processes);
}

function* samplerRecords(run: LongRun): Generator<EvidenceRecord> {
  const roles = rolesOf(run.processes);
  for (const [index, { role }] of roles.entries())
    yield {
      kind: 'incarnation',
      at: madeLoadStartsAt - 10_000,
      role,
      incarnation: 1,
      pid: 1_000 + index,
      event: 'seen',
    };
  const seconds = run.hours * 3_600;
  for (let second = -10; second < seconds + 10; second += 1)
    for (const [index, { role, names }] of roles.entries()) yield sampleOf({ role, names, index }, second, run);
  yield* faultRecords(run);
}

/** Counters that count, gauges that move like memory under a collector; nothing leaks. */
function sampleOf(
  { role, names, index }: { role: string; names: readonly string[]; index: number },
  second: number,
  { seed }: LongRun,
): SampleRecord {
  const values: Record<string, number> = {};
  const noise = fraction(hash32(seed, index, second));
  const age = second + 20;
  for (const [number, name] of names.entries()) {
    const scale = 1 + ((number * 7 + index) % 13);
    if (name.endsWith('_seconds_total')) values[name] = Math.round((age * scale * 0.011 + noise) * 1e6) / 1e6;
    else if (name.endsWith('_total')) values[name] = Math.round(age * scale * 31 + noise * 20);
    else if (name.endsWith('_bytes')) values[name] = memoryOf({ age, scale, noise, index });
    else if (name.endsWith('_seconds')) values[name] = Math.round((0.01 + noise * 0.01) * 1e9) / 1e9;
    else values[name] = scale * 4;
  }
  return { kind: 'sample', at: madeLoadStartsAt + second * 1_000, role, incarnation: 1, values };
}

const pageBytes = 4_096;
/** Some of the collector's periods, so that no two processes collect together. */
const periods = [47, 61, 73, 89] as const;

function memoryOf({ age, scale, noise, index }: { age: number; scale: number; noise: number; index: number }): number {
  const period = periods[index % periods.length] ?? 60;
  const megabytes = scale * 12 + 30 * (1 - Math.exp(-age / 600)) + 20 * ((age % period) / period) + noise;
  return Math.round((megabytes * 1e6) / pageBytes) * pageBytes;
}

function* faultRecords(run: LongRun): Generator<EvidenceRecord> {
  for (const { fault, offsetMs, holdMs } of planLongRun(run).faults) {
    const at = madeLoadStartsAt + offsetMs;
    const told = [
      ...([['set-up', at - 50], ['injected', at], ['bit', at + 50], ['recovering', at + holdMs]] as const),
      ...([['healed', at + holdMs + 900], ['cleaned-up', at + holdMs + 950]] as const),
    ] as const; // prettier-ignore
    for (const [event, when] of told) yield { kind: 'fault', at: when, fault, event, detail: 'made' };
  }
}

const flushMs = 10_000;

function* engineRecords(run: LongRun): Generator<EvidenceRecord> {
  const { load } = planLongRun(run);
  const users = load.virtualUsers;
  const operations = Object.keys(operationClasses);
  const histograms = operations.map((_, index) => histogramsOf(run, index, operations.length));
  const until = madeLoadStartsAt + run.hours * hourMs;
  for (let at = madeLoadStartsAt; at < until; at += 1_000) {
    yield {
      ...{ kind: 'ledger', at, shard: 0, incarnation: 1, due: users, delivered: users, dropped: 0, abandoned: 0 },
      ...{ inFlight: 0, requests: run.requestsPerSecond, iterationsOk: run.requestsPerSecond / 2 },
      ...{ iterationsFailed: 0, iterationsAbandoned: 0 },
    };
    if ((at - madeLoadStartsAt) % flushMs !== 0) continue;
    const ok = Math.round((run.requestsPerSecond * flushMs) / 1_000 / operations.length);
    for (const [index, operation] of operations.entries()) {
      const made = histograms[index] ?? [];
      const histogram = made[hash32(run.seed, index, at) % made.length] ?? '';
      yield {
        ...{ kind: 'operation', at, until: at + flushMs, shard: 0, incarnation: 1, operation, ok, failed: {} },
        ...{ abandoned: 0, partial: 0, bytesIn: ok * 2_300, bytesOut: ok * 300, reconnects: 0 },
        ...{ statuses: { '2xx': ok }, histogram },
      };
    }
  }
}

const histogramsMade = 64;

/** Ten seconds of one operation, some of them: making each anew would take longer than all that is measured. */
function histogramsOf({ requestsPerSecond, seed }: LongRun, operation: number, operations: number): string[] {
  const count = Math.round((requestsPerSecond * flushMs) / 1_000 / operations);
  return Array.from({ length: histogramsMade }, (_, number) => {
    // As engines build theirs.
    const histogram = build({
      ...({ bitBucketSize: 32, autoResize: true, highestTrackableValue: 2 ** 26 } as const),
      numberOfSignificantValueDigits: 3,
    });
    for (let index = 0; index < count; index += 1) {
      const draw = fraction(hash32(seed, operation, number, index));
      histogram.recordValue(Math.round((3 + operation) * 1_000 * (0.4 - 0.6 * Math.log(1 - draw * 0.995))));
    }
    return encodeIntoCompressedBase64(histogram);
  });
}
