import type { EvidenceRecord, FaultRecord, FindingRecord, GapRecord, StatementRecord } from '#model/evidence.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { createLedger } from '#model/ledger.ts';
import { hasIntendedStarts, totalLoadMs } from '#model/load-plan.ts';
import type { Plan } from '#model/plan.ts';
import { isOwnProcess, roleKind } from '#model/roles.ts';
import { pausesOf } from '#model/schedule.ts';
import { faultWindows, summariseFaults } from './fault-fold.ts';
import { createGeneratorFold } from './generator-fold.ts';
import { createLatencyFold } from './latency-fold.ts';
import { foldLoad } from './load-fold.ts';
import { costWindow, unplannedOutages, withCosts } from './outage-fold.ts';
import { createLowFold, databaseRole } from './low-fold.ts';
import { createProbesFold } from './probe-fold.ts';
import { createPresenceFold } from './presence-fold.ts';
import { isStoredAsked } from './stored-growth.ts';
import { createSurroundingsFold } from './surroundings-fold.ts';
import { createSeriesFold } from './series-fold.ts';
import { createStatementFold } from './statement-fold.ts';
import { clipWindows, subtractWindows, type Window } from './windows.ts';
import { createWriteFold } from './write-fold.ts';

export interface FoldInput {
  readonly records: AsyncIterable<EvidenceRecord> | Iterable<EvidenceRecord>;
  /** Its stages are those that were driven: `planAsSteered` when operators changed them. */
  readonly plan: Plan;
  /** Wall clock at which stage 0 began; absent when the load never did. */
  readonly loadStartsAt?: number;
  /** When the probes of a capacity search were. */
  readonly probes?: readonly Window[];
  /** Earlier than the plan's end when the run was aborted. */
  readonly loadEndsAt?: number;
  /** The load is not over at `loadEndsAt`: what is in flight there may still end. */
  readonly goesOn?: boolean;
}

const gapsMax = 1_000;
const findingsMax = 1_000;
const faultRecordsMax = 10_000;

/**
 * Folds all evidence of a run in one pass and bounded memory. The order of records does not matter, so spools can be read
 * one after the other.
 */
export async function foldEvidence(input: FoldInput): Promise<EvidenceSummary> {
  const fold = createEvidenceFold(input);
  const probes = createProbesFold(input.plan, input.probes);
  for await (const record of input.records) {
    fold.add(record);
    probes.add(record);
  }
  return { ...fold.summary(), ...probes.summary() };
}

function createEvidenceFold({ plan, loadStartsAt, loadEndsAt, goesOn }: Omit<FoldInput, 'records' | 'probes'>) {
  const bounds = boundsOf(plan, loadStartsAt, loadEndsAt);
  const { load, pauses, startsAt, endsAt } = bounds;
  const folds = createFolds(plan, bounds);
  const { ledger, latency, series, lows, generators, presence, writes, incidents, surroundings } = folds;
  const records: Record<string, number> = {};

  function add(record: EvidenceRecord): void {
    increment(records, record.kind);
    if (record.kind !== 'ledger' || load !== undefined) hand(record, folds);
  }

  function summary(): EvidenceSummary {
    const { faults, ...incidentSummary } = incidents.summary();
    const windows = faultWindows(faults, endsAt);
    const { processes, samplerOutages, downtimes } = presence.summary();
    const outages = subtractWindows(unplannedOutages({ downtimes, faults, windows, plans: plan.faults, load }), pauses);
    const costs = outages.map(costWindow);
    const allSeries = series.summary();
    const { engineOutages, unplannedCosts, ...loadSummary } = foldLoad({
      ...{ ledger, startsAt, endsAt, goesOn: goesOn === true, isOpen: plan.load.model === 'open' },
      ...{ faultWindows: [...windows, ...costs], unplannedOutages: costs },
      onSecondOutsideFaults: surroundings.addSecond,
    });
    const around = surroundings.summary();
    return {
      ...(load !== undefined && { loadStartsAt: load.from, loadEndsAt: load.to, ...(pauses.length > 0 && { pauses }) }),
      records: sorted(records),
      ...loadSummary,
      ...latency.summary(),
      series: allSeries,
      lows: lows.summary(),
      ...(around !== undefined && { surroundings: around }),
      generators: generators.summary(allSeries),
      processes,
      ...incidentSummary,
      faults,
      faultWindows: [...windows, ...costs],
      unplannedOutages: withCosts(outages, unplannedCosts, allSeries),
      outages: [...engineOutages, ...samplerOutages],
      writes: writes.summary(),
    };
  }
  return { add, summary };
}

type Folds = ReturnType<typeof createFolds>;

/** A record to every fold that it says something to. */
function hand(
  record: EvidenceRecord,
  { ledger, latency, series, lows, generators, presence, writes, incidents, surroundings }: Folds,
): void {
  surroundings.add(record);
  switch (record.kind) {
    case 'sample':
      series.add(record);
      lows.add(record);
      generators.add(record);
      presence.addSample(record);
      return;
    case 'incarnation':
      presence.addIncarnation(record);
      return;
    case 'ledger':
      ledger.add(record);
      return;
    case 'operation':
      latency.add(record);
      return;
    case 'schedule':
      generators.addSchedule(record);
      return;
    case 'gap':
    case 'finding':
    case 'fault':
    case 'statement':
      incidents.add(record);
      return;
    case 'write':
      writes.add(record);
      return;
    case 'read-back':
      writes.addReadBack(record);
      return;
  }
}

function createFolds(plan: Plan, bounds: ReturnType<typeof boundsOf>) {
  const { startsAt, endsAt } = bounds;
  return {
    ledger: createLedger(plan.load, startsAt),
    latency: createLatencyFold({ startsAt, endsAt, isIntended: hasIntendedStarts(plan.load) }),
    series: createSeriesFold(bounds),
    lows: createLowFold({ ...bounds, isAsked: (role) => mayLeak(role, plan), isStoredAsked: isStoredAsked(plan) }),
    generators: createGeneratorFold(bounds),
    presence: createPresenceFold(bounds),
    writes: createWriteFold(endsAt + plan.load.drainMs),
    incidents: createIncidentFold(),
    surroundings: createSurroundingsFold(plan, bounds.load),
  };
}

const mayLeak = (role: string, { promises }: Plan): boolean =>
  roleKind(role) === 'gateway' || role === databaseRole || (promises.includes('harness-memory') && isOwnProcess(role));

/** When the load was, and in which parts of it nothing was planned. */
function boundsOf(plan: Plan, loadStartsAt: number | undefined, loadEndsAt: number | undefined) {
  const load = loadStartsAt === undefined ? undefined : loadWindow(plan, loadStartsAt, loadEndsAt);
  const pauses = load === undefined ? [] : clipWindows(pausesOf(plan.load.stages, load.from), load);
  const { from: startsAt, to: endsAt } = load ?? { from: 0, to: 0 };
  return { load, pauses, startsAt, endsAt, intervalMs: plan.sampleIntervalMs };
}

/** What is rare and told one by one: the earliest of each kind are kept, all are counted. */
function createIncidentFold() {
  const gaps = createEarliest<GapRecord>(gapsMax);
  const findings = createEarliest<FindingRecord>(findingsMax);
  const faults = createEarliest<FaultRecord>(faultRecordsMax);
  const statements = createStatementFold();
  const findingsTotal: Record<string, number> = {};
  let gapsTotal = 0;

  function add(record: GapRecord | FindingRecord | FaultRecord | StatementRecord): void {
    switch (record.kind) {
      case 'gap':
        gaps.add(record);
        gapsTotal += 1;
        return;
      case 'finding':
        findings.add(record);
        increment(findingsTotal, record.finding);
        return;
      case 'fault':
        faults.add(record);
        return;
      case 'statement':
        statements.add(record);
    }
  }

  const summary = () => ({
    ...{ gaps: gaps.list(), gapsTotal, findings: findings.list(), findingsTotal: sorted(findingsTotal) },
    faults: summariseFaults(faults.list()),
    ...statements.summary(),
  });
  return { add, summary };
}

const loadWindow = (plan: Plan, from: number, endsAt = Infinity): Window => ({
  from,
  to: Math.max(from, Math.min(endsAt, from + totalLoadMs(plan.load))),
});

/** Keeps the `max` earliest; of more, those that are kept do not depend on the order in which they came. */
function createEarliest<T extends { readonly at: number }>(max: number): { add(record: T): void; list(): T[] } {
  let kept: T[] = [];
  const trim = (): void => {
    kept = kept
      .map((record) => ({ record, text: JSON.stringify(record) }))
      .sort((a, b) => a.record.at - b.record.at || (a.text < b.text ? -1 : 1))
      .slice(0, max)
      .map(({ record }) => record);
  };
  return {
    add(record) {
      kept.push(record);
      if (kept.length >= max * 2) trim();
    },
    list() {
      trim();
      return kept;
    },
  };
}

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

const sorted = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
