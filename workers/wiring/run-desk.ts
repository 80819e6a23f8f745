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
  /** Lets go of results that are still waited for, so that the connection can be closed. */
  close(): void;
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
  const closing = new AbortController();
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
    close() {
      closing.abort();
    },
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
    progress: (workflowId) => readProgress(connect, workflowId),
    result: (handle) => awaitResult(connect, handle, closing.signal),
    async resolve(text) {
      if (text === 'latest') {
        const [newest] = await find(ours, 1);
        return newest === undefined ? undefined : describeRun(connect, newest);
      }
      const byId = await describeRun(connect, { workflowId: text });
      if (byId !== undefined) return byId;
      const stored = await context.store.readPlan(text).catch(() => undefined);
      return stored === undefined ? undefined : { workflowId: stored.workflowId, runKey: stored.runKey };
    },
    async list(limit) {
      const found = await find(ours, limit);
      const handles = await Promise.all(found.map((execution) => describeRun(connect, execution)));
      return found.map((execution, index) => listingOf(execution, handles[index]?.runKey ?? execution.runId));
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
          await handle
            .executeUpdate(abortUpdate, { args: [{ why: 'soak down --abort' }] })
            .catch(() => handle.cancel());
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

