import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { folderBytes } from '#compose/folder-bytes.ts';
import type { RunRef } from '#model/activities.ts';
import type { RunFootprint } from '#reports/footprint.ts';
import type { Context } from './context.ts';
import { connectClient, type TemporalClient } from './temporal.ts';

/** Executions beyond these are not counted: a run of 48 h has tens. */
const executionsMax = 1_000;

/** What a run cost outside its processes (R7.5). What does not answer is left out: no report fails for want of it. */
export async function measureFootprint(context: Context, run: RunRef): Promise<RunFootprint> {
  const { places, environment } = context;
  const [temporal, evidence] = await Promise.all([
    countHistory(context, run).catch(() => undefined),
    context.store.totals(run.runKey).catch(() => undefined),
  ]);
  const tables = [places.workers, join(places.base, 'processes'), join(places.stack, 'processes')];
  return {
    ...(temporal !== undefined && { temporal }),
    ...(evidence !== undefined && {
      evidence: { batches: evidence.batches, records: evidence.records, bytes: evidence.bytes },
    }),
    spoolBytes: folderBytes(context.runPlaces(run).spool),
    logBytes: [...tables, context.heldTable(run).folder].reduce((sum, folder) => sum + logBytesIn(folder), 0),
    ...(environment.externalTemporal ? {} : { temporalDatabaseBytes: folderBytes(join(places.base, 'temporal')) }),
  };
}

async function countHistory(context: Context, run: RunRef): Promise<RunFootprint['temporal']> {
  const temporal = await connectClient(context.environment);
  try {
    return await sumChain(temporal, run);
  } finally {
    await temporal.close();
  }
}

/** Executions of one workflow id that have the run's key for their first run id. */
async function sumChain({ client }: TemporalClient, { workflowId, runKey }: RunRef): Promise<RunFootprint['temporal']> {
  const sum = { executions: 0, events: 0, historyBytes: 0 };
  const query = `WorkflowId = '${workflowId.replaceAll("'", "\\'")}'`;
  let looked = 0;
  for await (const { runId } of client.workflow.list({ query })) {
    looked += 1;
    if (looked > executionsMax) break;
    const described = await client.workflow.getHandle(workflowId, runId).describe();
    const firstRunId = described.raw.workflowExecutionInfo?.firstRunId;
    if ((firstRunId === undefined || firstRunId === '' ? described.runId : firstRunId) !== runKey) continue;
    sum.executions += 1;
    sum.events += described.historyLength;
    sum.historyBytes += described.historySize ?? 0;
  }
  return sum.executions === 0 ? undefined : sum;
}

function logBytesIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  const logs = readdirSync(folder).filter((name) => /[.]log([.]\d+)?$/.test(name));
  return logs.reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
