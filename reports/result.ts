import * as z from 'zod';
import { CapacityResult } from '#model/capacity-answer.ts';
import { Checkpoint } from '#model/checkpoint.ts';
import { ClassLatency, FaultSummary, loadMsOf, NamedWindow, OperationSummary } from '#model/evidence-summary.ts';
import { LedgerTotals } from '#model/ledger.ts';
import { hasIntendedStarts, LoadPlan } from '#model/load-plan.ts';
import { OperatorRecord } from '#model/operator.ts';
import { Objectives, OverriddenObjective } from '#model/objective.ts';
import { WorkflowName } from '#model/plan.ts';
import { SeededEntity } from '#model/population-plan.ts';
import { Phase, RunResult } from '#model/progress.ts';
import { Surroundings } from '#model/surroundings.ts';
import { Verdict } from '#model/verdict.ts';
import { WaveName } from '#model/wave.ts';
import { HarnessCost, summariseCost } from './harness-cost.ts';
import { type ReportInput, ReportMeta } from './report-input.ts';

/** What `result.json` holds (R8.2); published under docs/schema: additions are fine, renames are not. */
export const RunResultFile = z.strictObject({
  schemaVersion: z.literal(1),
  ...RunResult.shape,
  workflowId: z.string(),
  workflow: WorkflowName,
  wave: WaveName,
  target: z.string(),
  scale: z.number(),
  seed: z.int(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  verdict: Verdict,
  objectives: Objectives,
  /** Those of them that the input states, with the wave's own; absent: none. */
  overridden: z.array(OverriddenObjective).optional(),
  /** What machine and generator did meanwhile; absent where the machine was not sampled, and in results of earlier versions. */
  surroundings: Surroundings.optional(),
  load: LedgerTotals.extend({
    virtualUsers: z.int(),
    loadMs: z.number(),
    /** Over the whole load but its pauses, ramp and faults included; absent when no load began. */
    requestsPerSecond: z.number().optional(),
    /** Slots are iterations in the open model and virtual-user seconds in the closed one; absent in results of earlier versions: closed. */
    model: LoadPlan.shape.model.optional(),
    /** What the latencies of `operations` and `classes` are; absent in results of earlier versions: service time. */
    latency: z.enum(['from-intended-start', 'service-time']).optional(),
  }),
  operations: z.array(OperationSummary),
  /** By class of operation, in milliseconds. */
  classes: z.array(ClassLatency.omit({ points: true })),
  faults: z.array(FaultSummary),
  outages: z.array(NamedWindow),
  /** What a capacity search came to, with its probes; absent for other loads. */
  capacity: CapacityResult.optional(),
  /** What the run was told while it went on; absent for a run that takes no checkpoints. */
  checkpoints: z.array(Checkpoint.extend({ seconds: z.number(), records: z.int() })).optional(),
  /** What operators told the run, oldest first; absent for a run that was left alone. */
  operatorActions: z.array(OperatorRecord).optional(),
  /** What the measuring itself cost (R7.5); absent in results of earlier versions. */
  harness: HarnessCost.optional(),
  seeded: z.array(SeededEntity),
  steps: z.array(z.strictObject({ phase: Phase, outcome: z.string(), seconds: z.number().optional() })),
  placement: z.string(),
  host: ReportMeta.shape.host,
  versions: ReportMeta.shape.versions,
});
export type RunResultFile = z.infer<typeof RunResultFile>;

/** The machine-readable twin of the report; `files` are the paths that it is to name. */
export function renderResult(
  input: ReportInput,
  files: { readonly report: string; readonly result: string },
): RunResultFile {
  const { plan, evidence, verdict, meta } = input;
  const loadMs = loadMsOf(evidence);
  const { requests } = evidence.ledger.totals;
  return {
    schemaVersion: 1,
    ...{ runId: meta.runKey, outcome: verdict.outcome, reasons: reasonsOf(verdict), ...files },
    ...{ workflowId: meta.workflowId, workflow: plan.workflow, wave: plan.wave, target: plan.stack.target },
    ...{ scale: plan.scale, seed: plan.seed },
    startedAt: new Date(meta.startedAt).toISOString(),
    endedAt: new Date(meta.endedAt).toISOString(),
    verdict,
    objectives: plan.objectives,
    ...(plan.overridden !== undefined && { overridden: plan.overridden }),
    ...(evidence.surroundings !== undefined && { surroundings: evidence.surroundings }),
    load: {
      ...evidence.ledger.totals,
      ...{ virtualUsers: plan.load.virtualUsers, loadMs },
      ...(loadMs > 0 && { requestsPerSecond: requests / (loadMs / 1_000) }),
      model: plan.load.model,
      latency: hasIntendedStarts(plan.load) ? 'from-intended-start' : 'service-time',
    },
    operations: evidence.operations,
    classes: evidence.classes.map(({ class: name, overall, serviceTime }) => {
      return { class: name, overall, ...(serviceTime !== undefined && { serviceTime }) };
    }),
    ...{ faults: evidence.faults, outages: evidence.outages, seeded: [...input.seeded] },
    ...(input.capacity !== undefined && { capacity: input.capacity }),
    ...(input.checkpoints !== undefined && { checkpoints: [...input.checkpoints] }),
    ...((input.operatorActions ?? []).length > 0 && { operatorActions: [...(input.operatorActions ?? [])] }),
    harness: summariseCost(input),
    steps: input.steps.map(({ phase, outcome, startedAt, endedAt }) => {
      return { phase, outcome, ...(endedAt !== undefined && { seconds: (endedAt - startedAt) / 1_000 }) };
    }),
    ...{ placement: plan.stack.placement, host: meta.host, versions: meta.versions },
  };
}

const reasonsMax = 20;

/** What a run that did not pass is told by: its headline, then every answer that did not pass. */
function reasonsOf({ outcome, headline, answers }: Verdict): string[] {
  if (outcome === 'pass') return [];
  const open = answers.filter((answer) => answer.outcome !== 'pass');
  return [headline, ...open.map(({ question, reason }) => `${question}: ${reason}`)].slice(0, reasonsMax);
}
