import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { folderBytes } from '#compose/folder-bytes.ts';
import type { EvidenceSummary } from '#model/evidence-summary.ts';
import { metrics } from '#model/metrics.ts';
import { roleKind } from '#model/roles.ts';
import type { Places } from '#workers/wiring/places.ts';

/** Bytes on disk by what they are for. */
export interface Disk {
  readonly temporal: number;
  readonly evidence: number;
  /** Spool, plan, evidence and report of the run, without its logs. */
  readonly run: number;
  /** Every process's log, with what was cut from it. */
  readonly logs: number;
  /** The target's own: its database, Prometheus, whatever its servers keep. */
  readonly stack: number;
}

export function measureDisk(places: Places, runKey: string): Disk {
  const { held, folder } = places.run(runKey);
  const tables = [
    places.workers,
    join(places.base, 'processes'),
    join(places.stack, 'processes'),
    join(held, 'processes'),
  ];
  const logs = tables.map(logBytes);
  const [, , ofStack = 0, ofRun = 0] = logs;
  return {
    temporal: folderBytes(join(places.base, 'temporal')),
    evidence: folderBytes(join(places.base, 'evidence')),
    run: folderBytes(folder) - ofRun,
    logs: logs.reduce((sum, bytes) => sum + bytes, 0),
    stack: folderBytes(places.stack) - ofStack,
  };
}

function logBytes(folder: string): number {
  const names = readdirSync(folder).filter((name) => /\.log(\.1)?$/.test(name));
  return names.reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512,
    0,
  );
}

export interface Execution {
  readonly events: number;
  readonly historyBytes: number;
  readonly activities: number;
}

/** Every execution of a run, from the first to the one that ended it. */
export async function measureExecutions(client: Client, workflowId: string, firstRunId: string): Promise<Execution[]> {
  const executions: Execution[] = [];
  let runId: string | undefined = firstRunId;
  while (runId !== undefined) {
    const handle: WorkflowHandle = client.workflow.getHandle(workflowId, runId);
    const { events } = await handle.fetchHistory();
    const { raw } = await handle.describe();
    const scheduled = (events ?? []).filter(
      ({ activityTaskScheduledEventAttributes: one }) => one !== null && one !== undefined,
    );
    executions.push({
      events: events?.length ?? 0,
      historyBytes: Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0),
      activities: scheduled.length,
    });
    runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return executions;
}

export interface Cost {
  readonly role: string;
  readonly cpuSeconds: number;
  readonly rssBytesMax: number;
}

/** What each process of the harness cost over the load, all its incarnations together. */
export function measureCosts({ series }: EvidenceSummary): Cost[] {
  const ours = series.filter(({ role, inLoad }) => {
    const kind = roleKind(role);
    return inLoad !== undefined && (kind === 'engine' || kind === 'harness');
  });
  return [...new Set(ours.map(({ role }) => role))].sort().map((role) => {
    const of = (metric: string) => ours.filter((each) => each.role === role && each.metric === metric);
    return {
      role,
      cpuSeconds: of(metrics.cpuSeconds).reduce((sum, { inLoad }) => sum + (inLoad?.increase ?? 0), 0),
      rssBytesMax: Math.max(0, ...of(metrics.rssBytes).map(({ inLoad }) => inLoad?.max ?? 0)),
    };
  });
}
