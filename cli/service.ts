import * as z from 'zod';
import type { LoadDriver } from '#model/load-driver.ts';
import type { Machine } from '#model/machine.ts';
import type { OperatorAction } from '#model/operator.ts';
import type { WorkflowName } from '#model/plan.ts';
import type { Entity, SeededEntity } from '#model/population-plan.ts';
import { Phase, type Progress, type RunResult } from '#model/progress.ts';
import { Outcome } from '#model/verdict.ts';
import type { WaveName } from '#model/wave.ts';
import type { EvidenceDesk } from './evidence-report.ts';
import type { JudgedFile, JudgeOrder } from './judged-file.ts';
import type { JudgedKind, JudgedRun } from './judged-run.ts';
import type { AnalysisBenchOrder, AnalysisBenchReport } from './analysis-bench.ts';
import type { EnduranceOrder, EnduranceReport, LoadBenchOrder, LoadBenchReport } from './load-bench.ts';
import type { SamplingBenchOrder, SamplingBenchReport } from './sampling-bench.ts';
import type { EndedRun } from './selftest-account.ts';
import type { VerdictBenchOrder, VerdictBenchReport } from './verdict-bench.ts';

/** One run as `soak list` and `soak status` show it. `runId` is the run key. */
export const RunListing = z.strictObject({
  runId: z.string(),
  workflowId: z.string(),
  workflow: z.string(),
  wave: z.string().optional(),
  state: z.enum(['running', 'completed', 'failed', 'cancelled', 'terminated', 'timed-out']),
  phase: Phase.optional(),
  outcome: Outcome.optional(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  /** When it came here as an archive; absent for a run of this machine. */
  importedAt: z.iso.datetime().optional(),
});
export type RunListing = z.infer<typeof RunListing>;

/** Last line of `soak status --json`; published under docs/schema/, so that keys may be added and never renamed. */
export const StatusReport = z.strictObject({
  temporal: z.strictObject({
    address: z.string(),
    namespace: z.string(),
    /** Address of the web UI; absent where there is none. */
    ui: z.string().optional(),
    reachable: z.boolean(),
  }),
  processes: z.array(
    z.strictObject({
      role: z.string(),
      pid: z.int(),
      startedAt: z.iso.datetime(),
      state: z.enum(['running', 'dead']),
    }),
  ),
  runs: z.array(RunListing),
  /** What the janitor found and did lately (R7.7), oldest first; absent in reports of earlier versions. */
  janitor: z.array(z.strictObject({ at: z.iso.datetime(), found: z.string() })).optional(),
});
export type StatusReport = z.infer<typeof StatusReport>;

/** Every prerequisite at once: what was found, what is wrong with it and what to do. */
export const DoctorReport = z.strictObject({
  checks: z.array(
    z.strictObject({
      name: z.string(),
      ok: z.boolean(),
      /** What was found, e.g. a version and a path. */
      found: z.string().optional(),
      problem: z.string().optional(),
      advice: z.string().optional(),
    }),
  ),
});
export type DoctorReport = z.infer<typeof DoctorReport>;

export interface RunHandle {
  readonly workflowId: string;
  readonly runKey: string;
}

/** A run that ended without a verdict; `type` is a name of `model/failures.ts` where there is one, `failed` its message. */
export interface FailedRun {
  readonly failed: string;
  readonly type: string;
}

/** What somebody tells a run; `request` is what `operatorRequests` reads, without `who`, which the service fills in. */
export interface OperatorOrder {
  /** A run key, a workflow id, or `latest`: the latest run that goes on. */
  readonly run: string;
  readonly action: OperatorAction;
  readonly request: Readonly<Record<string, unknown>>;
  /** The update's id: the same order under the same id is carried out once. One is made up when there is none. */
  readonly updateId?: string;
}

/** What came of telling a run something (R7.2, R9.1). */
export type OperatorAnswer =
  | { readonly kind: 'accepted'; readonly run: RunListing; readonly answer: string }
  /** The run said no; nothing of it is left in its state. */
  | { readonly kind: 'rejected'; readonly run: RunListing; readonly problem: string }
  /** No worker answered in time. `isStored`: it is in the run's history and will be done; else it may be forgotten. */
  /** Workers are there, and the run's own code fails on them. */
  | { readonly kind: 'failing'; readonly run: RunListing }
  | { readonly kind: 'unanswered'; readonly run: RunListing; readonly updateId: string; readonly isStored: boolean }
  | { readonly kind: 'over'; readonly run: RunListing }
  /** Recorded in the evidence store here, and not known to the namespace that was asked. */
  | { readonly kind: 'elsewhere'; readonly workflowId: string }
  | { readonly kind: 'no-run'; readonly workflow: string }
  | { readonly kind: 'unknown' };

export interface ScheduleOrder {
  readonly name: string;
  readonly workflow: WorkflowName;
  /** Has passed `parseInput`. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly when: { readonly cron: string; readonly timeZone: string } | { readonly everyMs: number };
}

/** A schedule as `soak schedule list` shows it. Times are ISO 8601 in UTC. */
export interface ScheduleListing {
  readonly name: string;
  readonly workflow: string;
  readonly input: unknown;
  readonly when: string;
  readonly timeZone: string;
  readonly paused: boolean;
  /** Why it is paused, or what was said last. */
  readonly note?: string;
  /** The next few times; none while it is paused. */
  readonly next: readonly string[];
  /** The newest run that it started, which may still go on. */
  readonly last?: RunListing;
  readonly started: number;
  /** Not started, because the run before was still going on. */
  readonly skipped: number;
  /** Not started, because nothing was up for longer than the schedule catches up. */
  readonly missed: number;
}

export type Triggered =
  | { readonly kind: 'started'; readonly workflowId: string; readonly runKey: string }
  | { readonly kind: 'skipped'; readonly running: readonly string[] }
  | { readonly kind: 'unseen' };

/** Runs that start by the clock. A name that nothing or something has already rejects with a `UsageError`. */
export interface Schedules {
  /** Rejects with a `UsageError` when the server cannot read the times, or they never come; then there is no schedule. */
  create(order: ScheduleOrder): Promise<ScheduleListing>;
  list(): Promise<ScheduleListing[]>;
  pause(name: string, why: string): Promise<void>;
  resume(name: string, why: string): Promise<ScheduleListing>;
  /** Runs that it started go on; their workflow ids are the answer. */
  remove(name: string): Promise<string[]>;
  /** Starts a run now, unless the last one still goes on. */
  trigger(name: string): Promise<Triggered>;
}

/** A data set to be seeded, without a run. */
export interface SeedOrder {
  /** Keys of `SoakWave`'s input; has passed `parseInput`. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Somebody else's database; absent: that of the local stack. */
  readonly databaseUrl?: string;
  /** Absent: as many as there are cores. */
  readonly parallelWorkers?: number;
  readonly batchRows?: number;
  /** What was seeded of another plan may be dropped. */
  readonly reset: boolean;
  /** Nothing is written: what is there is held against the plan. */
  readonly verifyOnly: boolean;
}

/** Told while rows land. */
export interface SeedWatch {
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  readonly onStage: (stage: 'rows' | 'finish' | 'verify', rows?: SeedRows) => void;
  readonly onRows: (entity: Entity, rows: number) => void;
}

/** By entity: rows of the plan, and those that had landed before. */
export interface SeedRows {
  readonly planned: Readonly<Partial<Record<Entity, number>>>;
  readonly landed: Readonly<Partial<Record<Entity, number>>>;
}

/** Last line of `soak seed --json`. */
export interface SeedReport {
  readonly wave: string;
  readonly seed: number;
  readonly profile: string;
  readonly scale: number;
  readonly entities: readonly SeededEntity[];
  readonly seconds: number;
  /** Nothing was left to do. */
  readonly wasComplete: boolean;
  /** Where the time of seeding went, by entity (in seconds of a worker) and by stage; absent under `--verify`. */
  readonly times?: {
    readonly entities: readonly {
      readonly entity: Entity;
      readonly generateSeconds: number;
      readonly copySeconds: number;
      readonly indexSeconds: number;
    }[];
    readonly stages: readonly { readonly stage: string; readonly seconds: number }[];
  };
  /** Of `--verify`: one sentence each; none when everything is as planned. */
  readonly differences: readonly string[];
}

/** A kept data set of the local stack, as `soak snapshot list` shows it. */
export interface SnapshotListing {
  readonly name: string;
  readonly bytes: number;
  readonly users: number;
  readonly teams: number;
  readonly seed: number;
  readonly profile: string;
}

/** Reject with a `NotUp` when the stack is in use, with a `UsageError` when there is nothing of that name. */
export interface Snapshots {
  list(): Promise<SnapshotListing[]>;
  /** One of that name is replaced. */
  save(name: string): Promise<SnapshotListing>;
  restore(name: string): Promise<SnapshotListing>;
  remove(name: string): Promise<void>;
}

/** What `soak bench seed` is to measure. */
export interface SeedBenchOrder {
  readonly wave: WaveName;
  /** Of each entity. */
  readonly rows: number;
  readonly rounds: number;
  readonly workers?: number;
}

interface CopyComparison {
  readonly entity: Entity;
  readonly rows: number;
  /** Into a partition of its own that is made and filled in one transaction, or into a table that is there. */
  readonly mode: 'freeze' | 'plain';
  readonly rowsPerSecond: number;
  /** Of a binary COPY of the same rows on as many connections, encoded before the clock starts. */
  readonly copyRowsPerSecond: number;
  readonly ratioToCopy: number;
}

/** Last line of `soak bench seed --json`; rates are medians, in rows a second. */
export interface SeedBenchReport {
  readonly wave: string;
  readonly workers: number;
  readonly rounds: number;
  /** Entities of at least a million rows, as seeding writes them into a schema of its own. */
  readonly entities: readonly CopyComparison[];
  /** The partitioned ones as they would be written into somebody else's tables. */
  readonly foreign: readonly CopyComparison[];
  readonly scaling: readonly { readonly entity: Entity; readonly workers: number; readonly rowsPerSecond: number }[];
  readonly peers: readonly { readonly name: string; readonly rows: number; readonly rowsPerSecond: number }[];
}

/** Measurements on this machine, on servers of their own that are gone afterwards. */
export interface BenchDesk {
  benchSeed(order: SeedBenchOrder, onLine: (line: string) => void): Promise<SeedBenchReport>;
  benchLoad(order: LoadBenchOrder, onLine: (line: string) => void): Promise<LoadBenchReport>;
  benchEndurance(order: EnduranceOrder, onLine: (line: string) => void): Promise<EnduranceReport>;
  benchSampling(order: SamplingBenchOrder, onLine: (line: string) => void): Promise<SamplingBenchReport>;
  benchAnalysis(order: AnalysisBenchOrder, onLine: (line: string) => void): Promise<AnalysisBenchReport>;
  benchVerdict(order: VerdictBenchOrder, onLine: (line: string) => void): Promise<VerdictBenchReport>;
}

/**
 * All that the command line asks of the system. Connections are made on first use and ended by `close`.
 * A mistake of the user (an unknown profile, a wrong environment variable) rejects with an Error named `UsageError`; a part
 * that is not up, with one named `NotUp` whose message says how to start it; anything else is a failure of ours.
 */
export interface Service extends BenchDesk {
  /** Starts or adopts base and workers; `onLine` is told each step that takes time. */
  up(onLine: (line: string) => void): Promise<void>;
  /** Stops everything in reverse order. `refused` says why nothing was stopped (a run is active) and what to do. */
  down(options: { abort: boolean; purge: boolean }): Promise<{ stopped: string[]; purged?: string; refused?: string }>;
  status(): Promise<StatusReport>;
  /** Looks into the file of somebody's own that an input names; nothing of it stays. */
  inspectDriver(input: Readonly<Record<string, unknown>>): Promise<{ driver?: LoadDriver } | { problems: string[] }>;
  /** Judges files of bare series for leaks. Rejects with a `UsageError` that names everything that is wrong with any of them. */
  judgeFiles(order: JudgeOrder): Promise<JudgedFile[]>;
  /** What each word names: a file of bare series, an archive of evidence, or, when there is no file of that name, a run. */
  kindsOf(names: readonly string[]): Promise<JudgedKind[]>;
  /**
   * Judges runs, and runs in archives, again from stored evidence alone. Rejects with `NoVerdict` when there is none to compare
   * with, and with `EvidenceRefused` when what is stored does not belong together.
   */
  judgeRuns(names: readonly string[]): Promise<JudgedRun[]>;
  readonly evidence: EvidenceDesk;
  doctor(): Promise<DoctorReport>;
  machine(): Promise<Machine>;
  startRun(request: { workflow: WorkflowName; input: unknown; workflowId?: string }): Promise<RunHandle>;
  /** Undefined when the workflow does not answer queries (yet). */
  progress(workflowId: string): Promise<Progress | undefined>;
  /** Waits for the end of the run, continue-as-new included. Rejects only when it cannot be asked. */
  result(handle: RunHandle): Promise<RunResult | FailedRun>;
  /** A run key, a workflow id or `latest`. */
  resolve(text: string): Promise<RunHandle | undefined>;
  /** Latest first. */
  list(limit: number): Promise<RunListing[]>;
  reportPath(runKey: string): Promise<string | undefined>;
  /** The verdict of a run that is over, with what of its load it rests on; undefined when it left no result. */
  endedRun(runKey: string): Promise<EndedRun | undefined>;
  /** Sends an operator's update and waits for its answer, for half a minute at most. */
  tell(order: OperatorOrder): Promise<OperatorAnswer>;
  readonly schedules: Schedules;
  readonly snapshots: Snapshots;
  /** Rejects with an Error named `ForeignData` or `SeedFailed` whose message says what to do. */
  seed(order: SeedOrder, watch: SeedWatch): Promise<SeedReport>;
  /** Which Temporal is asked; nothing is connected for it. */
  where(): { address: string; namespace: string };
  close(): Promise<void>;
}
