import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ApplicationFailure, type Info } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor, NativeConnection } from '@temporalio/worker';
import type {
  AuditActivities,
  CollectActivities,
  FaultActivities,
  JudgeActivities,
  LoadActivities,
  ProvisionActivities,
  WatchActivities,
} from '#model/activities.ts';
import type { Places } from './places.ts';

type Execution = NonNullable<Info['workflowExecution']>;
type Activity =
  | keyof AuditActivities
  | keyof CollectActivities
  | keyof FaultActivities
  | keyof JudgeActivities
  | keyof LoadActivities
  | keyof ProvisionActivities
  | keyof WatchActivities;

/** What a branch may still do: whatever ends what the run has begun, and the watching beside it, which healing needs. */
const closing: readonly string[] = [
  'holdWatch',
  'healFaults',
  'stopLoad',
  'handOverLoad',
  'stopWatching',
  'collectSpools',
  'audit',
  'release',
] satisfies Activity[];
/** A branch of a run that has its verdict must not judge that run again. */
const verdictMaking: readonly string[] = ['judge', 'report'] satisfies Activity[];

const wayOut =
  '`workflow reset` made a second branch of this run, and one run key stands for one course of events. This branch only ' +
  'cleans up. For a step that is blocked, use the update resolveStep (`soak resolve RUN retry|skip|abort`); else start a new run';

/** Says of an execution whether `workflow reset` made it; undefined while Temporal does not answer. */
export type BranchLookup = (execution: Execution) => Promise<boolean | undefined>;

/**
 * Refuses the forward activities of a run that `workflow reset` branched (`BranchedRun`), because both branches would write
 * into one run's folder, ledger and evidence; what cleans up is let through. When Temporal cannot say, nothing is refused.
 */
export function createBranchInterceptor(
  info: Pick<Info, 'activityType' | 'workflowExecution'>,
  { lookUp, places }: { lookUp: BranchLookup; places: Pick<Places, 'run'> },
): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      const { activityType, workflowExecution } = info;
      if (workflowExecution === undefined || closing.includes(activityType)) return next(input);
      if ((await lookUp(workflowExecution)) !== true) return next(input);
      if (verdictMaking.includes(activityType) && !hasVerdict(places, input.args[0])) return next(input);
      const failure = ApplicationFailure.create({ type: 'BranchedRun', message: wayOut, nonRetryable: true });
      failure.stack = `BranchedRun: ${wayOut}`;
      throw failure;
    },
  };
}

function hasVerdict(places: Pick<Places, 'run'>, request: unknown): boolean {
  const { runKey } = request as { runKey: string };
  return existsSync(join(places.run(runKey).folder, 'result.json'));
}

const answerWithinMs = 2_000;
const knownMax = 500;

/**
 * Asks Temporal once an execution and process: an execution is made by a reset or it is not, and stays so. The server keeps
 * `lastResetTime` with the execution that a reset makes, and with no other, the one that continues it as new included.
 */
export function createBranchLookup(connection: NativeConnection, namespace: string): BranchLookup {
  const known = new Map<string, boolean>();
  return async ({ workflowId, runId }) => {
    const before = known.get(runId);
    if (before !== undefined) return before;
    const asked = connection.withDeadline(Date.now() + answerWithinMs, () =>
      connection.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId, runId } }),
    );
    const described = await asked.catch(() => undefined);
    if (described === undefined) return undefined;
    const isBranch = (described.workflowExtendedInfo?.lastResetTime ?? null) !== null;
    if (known.size >= knownMax) for (const oldest of [...known.keys()].slice(0, knownMax / 2)) known.delete(oldest);
    known.set(runId, isBranch);
    return isBranch;
  };
}
