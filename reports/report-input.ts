import * as z from 'zod';
import type { JudgeRequest } from '#model/activities.ts';
import type { CapacityResult } from '#model/capacity-answer.ts';
import type { Checkpoint } from '#model/checkpoint.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import type { Plan } from '#model/plan.ts';
import type { Verdict } from '#model/verdict.ts';
import type { RunFootprint } from './footprint.ts';

/** Where and by what a run was made: whatever a reader needs to believe its figures, and to make them again. */
export const ReportMeta = z.strictObject({
  runKey: z.string(),
  workflowId: z.string(),
  /** Milliseconds since the epoch. */
  startedAt: z.number(),
  endedAt: z.number(),
  /** What was typed, before defaults: the commands under "how to reproduce" repeat it. */
  input: z.record(z.string(), z.unknown()),
  /** Of soakwave and of each server: `{ "PostgreSQL": "15.9" }`. */
  versions: z.record(z.string(), z.string()),
  host: z.strictObject({
    name: z.string(),
    cpu: z.string(),
    cores: z.int().positive(),
    memoryBytes: z.number().positive(),
  }),
});
export type ReportMeta = z.infer<typeof ReportMeta>;

/** A checkpoint as it was told, with what telling it took. */
export interface ToldCheckpoint extends Checkpoint {
  readonly seconds: number;
  readonly records: number;
}

/** All that a report says, and nothing that is not in the evidence. */
export interface ReportInput extends Pick<
  JudgeRequest,
  'steps' | 'seeded' | 'verification' | 'warmUp' | 'operatorActions'
> {
  readonly plan: Plan;
  readonly evidence: EvidenceSummary;
  readonly verdict: Verdict;
  readonly meta: ReportMeta;
  /** By number; absent for a run that takes none. */
  readonly checkpoints?: readonly ToldCheckpoint[];
  /** What a capacity search came to; absent for other loads. */
  readonly capacity?: CapacityResult;
  /** What the run cost outside its processes. */
  readonly footprint?: RunFootprint;
}
