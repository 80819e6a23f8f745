import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { extendLease } from '#compose/held/lease.ts';
import { startHeld } from '#compose/held/start.ts';
import { createProcessTable } from '#compose/process-table.ts';
import { packBatch } from '#evidence/batch.ts';
import { parseSegment, type SegmentText, segmentsAmong } from '#evidence/segment.ts';
import { leaseMs } from '#model/held.ts';
import type { ProcessSpec } from '#model/stack.ts';
import { gatewayProbes } from '#targets/reference/probes.ts';
import type { SamplerOrders } from '#telemetry/orders.ts';
import { onCore, type Pinning } from './bench-process.ts';
import type { Context } from './context.ts';
import { heldSpec } from './held-spec.ts';
import { incarnationsOf } from './incarnations.ts';
import { takeStateFolder } from './readiness.ts';

/** Processes, some of them with a metrics page that is read, and the sampler of a run on them; nothing of them is left. */
export interface SampledProcesses {
  readonly folder: string;
  readonly orders: SamplerOrders;
  readonly incarnations: ReturnType<typeof incarnationsOf>;
  /** Of the one that is put under load. */
  readonly url: string;
  readonly samplerPid: number;
  /** Of all that are sampled. */
  readonly sampledPids: readonly number[];
  /** A stopped sampler takes nothing at all. */
  setSampling(isOn: boolean): void;
  /** What was spooled in [from, until), and what it takes when it is stored. */
  readSpool(from: number, until: number): Promise<SegmentText & { readonly storedBytes: number }>;
  stop(): Promise<void>;
}

const runKey = 'bench-sampling';
const leaseEveryMs = 60_000;
/** Behind everything that a stack takes. */
const portsBehind = 250;

export async function startSampledProcesses(
  { environment, places }: Context,
  { count, pages, livesMs, pinning }: { count: number; pages: number; livesMs: number; pinning: Pinning | undefined },
): Promise<SampledProcesses> {
  takeStateFolder(environment.stateFolder);
  const folder = join(environment.stateFolder, runKey);
  const stop = async (): Promise<void> => {
    const table = createProcessTable(join(folder, 'processes'));
    await Promise.all(table.list().map(({ role }) => table.stop(role)));
    rmSync(folder, { recursive: true, force: true });
  };
  await stop();
  const table = createProcessTable(join(folder, 'processes'));
  const { node, home } = environment;
  const portOf = (index: number): number => places.stackPorts.mockFirst + portsBehind + index;
  const indexes = Array.from({ length: count }, (_, index) => index);
  // The first one has its core to itself, so that what it loses is what sampling takes from it; on the other one there is room.
  const coreOf = (index: number): number | undefined => (index === 0 ? pinning?.server : pinning?.generator);
  for (const index of indexes)
    await table.start(
      planSampled({ node, home, role: roleOf(index, pages), port: portOf(index), livesMs, core: coreOf(index) }),
    );
  const gatewayUrls = indexes.slice(0, pages).map((index) => `http://127.0.0.1:${portOf(index)}`);
  const roles = indexes.map((index) => roleOf(index, pages));
  const orders: SamplerOrders = {
    ...{ intervalMs: 1_000, spoolFolder: join(folder, 'spool'), tables: [table.folder], trees: [], roles },
    probes: gatewayProbes({ gatewayUrls }),
  };
  mkdirSync(join(folder, 'held'), { recursive: true });
  const held = { folder: join(folder, 'held'), runKey };
  const { record, epoch } = await startHeld({
    ...{ ...held, table, payload: orders },
    spec(epoch) {
      const spec = heldSpec(environment, { role: 'sampler', entry: 'sampler', nice: 0, ...held, epoch });
      const [command, args] = onCore(pinning?.generator, spec.command, spec.args);
      return { ...spec, command, args };
    },
  });
  const lease = setInterval(() => extendLease(held.folder, epoch, Date.now() + leaseMs), leaseEveryMs);
  return {
    ...{ folder, orders, incarnations: incarnationsOf(orders.tables), samplerPid: record.pid },
    sampledPids: pidsOf(table.list()),
    url: `${gatewayUrls[0] ?? ''}/v1/tools`,
    setSampling(isOn) {
      table.signal('sampler', isOn ? 'SIGCONT' : 'SIGSTOP');
    },
    readSpool: (from, until) => readSpool(orders.spoolFolder, from, until),
    async stop() {
      clearInterval(lease);
      table.signal('sampler', 'SIGCONT');
      await stop();
    },
  };
}

const pidsOf = (processes: readonly { readonly role: string; readonly pid: number }[]): number[] =>
  processes.filter(({ role }) => role !== 'sampler').map(({ pid }) => pid);

/** As the reference target calls its instances, so that probes and processes meet; the others have no page. */
const roleOf = (index: number, pages: number): string =>
  index < pages ? `gateway-${index + 1}` : `mock-${index + 1 - pages}`;

function planSampled(place: {
  node: string;
  home: string;
  role: string;
  port: number;
  livesMs: number;
  core: number | undefined;
}): ProcessSpec {
  const { node, home, role, port, livesMs, core } = place;
  const [command, args] = onCore(core, node, ['workers/bench-sampled.ts']);
  return {
    role,
    command,
    args,
    cwd: home,
    env: { SOAK_BENCH_SAMPLED: JSON.stringify({ port, livesMs }) },
    ready: { kind: 'tcp', port },
    readyWithinMs: 30_000,
    stopSignal: 'SIGTERM',
    stopWithinMs: 3_000,
  };
}

/** Segment by segment, as they are uploaded: one that is open, or only partly in the stretch, is left out. */
async function readSpool(spoolFolder: string, from: number, until: number) {
  const found = { records: [] as SegmentText['records'][number][], lines: [] as string[], refused: 0, storedBytes: 0 };
  const closed = segmentsAmong(readdirSync(spoolFolder)).filter(({ state }) => state === 'closed');
  for (const { file, producer, incarnation, sequence } of closed) {
    const text = parseSegment(readFileSync(join(spoolFolder, file), 'utf8'));
    if (text.records.length === 0 || text.records.some(({ at }) => at < from || at >= until)) continue;
    const { body } = await packBatch({ runKey, producer, incarnation, sequence }, text);
    found.records.push(...text.records);
    found.lines.push(...text.lines);
    found.refused += text.refused;
    found.storedBytes += body.byteLength;
  }
  return found;
}
