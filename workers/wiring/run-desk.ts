import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { Service } from '#cli/service.ts';
import { createProcessTable } from '#compose/process-table.ts';
import { messages } from '#model/messages.ts';
import { WorkflowName } from '#model/plan.ts';
import { queues } from '#model/queues.ts';
import type { Context } from './context.ts';
import { describeRun, listingOf } from './run-listing.ts';
import { awaitResult, readProgress } from './run-progress.ts';
import type { TemporalClient } from './temporal.ts';

const abortWithinMs = 240_000;
const pageSizeMax = 100;

type Connect = () => Promise<TemporalClient>;

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

const ours = WorkflowName.options.map((name) => `WorkflowType='${name}'`).join(' OR ');

/** Runs as Temporal knows them. */
export function createRunDesk(context: Context, connect: Connect): Desk {
  const closing = new AbortController();
  return {
    close() {
      closing.abort();
    },
    async active() {
      const running = await find(connect, `ExecutionStatus='Running' AND (${ours})`, pageSizeMax);
      return running.map(({ workflowId }) => workflowId);
    },
    async startRun({ workflow, input, workflowId = businessName(workflow, input, new Date()) }) {
      const { client } = await connect();
      const handle = await client.workflow.start(workflow, {
        taskQueue: queues.soak,
        workflowId,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `${workflow} ${JSON.stringify(input)}`.slice(0, 180),
      });
      return { workflowId, runKey: handle.firstExecutionRunId };
    },
    progress: (workflowId) => readProgress(connect, workflowId),
    result: (handle) => awaitResult(connect, handle, closing.signal),
    async resolve(text) {
      if (text === 'latest') {
        const [newest] = await find(connect, ours, 1);
        return newest === undefined ? undefined : describeRun(connect, newest);
      }
      const byId = await describeRun(connect, { workflowId: text });
      if (byId !== undefined) return byId;
      const stored = await context.store.readPlan(text).catch(() => undefined);
      return stored === undefined ? undefined : { workflowId: stored.workflowId, runKey: stored.runKey };
    },
    async list(limit) {
      const found = await find(connect, ours, limit);
      const handles = await Promise.all(found.map((execution) => describeRun(connect, execution)));
      return found.map((execution, index) => listingOf(execution, handles[index]?.runKey ?? execution.runId));
    },
    reportPath(runKey) {
      const path = join(context.places.run(runKey).folder, 'report.html');
      return Promise.resolve(existsSync(path) ? path : undefined);
    },
    async abort(workflowIds) {
      await Promise.all(workflowIds.map((workflowId) => abortRun(connect, workflowId)));
    },
    stopHeld: () => stopHeld(context.places.runs),
  };
}

async function find(connect: Connect, query: string, limit: number): Promise<WorkflowExecutionInfo[]> {
  const { client } = await connect();
  const found: WorkflowExecutionInfo[] = [];
  for await (const execution of client.workflow.list({ query, pageSize: Math.min(limit, pageSizeMax) })) {
    found.push(execution);
    if (found.length >= limit) break;
  }
  return found;
}

/** `soak/small/2026-11-23T18-00-05`: what people call the run, and unique enough for them (design §3). */
function businessName(workflow: string, input: unknown, now: Date): string {
  const wave = (input as { wave?: unknown } | null)?.wave;
  const what = typeof wave === 'string' ? wave : workflow.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  return `soak/${what}/${now.toISOString().slice(0, 19).replaceAll(':', '-')}`;
}

/** A run that does not take the update, because no worker answers, is cancelled: it cleans up as soon as one does. */
async function abortRun(connect: Connect, workflowId: string): Promise<void> {
  const { client } = await connect();
  const handle = client.workflow.getHandle(workflowId);
  await handle.executeUpdate(messages.abort, { args: [{ why: 'soak down --abort' }] }).catch(() => handle.cancel());
  const ended = handle.result().catch(() => undefined);
  await Promise.race([ended, sleep(abortWithinMs, undefined, { ref: false })]);
}

async function stopHeld(runs: string): Promise<string[]> {
  if (!existsSync(runs)) return [];
  const stopped: string[] = [];
  for (const runKey of readdirSync(runs)) {
    const folder = join(runs, runKey, 'held', 'processes');
    if (runKey === 'latest' || !existsSync(folder)) continue;
    const table = createProcessTable(folder);
    for (const { role } of table.list()) if (await table.stop(role)) stopped.push(role);
  }
  return stopped;
}
