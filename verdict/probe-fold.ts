import type { EvidenceRecord, LedgerRecord, OperationRecord, SampleRecord, ScheduleRecord } from '#model/evidence.ts';
import { lateShareOfLatency, scheduleErrorMsMax } from '#model/generator-limits.ts';
import { bucketOf } from '#model/latency-buckets.ts';
import { metrics } from '#model/metrics.ts';
import { operationClasses } from '#model/operation.ts';
import type { Plan } from '#model/plan.ts';
import { batchesOfProbe, type ProbePart, sumProbeParts } from '#model/probe.ts';
import { roleKind } from '#model/roles.ts';
import { countsOf } from './histogram-counts.ts';
import type { Window } from './windows.ts';

/**
 * What engines did in the probes of a capacity search, from their records in any order; a record that comes twice counts once.
 * The search reads it while the load goes on, from the spool, and the judge reads it again, from the store.
 */
export interface ProbeFold {
  add(record: EvidenceRecord): void;
  /** One part a probe, in the order in which they were given. */
  parts(): ProbePart[];
}

/** `limitMs`: local reads that take longer are slow. */
export function createProbeFold(probes: readonly Window[], limitMs: number): ProbeFold {
  const folds = probes.map((probe) => ({ probe, fold: createOneFold(probe, limitMs) }));
  return {
    add(record) {
      if (!isTold(record)) return;
      for (const { probe, fold } of folds) {
        // A sample tells of the second before it.
        const at = record.kind === 'sample' ? record.at - 1 : record.at;
        if (at >= probe.from && at < probe.to) fold.add(record);
      }
    },
    parts: () => folds.map(({ fold }) => fold.part()),
  };
}

/** The figures of a search's probes, for the summary of all evidence; nothing of a load that is none. */
export function createProbesFold({ capacity, load }: Plan, probes: readonly Window[] | undefined) {
  if (capacity === undefined || probes === undefined) return { add: () => undefined, summary: () => ({}) };
  const fold = createProbeFold(probes, capacity.limits.latencyMsP95Max);
  const secondsOf = (probe: Window | undefined): number => (probe === undefined ? 0 : (probe.to - probe.from) / 1_000);
  return {
    add: (record: EvidenceRecord): void => {
      fold.add(record);
    },
    summary: () => ({
      probes: fold
        .parts()
        .map((part, index) => sumProbeParts([part], { seconds: secondsOf(probes[index]), shards: load.shards.length })),
    }),
  };
}

type Told = LedgerRecord | OperationRecord | SampleRecord | ScheduleRecord;

const isTold = (record: EvidenceRecord): record is Told =>
  record.kind === 'ledger' || record.kind === 'operation' || record.kind === 'sample' || record.kind === 'schedule';

function createOneFold(probe: Window, limitMs: number) {
  const seen = new Set<string>();
  const isNew = (...key: (string | number)[]): boolean => {
    const name = key.join(' ');
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  };
  const seconds = createSeconds();
  const reads = createReads(probe, limitMs);
  const starts = createStarts(limitMs);
  const engines = createEngines();

  function add(record: Told): void {
    switch (record.kind) {
      case 'ledger':
        seconds.add(record);
        return;
      case 'operation':
        if (classOf(record.operation) !== 'local-read') return;
        if (isNew('operation', record.shard, record.incarnation, record.operation, record.at)) reads.add(record);
        return;
      case 'schedule':
        if (isNew('schedule', record.shard, record.incarnation, record.at)) starts.add(record);
        return;
      case 'sample':
        if (isNew('sample', record.role, record.incarnation, record.at)) engines.add(record);
    }
  }
  return { add, part: (): ProbePart => ({ ...seconds.part(), ...reads.part(), ...starts.part(), ...engines.part() }) };
}

type Counts = Pick<ProbePart, 'due' | 'dropped' | 'ended' | 'failed' | 'requests'>;

/** A second is told once more when more of it is known: of each count the largest is the last. */
function createSeconds() {
  const told = new Map<string, Counts & { readonly second: string }>();
  const sum = (key: keyof Counts): number => [...told.values()].reduce((total, each) => total + each[key], 0);
  return {
    add({ shard, incarnation, at, due, dropped, requests, iterationsOk, iterationsFailed }: LedgerRecord): void {
      const second = `${shard} ${at}`;
      const before = told.get(`${second} ${incarnation}`);
      told.set(`${second} ${incarnation}`, {
        second,
        due: Math.max(due, before?.due ?? 0),
        dropped: Math.max(dropped, before?.dropped ?? 0),
        ended: Math.max(iterationsOk + iterationsFailed, before?.ended ?? 0),
        failed: Math.max(iterationsFailed, before?.failed ?? 0),
        requests: Math.max(requests, before?.requests ?? 0),
      });
    },
    part: () => ({
      recorded: new Set([...told.values()].map(({ second }) => second)).size,
      ...{
        due: sum('due'),
        dropped: sum('dropped'),
        ended: sum('ended'),
        failed: sum('failed'),
        requests: sum('requests'),
      },
    }),
  };
}

const classOf = (operation: string): string | undefined =>
  Object.hasOwn(operationClasses, operation) ? operationClasses[operation as keyof typeof operationClasses] : undefined;

function createReads({ from, to }: Window, limitMs: number) {
  const batches = Array.from({ length: batchesOfProbe }, (): [number, number] => [0, 0]);
  const buckets = new Map<number, number>();
  return {
    /** Latency where starts are intended, as they are in a search; service time is what there is without. */
    add({ at, histogram, latencyHistogram = histogram }: OperationRecord): void {
      const batch = batches[Math.floor(((at - from) / (to - from)) * batchesOfProbe)];
      if (batch === undefined) return;
      for (const [latencyUs, count] of countsOf(latencyHistogram)) {
        batch[0] += count;
        if (latencyUs > limitMs * 1_000) batch[1] += count;
        const bucket = bucketOf(latencyUs);
        buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
      }
    },
    part: () => ({
      reads: batches.reduce((sum, [reads]) => sum + reads, 0),
      slow: batches.reduce((sum, [, slow]) => sum + slow, 0),
      batches,
      latencies: [...buckets].sort(([a], [b]) => a - b),
    }),
  };
}

/** How late the generator began iterations. */
function createStarts(limitMs: number) {
  const counts = { begun: 0, late: 0, veryLate: 0 };
  return {
    add({ histogram }: ScheduleRecord): void {
      for (const [lateUs, count] of countsOf(histogram)) {
        counts.begun += count;
        if (lateUs > limitMs * 1_000 * lateShareOfLatency) counts.late += count;
        if (lateUs > scheduleErrorMsMax * 1_000) counts.veryLate += count;
      }
    },
    part: () => counts,
  };
}

interface Seen {
  readonly first: { readonly at: number; readonly cpuSeconds: number };
  last: { readonly at: number; readonly cpuSeconds: number };
}

/** What engines tell of themselves; the sampler's records of them have no delay. */
function createEngines() {
  const lives = new Map<string, Seen>();
  const delays = new Map<string, number[]>();
  return {
    add({ role, incarnation, at, values }: SampleRecord): void {
      const delay = values[metrics.eventLoopDelayP99Seconds];
      const cpuSeconds = values[metrics.cpuSeconds];
      if (roleKind(role) !== 'engine' || delay === undefined || cpuSeconds === undefined) return;
      const ofRole = delays.get(role) ?? [];
      ofRole.push(delay);
      delays.set(role, ofRole);
      const life = `${role} ${incarnation}`;
      const seen = lives.get(life);
      const told = { at, cpuSeconds };
      if (seen === undefined) lives.set(life, { first: told, last: told });
      else
        lives.set(life, { first: at < seen.first.at ? told : seen.first, last: at > seen.last.at ? told : seen.last });
    },
    part(): Pick<ProbePart, 'generatorCores' | 'generatorDelaySeconds'> {
      const cores = [...lives.values()].flatMap(({ first, last }) => {
        const spanSeconds = (last.at - first.at) / 1_000;
        return spanSeconds < 1 ? [] : [(last.cpuSeconds - first.cpuSeconds) / spanSeconds];
      });
      const latest = [...delays.values()].map(p95);
      return {
        ...(cores.length === 0 ? {} : { generatorCores: Math.max(...cores) }),
        ...(latest.length === 0 ? {} : { generatorDelaySeconds: Math.max(...latest) }),
      };
    },
  };
}

function p95(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? 0;
}
