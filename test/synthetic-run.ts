import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { JudgeRequest, Verification } from '#model/activities.ts';
import type { EvidenceRecord, OperationRecord } from '#model/evidence.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { dueIterationsOfShard, hasIntendedStarts, plannedUsers, totalLoadMs, usersOfShard } from '#model/load-plan.ts';
import { metrics } from '#model/metrics.ts';
import { type OperationKind, operationClasses } from '#model/operation.ts';
import { planRun } from '#model/plan-run.ts';
import type { Plan } from '#model/plan.ts';
import type { SeededEntity } from '#model/population-plan.ts';
import type { StepRecord } from '#model/progress.ts';
import { fraction, hash32 } from '#model/random.ts';
import { foldEvidence } from '#verdict/fold.ts';

/** The start of the load of every synthetic run. */
export const loadStartsAt = Date.parse('2026-11-23T18:02:10.000Z');
const gigabyte = 1024 ** 3;

/** A number in [0, 1) that is always the same for the same name and index. */
const uniform = (name: string, index: number): number =>
  fraction(hash32(1, ...Buffer.from(name), Math.round(index * 1_000) % 2 ** 31));

export const syntheticPlan = (input: Partial<Parameters<typeof planRun>[0]['input']> = {}): Plan =>
  planRun({
    workflow: 'SoakWave',
    input: { wave: 'smoke', ...input },
    machine: { cores: 2, memoryBytes: 8 * gigabyte, diskFreeBytes: 40 * gigabyte },
  });

export const operationsOfMix = Object.keys(operationClasses) as OperationKind[];

const latencyMsOf = { 'local-read': 6, federation: 140, write: 11, analytics: 45 } as const;

/** What the producers of a healthy smoke run would have spooled: one planned fault, mocked failures, no surprises. */
export function* syntheticRecords(plan: Plan): Generator<EvidenceRecord> {
  yield* incarnations(plan);
  yield* samples(plan);
  yield* ledger(plan);
  yield* operations(plan);
  yield* schedule(plan);
  yield* faults(plan);
  yield* writes();
}

const endOf = (plan: Plan): number => loadStartsAt + totalLoadMs(plan.load);
const stackRoles = ['postgres', 'redis', 'nginx', 'mocks', 'prometheus'] as const;
const harnessRoles = ['orchestrator', 'host', 'load', 'seed', 'sampler', 'watchdog', 'temporal', 'evidence'] as const;
const gatewaysOf = (plan: Plan): string[] =>
  Array.from({ length: plan.stack.gatewayInstances }, (_, index) => `gateway-${index + 1}`);

/** Down from the moment of the fault until its hold is over; empty when nothing is planned. */
export function faultTimes(plan: Plan): { victim: string; from: number; to: number } | undefined {
  const [fault] = plan.faults;
  if (fault === undefined) return undefined;
  const from = loadStartsAt + fault.offsetMs;
  return { victim: fault.victim, from, to: from + fault.holdMs + 900 };
}

function* incarnations(plan: Plan): Generator<EvidenceRecord> {
  const roles = [...gatewaysOf(plan), ...stackRoles, ...harnessRoles, 'engine-0'];
  for (const [index, role] of roles.entries()) {
    yield { kind: 'incarnation', at: loadStartsAt - 20_000, role, incarnation: 1, pid: 1_000 + index, event: 'seen' };
  }
  const down = faultTimes(plan);
  if (down === undefined) return;
  const { victim: role, from, to } = down;
  yield { kind: 'incarnation', at: from + 400, role, incarnation: 1, pid: 1_001, event: 'gone' };
  yield { kind: 'incarnation', at: to, role, incarnation: 2, pid: 2_001, event: 'seen' };
}

function* samples(plan: Plan): Generator<EvidenceRecord> {
  const down = faultTimes(plan);
  for (let at = loadStartsAt - 20_000; at < endOf(plan) + 8_000; at += 1_000) {
    for (const role of gatewaysOf(plan)) {
      const isVictim = role === down?.victim;
      if (isVictim && at >= down.from && at < down.to) continue;
      const incarnation = isVictim && at >= down.to ? 2 : 1;
      const bornAt = incarnation === 2 ? (down?.to ?? at) : loadStartsAt - 20_000;
      const values = gatewayValues(
        (at - bornAt) / 1_000,
        Math.max(0, at - Math.max(bornAt, loadStartsAt)) / 1_000,
        role,
      );
      yield { kind: 'sample', at, role, incarnation, values };
    }
    const seconds = (at - loadStartsAt) / 1_000;
    yield { kind: 'sample', at, role: 'postgres', incarnation: 1, values: databaseValues(Math.max(0, seconds)) };
    for (const role of [...stackRoles.slice(1), ...harnessRoles, 'engine-0']) {
      yield { kind: 'sample', at, role, incarnation: 1, values: processValues(role, seconds + 20) };
    }
  }
}

function gatewayValues(age: number, loaded: number, role: string): Record<string, number> {
  const noise = uniform(role, age);
  const lookups = loaded * 160;
  const hitRatio = 0.9 - 0.6 * Math.exp(-loaded / 8);
  return {
    ...processValues(role, age),
    [metrics.rssBytes]: (96 + 70 * (1 - Math.exp(-age / 25)) + noise * 6) * 1024 ** 2,
    [metrics.heapUsedBytes]: (40 + 18 * ((age % 7) / 7) + 10 * (1 - Math.exp(-age / 25))) * 1024 ** 2,
    [metrics.gcPauseSeconds]: loaded * 0.004,
    [metrics.eventLoopDelayP99Seconds]: 0.011 + noise * 0.008,
    [metrics.cacheL1Hits]: lookups * hitRatio,
    [metrics.cacheL1Misses]: lookups * (1 - hitRatio),
    [metrics.cacheL2Hits]: lookups * (1 - hitRatio) * 0.8,
    [metrics.cacheL2Misses]: lookups * (1 - hitRatio) * 0.2,
  };
}

const databaseValues = (loaded: number): Record<string, number> => ({
  ...processValues('postgres', loaded + 20),
  [metrics.databaseConnections]: 14 + Math.round(3 * uniform('connections', loaded)),
  [metrics.databaseActive]: Math.round(4 * uniform('active', loaded)),
  [metrics.databaseTransactions]: loaded * 85,
  [metrics.databaseBlocksHit]: loaded * 4_000,
  [metrics.databaseBlocksRead]: 900 + loaded,
});

const processValues = (role: string, age: number): Record<string, number> => ({
  [metrics.rssBytes]: (40 + 90 * uniform(role, 0)) * 1024 ** 2,
  [metrics.cpuSeconds]: age * (0.02 + 0.15 * uniform(role, 1)),
  ...(role.startsWith('engine') && { [metrics.eventLoopDelayP99Seconds]: 0.012 + 0.004 * uniform(role, age) }),
});

function* ledger(plan: Plan): Generator<EvidenceRecord> {
  const down = faultTimes(plan);
  for (const { shard } of plan.load.shards) {
    for (let at = loadStartsAt; at < endOf(plan); at += 1_000) {
      const due = dueAt(plan, shard, at - loadStartsAt);
      const isInFault = down !== undefined && at + 1_000 > down.from && at < down.to;
      const iterations = Math.round(due * (1.1 + 0.3 * uniform('iterations', at)));
      const failed = isInFault && at < down.from + 1_000 ? 3 : 0;
      yield {
        ...{ kind: 'ledger', at, shard, incarnation: 1, due, delivered: due, dropped: 0, abandoned: 0, inFlight: 0 },
        ...{ requests: Math.round(iterations * 2.4), iterationsOk: Math.max(0, iterations - failed) },
        ...{ iterationsFailed: failed, iterationsAbandoned: 0 },
      };
    }
  }
}

const dueAt = ({ load }: Plan, shard: number, offsetMs: number): number =>
  load.model === 'open'
    ? dueIterationsOfShard(load, shard, { fromMs: offsetMs, toMs: offsetMs + 1_000 })
    : usersOfShard(load, shard, plannedUsers(load, offsetMs));

/** Of a load whose iterations have an intended start: begun 2 ms late. */
function* schedule({ load }: Plan): Generator<EvidenceRecord> {
  if (!hasIntendedStarts(load)) return;
  const histogram = encodeIntoCompressedBase64(histogramOf([1_900, 2_000, 2_100]));
  for (let at = loadStartsAt; at < loadStartsAt + totalLoadMs(load); at += 10_000) {
    yield { kind: 'schedule', at, until: at + 10_000, shard: 0, incarnation: 1, begun: 3, histogram };
  }
}

export function histogramOf(microseconds: readonly number[]): Histogram {
  const histogram = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  for (const each of microseconds) histogram.recordValue(each);
  return histogram;
}

function* operations(plan: Plan): Generator<EvidenceRecord> {
  for (let at = loadStartsAt; at < endOf(plan); at += 10_000) {
    for (const operation of operationsOfMix) {
      const record = operationRecord(operation, at);
      // Waiting for its turn is in the latency of each, and makes all alike here.
      const latencyHistogram = encodeIntoCompressedBase64(
        histogramOf(Array.from({ length: record.ok }, () => 300_000)),
      );
      yield hasIntendedStarts(plan.load) ? { ...record, latencyHistogram } : record;
    }
  }
}

/** Ten seconds of one operation with a long-tailed service time. */
function operationRecord(operation: OperationKind, at: number, count = 24): OperationRecord {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  const operationClass = operationClasses[operation];
  for (let index = 0; index < count; index += 1) {
    const draw = uniform(operation, at + index);
    histogram.recordValue(Math.round(latencyMsOf[operationClass] * 1_000 * (0.4 - 0.6 * Math.log(1 - draw * 0.995))));
  }
  const partial = operationClass === 'federation' ? 2 : 0;
  return {
    ...{ kind: 'operation', at, until: at + 10_000, shard: 0, incarnation: 1, operation, ok: count, failed: {} },
    ...{ abandoned: 0, partial, bytesIn: count * 2_300, histogram: encodeIntoCompressedBase64(histogram) },
  };
}

function* faults(plan: Plan): Generator<EvidenceRecord> {
  const down = faultTimes(plan);
  const fault = plan.faults[0]?.fault;
  if (down === undefined || fault === undefined) return;
  const told = [
    ['set-up', down.from - 40, 'lease written'],
    ['injected', down.from, `SIGKILL sent to ${down.victim}`],
    ['bit', down.from + 30, 'its port refuses'],
    ['recovering', down.to - 900, 'started again'],
    ['healed', down.to, 'ready again'],
    ['cleaned-up', down.to + 20, 'lease closed'],
  ] as const;
  for (const [event, at, detail] of told) yield { kind: 'fault', at, fault, event, detail };
}

function* writes(): Generator<EvidenceRecord> {
  for (let index = 0; index < 120; index += 1) {
    const objectId = 1_000 + index;
    const at = loadStartsAt + index * 300;
    yield { kind: 'write', at, objectId, state: 'present', ownerId: 7, description: `made ${index}` };
    if (index % 2 === 0) yield { kind: 'write', at: at + 100, objectId, state: 'deleted', ownerId: 7, description: '' };
  }
}

export const syntheticSeeded: SeededEntity[] = [
  { entity: 'users', rows: 1_000, checksum: '9f2c41d07be81a33', seconds: 0.4 },
  { entity: 'teams', rows: 5_000, checksum: '0b77e2ca4410f9de', seconds: 0.6 },
  { entity: 'memberships', rows: 131_402, checksum: 'c4d1908b55a7e2f0', seconds: 1.9 },
  { entity: 'tools', rows: 50, checksum: '77a0c1f29e3d5b64', seconds: 0.1 },
  { entity: 'usageMetrics', rows: 2_100, checksum: '1e5b9a407cd2f836', seconds: 0.2 },
];

export const syntheticVerification: Verification = {
  ...{ checked: 120, lost: [], resurrected: [], indeterminate: 0, remaining: 0 },
  ...{ scopeAudited: 50, scopeDifferences: [], seedDifferences: [] },
};

const stepLengths = [
  ['plan', 1, undefined],
  ['preflight', 1, 'nothing in the way'],
  ['provision', 9, '7 processes started'],
  ['seed', 12, '139,552 rows, reconciled'],
  ['warm-cache', 11, 'hit ratio settled at 91 %'],
  ['load', 60, '20 virtual users, 3 windows'],
  ['drain', 2, undefined],
  ['verify', 6, '120 objects read back'],
  ['collect', 1, undefined],
  ['judge', 1, undefined],
] as const;

export function syntheticSteps(): StepRecord[] {
  let at = loadStartsAt - 34_000;
  return stepLengths.map(([phase, seconds, note]) => {
    const startedAt = at;
    at += seconds * 1_000;
    return { phase, startedAt, endedAt: at, outcome: 'done', ...(note !== undefined && { note }) };
  });
}

/** Everything that a report of the run needs beside its evidence and verdict. */
export const syntheticMeta = {
  runKey: '0199f3a2-7c41-7d1e-9b1c-5a2f6d0e8c11',
  workflowId: 'soak/smoke/2026-11-23T18-01',
  startedAt: loadStartsAt - 34_000,
  endedAt: loadStartsAt + 71_000,
  input: { wave: 'smoke' } as Record<string, unknown>,
  versions: {
    soakwave: '0.1.0',
    Node: '24.21.0',
    PostgreSQL: '15.9',
    Redis: '7.0.15',
    nginx: '1.22.1',
    Temporal: '1.29.1',
  },
  host: { name: 'bench-1', cpu: 'Example CPU @ 2.5 GHz', cores: 2, memoryBytes: 8 * gigabyte },
};

/** What the workflow of the run would tell the judge. */
export const syntheticRequest = (planHash: string): JudgeRequest => ({
  ...{ runKey: syntheticMeta.runKey, workflowId: syntheticMeta.workflowId, planHash },
  ...{ steps: syntheticSteps(), seeded: syntheticSeeded, loadStartsAt, verification: syntheticVerification },
});

/** The records, folded as the judge's activity does; `isWithoutLoad` for a run that ended before its load. */
export const syntheticEvidence = (
  plan: Plan,
  records: Iterable<EvidenceRecord> = syntheticRecords(plan),
  isWithoutLoad = false,
): Promise<EvidenceSummary> => foldEvidence({ records, plan, ...(!isWithoutLoad && { loadStartsAt }) });
