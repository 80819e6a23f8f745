import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresUrl } from '#compose/postgres.ts';
import { createEvidenceStore } from '#evidence/store.ts';
import type { LedgerRecord } from '#model/evidence.ts';
import { StackAddress } from '#model/stack.ts';
import { placesOf } from '#workers/wiring/places.ts';
import { startSystem, type System } from './system.ts';

/** Eight windows of five seconds, two an execution: seams under load, and one checkpoint at half time. */
const users = 10;
const input = {
  ...{ wave: 'smoke', users, spawnRate: 10, duration: '40s', window: '5s', windowsPerExecution: 2 },
  ...{ faults: 'none', keep: 'stack' },
};
const rampMs = 5_000;

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.down();
});

/** What the outside of the load looks like at one moment. */
interface Look {
  readonly at: number;
  readonly enginePid: number;
  /** Local ports of the engine's connections to the load balancer. */
  readonly connections: readonly number[];
  /** Connections that the load balancer has ever accepted, ours included. */
  readonly accepts: number;
}

interface Endpoint {
  readonly localPort: number;
  readonly remotePort: number;
  readonly state: string;
  readonly inode: string;
}

function tcpOf(pid: number): Endpoint[] {
  const lines = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1);
  const port = (address = ''): number => Number.parseInt(address.split(':')[1] ?? '0', 16);
  return lines.map((line) => {
    const [, local, remote, state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
    return { localPort: port(local), remotePort: port(remote), state, inode };
  });
}

function socketsOf(pid: number): Set<string> {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return []; // closed meanwhile
    }
  });
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

async function look(runKey: string, { baseUrl, nginxStatusUrl }: StackAddress): Promise<Look> {
  const { pid } = system.record('engine-0', runKey);
  const own = socketsOf(pid);
  const nginxPort = Number(new URL(baseUrl).port);
  const connections = tcpOf(pid)
    .filter(({ remotePort, state, inode }) => remotePort === nginxPort && state === '01' && own.has(inode))
    .map(({ localPort }) => localPort)
    .sort((a, b) => a - b);
  const status = await (await fetch(nginxStatusUrl)).text();
  return {
    at: Date.now(),
    enginePid: pid,
    connections,
    accepts: Number(/^\s*(\d+)\s+\d+\s+\d+\s*$/m.exec(status)?.[1]),
  };
}

/** When each execution after the first began. */
async function seamsOf(workflowId: string, runKey: string): Promise<number[]> {
  const seams: number[] = [];
  let runId: string | undefined = runKey;
  while (runId !== undefined) {
    const handle: WorkflowHandle = system.client.workflow.getHandle(workflowId, runId);
    const { events } = await handle.fetchHistory();
    const last = events?.at(-1);
    runId = last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
    if (runId !== undefined) seams.push(Number(last?.eventTime?.seconds ?? 0) * 1_000);
  }
  return seams;
}

async function readLedger(runKey: string, { baseUrl }: StackAddress): Promise<LedgerRecord[]> {
  const portOffset = Number(new URL(baseUrl).port) - 4_444;
  const { evidencePort } = placesOf({ stateFolder: system.folder, portOffset });
  const store = createEvidenceStore({ databaseUrl: postgresUrl(evidencePort) });
  const records: LedgerRecord[] = [];
  try {
    for await (const record of store.reader().records(runKey)) if (record.kind === 'ledger') records.push(record);
    return records.sort((a, b) => a.at - b.at);
  } finally {
    await store.close();
  }
}

describe('a stability run that continues as new under load', () => {
  it('keeps its engine, every connection and every user over each seam, and takes its checkpoint beside the load', async () => {
    const { workflowId, runKey } = await system.start('StabilityRun', input);
    const { loadStartsAt = 0 } = await system.until(workflowId, (progress) => progress.loadStartsAt !== undefined);
    const stack = JSON.parse(readFileSync(join(system.folder, 'stack', 'stack.json'), 'utf8')) as { address: unknown };
    const address = StackAddress.parse(stack.address);
    const looks: Look[] = [];
    await sleep(loadStartsAt + rampMs - Date.now());
    while (Date.now() < loadStartsAt + 38_500) {
      looks.push(await look(runKey, address));
      await sleep(400);
    }
    const { outcome, reasons } = await system.result(workflowId);

    const seams = await seamsOf(workflowId, runKey);
    // Three, or two: a checkpoint that is still being taken holds a seam up by a window.
    expect(seams.length).toBeGreaterThanOrEqual(2);
    const within = (at: number) => looks.some((before) => before.at < at) && looks.some((after) => after.at > at);
    expect(seams.map(within)).toEqual(seams.map(() => true));

    // The same process with the same ten sockets from first look to last: nobody ever connected again.
    const [first] = looks;
    expect(looks.length).toBeGreaterThan(30);
    expect(first?.connections).toHaveLength(users);
    expect(looks.map(({ enginePid, connections }) => ({ enginePid, connections }))).toEqual(
      looks.map(() => ({ enginePid: first?.enginePid, connections: first?.connections })),
    );
    // Seen from the other side: the load balancer accepted nothing new but, at most, whoever looked.
    expect((looks.at(-1)?.accepts ?? 0) - (first?.accepts ?? 0)).toBeLessThanOrEqual(2);
    expect(system.starts('engine-0', runKey)).toBe(1);

    // Every second of the plan, seam or no seam, has one record with every user in it, and work went on in it.
    const ledger = (await readLedger(runKey, address)).filter(
      ({ at }) => at >= loadStartsAt + 2_000 && at < loadStartsAt + 40_000,
    );
    expect(ledger.map(({ at }) => (at - loadStartsAt) / 1_000)).toEqual(
      Array.from({ length: 38 }, (_, index) => index + 2),
    );
    for (const record of ledger) expect(record).toMatchObject({ due: users, delivered: users, incarnation: 1 });
    expect(ledger.filter(({ iterationsOk }) => iterationsOk === 0)).toEqual([]);

    const { checkpoints } = system.readResult(runKey);
    expect(checkpoints).toHaveLength(1);
    expect(checkpoints?.[0]).toMatchObject({ number: 1 });
    expect(checkpoints?.[0]?.headline).toContain('so far, after');
    expect(checkpoints?.[0]?.records).toBeGreaterThan(100);
    expect(checkpoints?.[0]?.upTo).toBeGreaterThan(loadStartsAt);
    expect(checkpoints?.[0]?.upTo).toBeLessThanOrEqual(loadStartsAt + 25_000);
    expect({ outcome, reasons }).toEqual({ outcome: 'pass', reasons: [] });
  });
});
