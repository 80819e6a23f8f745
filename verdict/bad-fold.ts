import type { OperationRecord, SampleRecord } from '#model/evidence.ts';
import type { LedgerSecond } from '#model/ledger.ts';
import { hasIntendedStarts } from '#model/load-plan.ts';
import { metrics } from '#model/metrics.ts';
import { operationClasses } from '#model/operation.ts';
import type { Plan } from '#model/plan.ts';
import type { Question } from '#model/verdict.ts';
import { countsOf } from './histogram-counts.ts';
import type { Slots } from './slots.ts';

/** What was bad for one question, by slot, and how much of it a run may have and be met. */
export interface Bad {
  readonly question: Question;
  readonly allowedShare: number;
  readonly slots: ReadonlyMap<number, { readonly of: number; readonly bad: number }>;
  /** At most so much of what is bad in a slot can be put down to anything but the target; absent: all of it. */
  readonly excusable?: ReadonlyMap<number, number>;
}

/** Counts, slot by slot, what each objective of the plan is missed by. */
export interface BadFold {
  addOperation(record: OperationRecord): void;
  addSample(record: SampleRecord): void;
  /** A second outside all fault windows. */
  addSecond(second: LedgerSecond): void;
  list(): Bad[];
}

/** Latencies that a plan promises to judge: what is slow for each, and how many may be. */
export const latencyQuestions = {
  'latency-local-reads': { limit: 'localReadP95MsMax', allowedShare: 0.05, isOf: ofClass('local-read') },
  'latency-local-reads-p99': { limit: 'localReadP99MsMax', allowedShare: 0.01, isOf: ofClass('local-read') },
  'latency-federation': { limit: 'federationP95MsMax', allowedShare: 0.05, isOf: (name: string) => name === 'federation-aggregate' }, // prettier-ignore
  'latency-analytics': { limit: 'analyticsP95MsMax', allowedShare: 0.05, isOf: ofClass('analytics') },
} as const;

function ofClass(wanted: string): (operation: string) => boolean {
  return (operation) =>
    Object.hasOwn(operationClasses, operation) &&
    operationClasses[operation as keyof typeof operationClasses] === wanted;
}

/** A wrong answer, or a refusal, is the target's, however little CPU it had. */
const mayComeOfSlowness = /^(timeout|task-timeout|connection-|http-5)/;

type Counts = Map<number, { of: number; bad: number }>;

export function createBadFold(plan: Plan, slots: Slots): BadFold {
  const latencies = planned(plan);
  const failures: Counts = new Map();
  const excusable = new Map<number, number>();
  const connections: Counts = new Map();
  const connectionsMax = plan.promises.includes('database-connections') ? plan.objectives.databaseConnectionsMax : undefined; // prettier-ignore
  const isIntended = hasIntendedStarts(plan.load);

  return {
    addOperation(record) {
      const slot = slots.indexOf(record.at);
      if (slot === undefined) return;
      const failed = Object.entries(record.failed)
        .filter(([cause]) => mayComeOfSlowness.test(cause))
        .reduce((sum, [, count]) => sum + count, 0);
      if (failed > 0) excusable.set(slot, (excusable.get(slot) ?? 0) + failed);
      const asked = latencies.filter(({ isOf }) => isOf(record.operation));
      if (asked.length === 0) return;
      const histogram = isIntended ? record.latencyHistogram : record.histogram;
      if (histogram === undefined) return;
      for (const { counts, limitMs } of asked) addTo(counts, slot, slowerThan(limitMs * 1_000, histogram));
    },
    addSample({ at, values }) {
      const slot = slots.indexOf(at);
      const value = values[metrics.databaseConnections];
      if (slot === undefined || value === undefined || connectionsMax === undefined) return;
      const before = connections.get(slot)?.bad ?? 0;
      connections.set(slot, { of: 1, bad: Math.max(before, value > connectionsMax ? 1 : 0) });
    },
    addSecond({ at, iterationsOk, iterationsFailed }) {
      const slot = slots.indexOf(at);
      if (slot !== undefined) addTo(failures, slot, { of: iterationsOk + iterationsFailed, bad: iterationsFailed });
    },
    list: () => [
      ...latencies.map(({ question, allowedShare, counts }) => ({ question, allowedShare, slots: counts })),
      ...(plan.promises.includes('error-rate') ? [{ question: 'error-rate' as const, allowedShare: plan.objectives.failedIterationsRatioMax, slots: failures, excusable }] : []), // prettier-ignore
      ...(connectionsMax === undefined ? [] : [{ question: 'database-connections' as const, allowedShare: 0, slots: connections }]), // prettier-ignore
    ],
  };
}

function slowerThan(limitUs: number, histogram: string): { of: number; bad: number } {
  const sum = { of: 0, bad: 0 };
  for (const [latencyUs, count] of countsOf(histogram)) {
    sum.of += count;
    if (latencyUs > limitUs) sum.bad += count;
  }
  return sum;
}

function planned({ promises, objectives }: Plan) {
  return (Object.keys(latencyQuestions) as (keyof typeof latencyQuestions)[]).flatMap((question) => {
    const { limit, allowedShare, isOf } = latencyQuestions[question];
    const limitMs = objectives[limit];
    if (limitMs === undefined || !promises.includes(question)) return [];
    return [{ question, allowedShare, isOf, limitMs, counts: new Map() as Counts }];
  });
}

function addTo(counts: Counts, slot: number, { of, bad }: { of: number; bad: number }): void {
  const known = counts.get(slot) ?? { of: 0, bad: 0 };
  counts.set(slot, { of: known.of + of, bad: known.bad + bad });
}
