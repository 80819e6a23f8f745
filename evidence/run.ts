import type { Plan } from '#model/plan.ts';
import type { Outcome } from '#model/verdict.ts';

/** A run as it is stored before anything of it starts. Times are milliseconds since the epoch. */
export interface RunRecord {
  readonly runKey: string;
  readonly workflowId: string;
  readonly plan: Plan;
  readonly planHash: string;
  readonly startedAt: number;
}

export type StoredPlan = RunRecord;

/** One line of `soak list`. */
export interface RunSummary {
  readonly runKey: string;
  readonly workflowId: string;
  readonly workflow: string;
  readonly wave: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: Outcome;
}

/** Who did what to a run, and why (R7.2). `entry` is the update's id: a second delivery of it is the same entry. */
export interface AuditEntry {
  readonly runKey: string;
  readonly entry: string;
  readonly at: number;
  readonly who: string;
  readonly what: string;
  readonly why: string;
}
