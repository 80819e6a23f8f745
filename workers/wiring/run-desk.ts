import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { RunHandle, RunListing, Service } from '#cli/service.ts';
import { createProcessTable } from '#compose/process-table.ts';
import { LoadTotals, type Phase, Progress, RunResult } from '#model/progress.ts';
import { queues } from '#model/queues.ts';
import { WorkflowName } from '#model/plan.ts';
import type { Outcome } from '#model/verdict.ts';
import type { Context } from './context.ts';
import type { TemporalClient } from './temporal.ts';

const progressQuery = 'progress';
const abortUpdate = 'abort';
const queryWithinMs = 3_000;
const abortWithinMs = 240_000;

type Desk = Pick<Service, 'startRun' | 'progress' | 'result' | 'resolve' | 'list' | 'reportPath'> & {
  /** Workflow ids of the runs that are going on. */
  active(): Promise<string[]>;
  /** Aborts these and waits until they have cleaned up. */
  abort(workflowIds: readonly string[]): Promise<void>;
  /** Ends what is still held by runs that are over; only for `soak down`. Returns the roles that were ended. */
  stopHeld(): Promise<string[]>;
};

/** Runs as Temporal knows them. */
export function createRunDesk(context: Context, connect: () => Promise<TemporalClient>): Desk {
  const runs = context.places.runs;
  const find = async (query: string, limit: number): Promise<WorkflowExecutionInfo[]> => {
    const { client } = await connect();
    const found: WorkflowExecutionInfo[] = [];
    for await (const execution of client.workflow.list({ query, pageSize: Math.min(limit, 100) })) {
      found.push(execution);
      if (found.length >= limit) break;
    }
    return found;
  };
  const ours = WorkflowName.options.map((name) => `WorkflowType='${name}'`).join(' OR ');
  const active = async (): Promise<string[]> =>
    (await find(`ExecutionStatus='Running' AND (${ours})`, 100)).map(({ workflowId }) => workflowId);

  return {
    active,
    async startRun({ workflow, input, workflowId }) {
      const { client } = await connect();
      const id = workflowId ?? businessName(workflow, input, new Date());
      const handle = await client.workflow.start(workflow, {
        taskQueue: queues.soak,
        workflowId: id,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: summaryOf(workflow, input),
      });
      return { workflowId: id, runKey: handle.firstExecutionRunId };
    },
    async progress(workflowId) {
      const { client } = await connect();
      const handle = client.workflow.getHandle(workflowId);
      const asked = handle.query<unknown>(progressQuery).then(
        (answer) => Progress.safeParse(answer),
        () => undefined,
      );
      const parsed = await Promise.race([asked, sleep(queryWithinMs)]);
      if (parsed?.success !== true) return undefined;
      return { ...parsed.data, ...(await freshest(connect, workflowId)) };
    },
    async result({ workflowId, runKey }) {
      const { client } = await connect();
      try {
        return RunResult.parse(await client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: runKey }).result());
      } catch (error) {
        if (!(error instanceof WorkflowFailedError)) throw error;
        const cause = error.cause as (Error & { type?: string | null }) | undefined;
        return { failed: cause?.message ?? error.message, type: cause?.type ?? cause?.name ?? 'StepFailed' };
      }
    },
    async resolve(text) {
      if (text === 'latest') {
        const [newest] = await find(ours, 1);
        return newest === undefined ? undefined : handleOf(newest);
      }
      const byId = await describe(connect, text);
      if (byId !== undefined) return byId;
      const stored = await context.store.readPlan(text).catch(() => undefined);
      return stored === undefined ? undefined : { workflowId: stored.workflowId, runKey: stored.runKey };
    },
    async list(limit) {
      return (await find(ours, limit)).map(listingOf);
    },
    reportPath(runKey) {
      const path = join(context.places.run(runKey).folder, 'report.html');
      return Promise.resolve(existsSync(path) ? path : undefined);
    },
    async abort(workflowIds) {
      const { client } = await connect();
      await Promise.all(
        workflowIds.map(async (workflowId) => {
          const handle = client.workflow.getHandle(workflowId);
          await handle.executeUpdate(abortUpdate, { args: [{ why: 'soak down --abort' }] }).catch(() => handle.cancel());
          await Promise.race([handle.result().catch(() => undefined), sleep(abortWithinMs, undefined, { ref: false })]);
        }),
      );
    },
    async stopHeld() {
      if (!existsSync(runs)) return [];
      const stopped: string[] = [];
      for (const runKey of readdirSync(runs)) {
        const folder = join(runs, runKey, 'held', 'processes');
        if (runKey === 'latest' || !existsSync(folder)) continue;
        const table = createProcessTable(folder);
        for (const { role } of table.list()) if (await table.stop(role)) stopped.push(role);
      }
      return stopped;
    },
  };
}

/** `soak/small/2026-11-23T18-00-05`: what people call the run, and unique enough for them (design §3). */
function businessName(workflow: string, input: unknown, now: Date): string {
  const wave = (input as { wave?: unknown } | null)?.wave;
  const what = typeof wave === 'string' ? wave : workflow.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  return `soak/${what}/${now.toISOString().slice(0, 19).replaceAll(':', '-')}`;
}

const summaryOf = (workflow: string, input: unknown): string => `${workflow} ${JSON.stringify(input)}`.slice(0, 180);

/** `getHandle` without a run id follows the newest execution; the key of its chain is the first one's run id. */
function handleOf(execution: WorkflowExecutionInfo): RunHandle {
  return { workflowId: execution.workflowId, runKey: execution.raw.firstRunId ?? execution.runId };
}

async function describe(connect: () => Promise<TemporalClient>, workflowId: string): Promise<RunHandle | undefined> {
  const { client } = await connect();
  try {
    const described = await client.workflow.getHandle(workflowId).describe();
    return { workflowId, runKey: described.raw.workflowExecutionInfo?.firstRunId ?? described.runId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

const states: Readonly<Record<string, RunListing['state']>> = {
  RUNNING: 'running',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed-out',
  CONTINUED_AS_NEW: 'running',
};

function listingOf(execution: WorkflowExecutionInfo): RunListing {
  const attribute = (name: string): string | undefined => {
    const value = execution.searchAttributes[name]?.[0];
    return typeof value === 'string' ? value : undefined;
  };
  const wave = attribute('SoakWave');
  const phase = attribute('SoakPhase') as Phase | undefined;
  const outcome = attribute('SoakVerdict') as Outcome | undefined;
  return {
    runId: handleOf(execution).runKey,
    workflowId: execution.workflowId,
    workflow: execution.type,
    state: states[execution.status.name] ?? 'running',
    startedAt: execution.startTime.toISOString(),
    ...(wave === undefined ? {} : { wave }),
    ...(phase === undefined ? {} : { phase }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(execution.closeTime === undefined ? {} : { endedAt: execution.closeTime.toISOString() }),
  };
}

/** Heartbeats of the running activities are two seconds old; what the workflow itself knows is as old as its last window. */
async function freshest(connect: () => Promise<TemporalClient>, workflowId: string): Promise<Partial<Progress>> {
  const { client } = await connect();
  const described = await client.workflow.getHandle(workflowId).describe();
  const fresh: Partial<Progress> = {};
  const shards: LoadTotals[] = [];
  for (const { activityType, heartbeatDetails } of described.raw.pendingActivities ?? []) {
    const payload = heartbeatDetails?.payloads?.[0];
    if (payload === undefined || payload === null) continue;
    const details: unknown = defaultPayloadConverter.fromPayload(payload);
    if (activityType?.name === 'holdLoad') {
      const totals = LoadTotals.safeParse(details);
      if (totals.success) shards.push(totals.data);
    }
    const rss = (details as { gatewaysRssBytes?: unknown } | null)?.gatewaysRssBytes;
    if (activityType?.name === 'holdWatch' && typeof rss === 'number') fresh.gatewaysRssBytes = rss;
  }
  return shards.length === 0 ? fresh : { ...fresh, load: sumShards(shards) };
}

function sumShards(shards: readonly LoadTotals[]): LoadTotals {
  const add = (key: 'due' | 'delivered' | 'dropped' | 'abandoned' | 'requests' | 'failed' | 'users'): number =>
    shards.reduce((sum, totals) => sum + totals[key], 0);
  const slowest = shards.flatMap(({ latencyMsP95 }) => latencyMsP95 ?? []);
  return {
    due: add('due'),
    delivered: add('delivered'),
    dropped: add('dropped'),
    abandoned: add('abandoned'),
    requests: add('requests'),
    failed: add('failed'),
    users: add('users'),
    ...(slowest.length === 0 ? {} : { latencyMsP95: Math.max(...slowest) }),
  };
}
