import * as z from 'zod';
import type { Machine } from '#model/machine.ts';
import type { WorkflowName } from '#model/plan.ts';
import { Phase, type Progress, type RunResult } from '#model/progress.ts';
import { Outcome } from '#model/verdict.ts';

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

/**
 * All that the command line asks of the system. Connections are made on first use and ended by `close`.
 * A mistake of the user (an unknown profile, a wrong environment variable) rejects with an Error named `UsageError`; a part
 * that is not up, with one named `NotUp` whose message says how to start it; anything else is a failure of ours.
 */
export interface Service {
  /** Starts or adopts base and workers; `onLine` is told each step that takes time. */
  up(onLine: (line: string) => void): Promise<void>;
  /** Stops everything in reverse order. `refused` says why nothing was stopped (a run is active) and what to do. */
  down(options: { abort: boolean }): Promise<{ stopped: string[]; refused?: string }>;
  status(): Promise<StatusReport>;
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
  close(): Promise<void>;
}
