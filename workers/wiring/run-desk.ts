import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { RunHandle, RunListing, Service } from '#cli/service.ts';
import { createProcessTable } from '#compose/process-table.ts';
import { WorkflowName } from '#model/plan.ts';
import { queues } from '#model/queues.ts';
import type { Context } from './context.ts';
import { readEndedRun } from './ended-run.ts';
import { type Connect, describeListing, describeRun, importedListing, listingOf } from './run-listing.ts';
import { awaitResult, readProgress } from './run-progress.ts';
import { tellRun } from './run-updates.ts';

const abortWithinMs = 240_000;
const importedWithinMs = 2_000;
const pageSizeMax = 100;
const runTextMax = 200;

type Desk = Pick<
  Service,
  'startRun' | 'progress' | 'result' | 'resolve' | 'list' | 'reportPath' | 'endedRun' | 'tell'
> & {
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

const runningOurs = `ExecutionStatus='Running' AND (${ours})`;
const isOurs = ({ workflow }: RunListing): boolean => WorkflowName.safeParse(workflow).success;

/** Runs as Temporal knows them. */
export function createRunDesk(context: Context, connect: Connect): Desk {
  const closing = new AbortController();
  return {
    close() {
      closing.abort();
    },
    async active() {
      const running = await find(connect, runningOurs, pageSizeMax);
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
      const found = await locateRun(context, connect, text);
      if (found === undefined) return undefined;
      return 'runKey' in found ? found : { workflowId: found.workflowId, runKey: found.runId };
    },
    async tell({ run, ...order }) {
      const [newest] = run === 'latest' ? await find(connect, runningOurs, 1) : [];
      const found =
        run === 'latest' ? newest && (await describeListing(connect, newest)) : await locateRun(context, connect, run);
      if (found === undefined) return { kind: 'unknown' };
      if ('runKey' in found) return { kind: 'elsewhere', workflowId: found.workflowId };
      if (!isOurs(found)) return { kind: 'no-run', workflow: found.workflow };
      return tellRun(connect, found, order);
    },
    async list(limit) {
      const found = await find(connect, ours, limit);
      const handles = await Promise.all(found.map((execution) => describeRun(connect, execution)));
      const listed = found.map((execution, index) => listingOf(execution, handles[index]?.runKey ?? execution.runId));
      // A store that is away, or slow, hides the runs of other machines, and none of those that Temporal knows.
      const imported = await Promise.race([
        context.store.listImported(limit).catch(() => []),
        sleep(importedWithinMs, [], { ref: false }),
      ]);
      const known = new Set(listed.map(({ runId }) => runId));
      return [...listed, ...imported.map(importedListing).filter(({ runId }) => !known.has(runId))]
        .sort((one, other) => Date.parse(other.startedAt) - Date.parse(one.startedAt))
        .slice(0, limit);
    },
    reportPath(runKey) {
      const path = join(context.places.run(runKey).folder, 'report.html');
      return Promise.resolve(existsSync(path) ? path : undefined);
    },
    endedRun: (runKey) => Promise.resolve(readEndedRun(context.places.run(runKey))),
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

/**
 * A workflow id, a run key, or the run id that the Temporal UI shows. A handle alone when only the evidence store
 * knows the run. Two runs may have had one workflow id: a key means its own.
 */
async function locateRun(
  { store }: Context,
  connect: Connect,
  text: string,
): Promise<RunListing | RunHandle | undefined> {
  if (text === '' || text.length > runTextMax) return undefined;
  const byId = await describeListing(connect, { workflowId: text });
  if (byId !== undefined) return byId;
  if (!/^[0-9a-f-]{36}$/.test(text)) return locateStored(store, text);
  const [execution] = await find(connect, `RunId='${text}'`, 1);
  const named = execution && (await describeListing(connect, { workflowId: execution.workflowId, runId: text }));
  if (named !== undefined) {
    const newest = await describeListing(connect, { workflowId: named.workflowId });
    // A chain that is no longer the newest of its workflow id has ended, whatever its first execution looks like.
    return newest?.runId === named.runId ? newest : { ...named, state: endedState(named) };
  }
  return locateStored(store, text);
}

/** A run that the evidence store alone knows: of another machine, or of another Temporal. */
async function locateStored(store: Context['store'], text: string): Promise<RunHandle | undefined> {
  const runKey = await store.resolveRun(text).catch(() => undefined);
  const stored = runKey === undefined ? undefined : await store.readPlan(runKey).catch(() => undefined);
  return stored && { workflowId: stored.workflowId, runKey: stored.runKey };
}

const endedState = ({ state }: RunListing): RunListing['state'] => (state === 'running' ? 'completed' : state);

/** A run that does not take the update, because no worker answers, is cancelled: it cleans up as soon as one does. */
async function abortRun(connect: Connect, workflowId: string): Promise<void> {
  const run = await describeListing(connect, { workflowId });
  if (run === undefined) return;
  const { client } = await connect();
  const handle = client.workflow.getHandle(workflowId);
  const order = { action: 'abort', request: { why: 'soak down --abort' } } as const;
  const { kind } = await tellRun(connect, run, order).catch(() => ({ kind: 'unanswered' }));
  if (kind === 'over') return;
  if (kind !== 'accepted') await handle.cancel();
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
