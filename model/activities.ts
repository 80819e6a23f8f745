import type { CapacitySearch } from './capacity-search.ts';
import type { Checkpoint, EndedEarly } from './checkpoint.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { Stage } from './load-plan.ts';
import type { OperatorRecord } from './operator.ts';
import type { PlanSummary, WorkflowName } from './plan.ts';
import type { SeededEntity } from './population-plan.ts';
import type { ProbePart } from './probe.ts';
import type { LoadTotals, RunResult, StepRecord } from './progress.ts';
import type { Outcome } from './verdict.ts';
import type { WaveName } from './wave.ts';

/** Which run an activity works for. `runKey` is the first execution's run id: stable over continue-as-new. */
export interface RunRef {
  readonly runKey: string;
  readonly workflowId: string;
  readonly planHash: string;
}

export interface PlanActivities {
  /** Parses what somebody typed, applies defaults, plans, stores. Rejects with `InvalidInput`, which is not retried. */
  planRun(request: {
    runKey: string;
    workflowId: string;
    workflow: WorkflowName;
    input: unknown;
  }): Promise<PlanSummary>;
  /**
   * Parses the input of `AllWaves` into one `SoakWave` input a wave, in order, and looks up what is taken over from an
   * earlier cycle. Rejects with `InvalidInput` when that was planned otherwise.
   */
  planWaves(request: { runKey: string; workflowId: string; input: unknown }): Promise<{ waves: PlannedWave[] }>;
}

export interface PlannedWave {
  readonly wave: WaveName;
  readonly input: Record<string, unknown>;
  /** What an earlier cycle came to; such a wave is not run. */
  readonly takenOver?: WaveOutcome;
}

export interface ProvisionActivities {
  /** The stable name of a host that can hold the stack; its queue is `queues.hostOn(host)`. */
  locateHost(): Promise<{ host: string }>;
  /** Finds everything that would stop the run, all at once, then takes the stack claim. */
  preflight(run: RunRef): Promise<{ note: string }>;
  /** Starts or adopts every part of the stack; idempotent. */
  provision(run: RunRef): Promise<{ note: string; processes: number }>;
  /** Gives the claim back and, unless kept, stops the stack. Touches only what carries this run key. */
  release(request: RunRef & { keep: 'stack' | 'nothing' }): Promise<{ note: string }>;
}

export interface SeedActivities {
  prepareSeed(run: RunRef): Promise<{ shards: number; alreadyComplete: boolean }>;
  /** Pulls shards until none is left; any number of these run side by side. */
  seedShards(run: RunRef): Promise<{ shards: number; rows: number }>;
  /** Indexes, constraints, ANALYZE, identities, reconciliation. */
  finishSeed(run: RunRef): Promise<{ entities: SeededEntity[]; rows: number }>;
}

export interface WatchActivities {
  /** Starts or adopts sampler and watchdog, and proves that every signal delivers. */
  startWatching(run: RunRef): Promise<{ note: string }>;
  /** Holds both until `until`, and uploads what the run's producers spooled on this host. */
  holdWatch(request: RunRef & { until: number }): Promise<{ gatewaysRssBytes?: number }>;
  /** Ends both; the watchdog heals what is still broken first. */
  stopWatching(run: RunRef): Promise<{ note: string }>;
}

export interface WarmCacheActivities {
  warmCache(run: RunRef): Promise<{ requests: number; hitRatio?: number; settled: boolean; elapsedMs: number }>;
}

/** What one shard is to drive, in absolute times. */
export interface ShardSchedule {
  readonly shard: number;
  readonly startsAt: number;
  readonly endsAt: number;
  /** Counts the changes to the schedule: an engine that has a higher one keeps it. Absent: 0. */
  readonly revision?: number;
  /** From `startsAt` on, as operators changed them; absent: the plan's. */
  readonly stages?: readonly Stage[];
  /**
   * Set when load is spread over several hosts: counts the placings of this shard. A request of an earlier one than the newest
   * that a host has seen comes too late and starts nothing; leases are short then (`model/held.ts`).
   */
  readonly placing?: number;
}

/** Hosts that drive load now, in order; only told when there are several, or when load is spread already. */
export interface LoadHosts {
  readonly hosts?: readonly string[];
}

export interface LoadActivities {
  /**
   * Starts or adopts the engine of one shard on this host, with the whole schedule in absolute times. Without a `placing` and
   * with several hosts to choose from, nothing is started: it tells them, and the shards are spread.
   */
  placeShard(request: RunRef & ShardSchedule): Promise<{ host: string } & LoadHosts>;
  /** Gives the shard's engine a changed schedule; it follows within a second, and nothing of it is restarted. */
  steerLoad(request: RunRef & ShardSchedule): Promise<{ steered: boolean }>;
  /** Holds a window of one shard: keeps the engine's lease, restarts it when it died, folds what it did. */
  holdLoad(request: RunRef & ShardSchedule & { until: number }): Promise<LoadTotals & LoadHosts>;
  /** What the engines on this host did in [from, to), a probe of a capacity search, once their records of it are there. */
  measureProbe(request: RunRef & { from: number; to: number }): Promise<ProbePart>;
  /** Writes `stop`, waits for the engine's end, and is content when there is none. */
  stopLoad(request: RunRef & { shard: number }): Promise<{ stopped: boolean }>;
  /** Hands over what engines wrote on this host, which is not the stack's: spooled evidence and, if asked for, write journals. */
  handOverLoad(request: RunRef & { journals: boolean }): Promise<{ batches: number; journals: number }>;
}

export interface FaultActivities {
  /** Carries one fault through its six steps, from wherever its lease says that it is. `plan`: of a fault that the run's plan does not have. */
  injectFault(request: RunRef & { fault: string; startsAt: number; plan?: FaultPlan }): Promise<FaultResult>;
  /** Undoes whatever is still injected. */
  healFaults(run: RunRef): Promise<{ healed: string[] }>;
}
export interface FaultResult {
  fault: string;
  bit: boolean;
  healed: boolean;
  healedBy: 'injection' | 'watchdog' | 'nobody';
}

/** What reading back and auditing after the load came to; lists are cut at ten. */
export interface Verification {
  readonly checked: number;
  readonly lost: readonly string[];
  readonly resurrected: readonly string[];
  readonly indeterminate: number;
  /** Objects that load created and that were still there at its end: the net growth (R1.7). */
  readonly remaining: number;
  readonly scopeAudited: number;
  readonly scopeDifferences: readonly string[];
  /** Differences between seeded rows and the plan. */
  readonly seedDifferences: readonly string[];
  /** Hosts that drove load and could not hand over what their engines wrote; absent: none. */
  readonly unheard?: readonly string[];
}

export interface VerifyActivities {
  /** Durability oracle (R7.4), scope audit and reconciliation of the seeded rows. */
  verify(request: RunRef & { unheard?: readonly string[] }): Promise<Verification>;
}

export interface CollectActivities {
  /** Uploads everything that this host spooled for the run, the open segments of dead producers included. */
  collectSpools(run: RunRef): Promise<{ batches: number }>;
}

export interface AuditActivities {
  /** Writes down what somebody told the run (R7.2). `entry` is the update's id: a second delivery is the same entry. */
  audit(request: { runKey: string; entry: string; at: number; who: string; what: string; why: string }): Promise<void>;
}

export interface JudgeActivities {
  /** Judges what there is so far, stores and tells it; the same number again is the same checkpoint (R1.4). */
  checkpoint(request: JudgeRequest & { number: number }): Promise<Checkpoint>;
  judge(request: JudgeRequest): Promise<{ outcome: Outcome; headline: string; reasons: string[] }>;
  report(request: JudgeRequest): Promise<RunResult>;
  /** Writes the wave-comparison report of `AllWaves` (R1.3). */
  compareWaves(request: { runKey: string; workflowId: string; results: WaveOutcome[] }): Promise<RunResult>;
}

/** What the workflow knows that evidence does not; with the stored evidence it is all that a verdict rests on. */
export interface JudgeRequest extends RunRef {
  readonly steps: readonly StepRecord[];
  readonly loadStartsAt?: number;
  readonly loadEndsAt?: number;
  readonly seeded: readonly SeededEntity[];
  readonly verification?: Verification;
  readonly warmUp?: { readonly requests: number; readonly hitRatio?: number | undefined; readonly settled: boolean };
  /** The schedule as operators left it, from `loadStartsAt` on; absent: the plan's. Paused time is neither planned nor judged. */
  readonly stages?: readonly Stage[];
  /** The probes of a capacity search, and why it was over; without `endedBy` the load ended before it did. */
  readonly capacity?: CapacitySearch;
  /** Set when the load was ended before its planned end; faults that were due later are not asked about. */
  readonly endedEarly?: EndedEarly;
  /** What operators told the run, oldest first; the newest hundred. */
  readonly operatorActions?: readonly OperatorRecord[];
  /** Set when the run did not reach its end: at best inconclusive, unless a failure is already certain. */
  readonly aborted?: string;
}

export interface WaveOutcome {
  readonly wave: string;
  readonly runId: string;
  readonly outcome: Outcome;
  readonly reasons: readonly string[];
  readonly result: string;
  /** Not run by this cycle but by an earlier one. */
  readonly isTakenOver?: boolean;
}
