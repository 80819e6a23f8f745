import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { EvidenceRecord, SampleRecord } from '#model/evidence.ts';
import type { Incarnation } from '#model/stack.ts';
import { SamplerOrders } from './orders.ts';
import { parseStat } from './proc-text.ts';
import { proveSignals } from './prove.ts';
import { createSampler } from './sampler.ts';

const children: ChildProcess[] = [];
const servers: Server[] = [];
const intervalMs = 50;

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

function identify(pid: number, role: string, incarnation = 1): Incarnation {
  const { startTicks } = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return { pid, startTicks, role, incarnation };
}

function startChild(command: string, args: string[]): number {
  const child = spawn(command, args, { stdio: 'ignore' });
  children.push(child);
  if (child.pid === undefined) throw new Error(`${command} did not start`);
  return child.pid;
}

async function serve(answer: (count: number) => string | undefined): Promise<string> {
  let count = 0;
  const server = createServer((_, response) => {
    const body = answer((count += 1));
    if (body !== undefined) response.end(body);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

const ordersOf = (more: Partial<SamplerOrders> = {}): SamplerOrders =>
  SamplerOrders.parse({ intervalMs, spoolFolder: '/spool', tables: [], roles: [], trees: [], probes: [], ...more });

const probe = (role: string, url: string) => ({ role, url, series: [{ name: 'hits', metric: 'cache_l1_hits_total' }] });

/** Runs a sampler until `until` holds, and gives what it recorded. */
async function sample(
  orders: SamplerOrders,
  processes: () => readonly Incarnation[],
  until: (records: readonly EvidenceRecord[]) => boolean,
) {
  const records: EvidenceRecord[] = [];
  const sink = { append: (record: EvidenceRecord) => void records.push(record), close: () => Promise.resolve() };
  const sampler = createSampler({ orders, processes, sink });
  const ended = sampler.start();
  const deadline = Date.now() + 4_000;
  while (!until(records) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  await sampler.stop();
  await ended;
  return { records, status: sampler.latest() };
}

const samplesOf = (records: readonly EvidenceRecord[], role: string): SampleRecord[] =>
  records.filter((record) => record.kind === 'sample').filter((record) => record.role === role);

describe('createSampler', () => {
  it('dates every sample with a whole multiple of the interval, each once', async () => {
    const own = identify(process.pid, 'sampler');
    const { records, status } = await sample(
      ordersOf(),
      () => [own],
      (seen) => samplesOf(seen, 'sampler').length >= 6,
    );
    const times = samplesOf(records, 'sampler').map(({ at }) => at);
    expect(times.length).toBeGreaterThanOrEqual(6);
    expect(times.filter((at) => at % intervalMs !== 0)).toEqual([]);
    expect(new Set(times).size).toBe(times.length);
    expect(status.ticks).toBe(times.length);
    const [first] = samplesOf(records, 'sampler');
    expect(first?.values['rss_bytes']).toBeGreaterThan(10_000_000);
    expect(first?.values['cpu_seconds_total']).toBeGreaterThan(0);
    expect(first?.values['open_files']).toBeGreaterThan(3);
  });

  it('merges /proc and a probe into one sample of the process', async () => {
    const url = await serve((count) => `hits ${count}\n`);
    const gateway = identify(startChild('sleep', ['60']), 'gateway-1', 3);
    const samplesWith = (seen: readonly EvidenceRecord[], metric: string) =>
      samplesOf(seen, 'gateway-1').filter(({ incarnation, values }) => incarnation === 3 && (values[metric] ?? 0) > 0);
    const isMerged = (seen: readonly EvidenceRecord[]) =>
      samplesWith(seen, 'cache_l1_hits_total').some(({ values }) => (values['rss_bytes'] ?? 0) > 0);
    const isMeasured = (seen: readonly EvidenceRecord[]) => samplesWith(seen, 'pss_bytes').length > 0;
    const { records, status } = await sample(
      ordersOf({ probes: [probe('gateway-1', url)] }),
      () => [gateway],
      (seen) => isMerged(seen) && isMeasured(seen),
    );
    expect(isMerged(records)).toBe(true);
    expect(isMeasured(records)).toBe(true);
    expect(status.gatewaysRssBytes).toBeGreaterThan(0);
  });

  it('says when a process was first seen and when it was gone, and that its death is no gap', async () => {
    const url = await serve(() => 'hits 1\n');
    const gateway = identify(startChild('sleep', ['60']), 'gateway-1', 2);
    const { records } = await sample(
      ordersOf({ probes: [probe('gateway-1', url)] }),
      () => [gateway],
      (seen) => {
        if (samplesOf(seen, 'gateway-1').length === 3) children.at(-1)?.kill('SIGKILL');
        return seen.some((record) => record.kind === 'incarnation' && record.event === 'gone');
      },
    );
    const events = records.filter((record) => record.kind === 'incarnation');
    expect(events.map(({ event, incarnation }) => [event, incarnation])).toEqual([['seen', 2], ['gone', 2]]); // prettier-ignore
    const goneAt = events[1]?.at ?? 0;
    expect(records.filter((record) => record.kind === 'gap' && record.at >= goneAt)).toEqual([]);
  });

  it('does not take another process under the same pid for the one it follows', async () => {
    const own = identify(process.pid, 'sampler');
    const { records } = await sample(
      ordersOf(),
      () => [own, { ...own, role: 'stranger', startTicks: own.startTicks + 1 }],
      (seen) => samplesOf(seen, 'sampler').length >= 3,
    );
    expect(samplesOf(records, 'stranger')).toEqual([]);
  });

  it('takes a restart between two ticks for a new incarnation', async () => {
    const first = identify(startChild('sleep', ['60']), 'redis', 1);
    const second = identify(startChild('sleep', ['61']), 'redis', 2);
    let current = first;
    const { records } = await sample(
      ordersOf(),
      () => [current],
      (seen) => {
        if (samplesOf(seen, 'redis').length >= 2) current = second;
        return samplesOf(seen, 'redis').some(({ incarnation }) => incarnation === 2);
      },
    );
    const events = records.filter((record) => record.kind === 'incarnation');
    expect(events.map(({ event, incarnation }) => `${event} ${incarnation}`)).toEqual(['seen 1', 'gone 1', 'seen 2']);
  });

  it('records a source that does not answer as a gap, and goes on sampling the others in time', async () => {
    const url = await serve(() => undefined);
    const own = identify(process.pid, 'sampler');
    const { records } = await sample(
      ordersOf({ probes: [probe('elsewhere', url)] }),
      () => [own],
      (seen) => samplesOf(seen, 'sampler').length >= 6,
    );
    const gaps = records.filter((record) => record.kind === 'gap').filter(({ source }) => source === 'probe-elsewhere');
    expect(gaps.length).toBeGreaterThan(0);
    expect(gaps.every(({ reason }) => /no answer within|under way|timeout/.test(reason))).toBe(true);
    expect(samplesOf(records, 'elsewhere')).toEqual([]);
    const times = samplesOf(records, 'sampler').map(({ at }) => at);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThan(intervalMs * times.length * 3);
  });

  it('records what an answer lacks as a gap, unless it may lack it', async () => {
    const url = await serve(() => 'hits 1\n');
    const own = identify(process.pid, 'gateway-1');
    const series = [
      ...probe('gateway-1', url).series,
      { name: 'misses', metric: 'cache_l1_misses_total' },
      { name: 'left', metric: 'heap_after_major_gc_bytes', optional: 'there was no collection' },
    ];
    const { records } = await sample(
      ordersOf({ intervalMs: 100, probes: [{ role: 'gateway-1', url, series }] }),
      () => [own],
      (seen) => samplesOf(seen, 'gateway-1').some(({ values }) => values['cache_l1_hits_total'] === 1),
    );
    const gap = records.find((record) => record.kind === 'gap');
    expect(gap).toMatchObject({ source: 'probe-gateway-1', reason: 'its answer has no cache_l1_misses_total' });
    expect(samplesOf(records, 'gateway-1').some(({ values }) => values['cache_l1_hits_total'] === 1)).toBe(true);
    expect(samplesOf(records, 'gateway-1').some(({ values }) => 'cache_l1_misses_total' in values)).toBe(false);
  });

  it('believes /proc before what a process says of itself', async () => {
    const url = await serve(() => 'resident 7\n');
    const own = identify(process.pid, 'gateway-1');
    const series = [{ name: 'resident', metric: 'rss_bytes' }];
    const { records } = await sample(
      ordersOf({ probes: [{ role: 'gateway-1', url, series }] }),
      () => [own],
      (seen) => samplesOf(seen, 'gateway-1').length >= 3,
    );
    expect(samplesOf(records, 'gateway-1').every(({ values }) => (values['rss_bytes'] ?? 0) > 1_000_000)).toBe(true);
  });

  it('adds children to the process they belong to', async () => {
    const tree = identify(startChild('sh', ['-c', 'sleep 5 & sleep 5 & wait']), 'postgres');
    const { records } = await sample(
      ordersOf({ trees: ['postgres'] }),
      () => [tree, { ...tree, role: 'alone' }],
      (seen) => samplesOf(seen, 'postgres').at(-1)?.values['threads'] === 3,
    );
    expect(samplesOf(records, 'postgres').at(-1)?.values['threads']).toBe(3);
    expect(samplesOf(records, 'postgres').at(-1)?.values).not.toHaveProperty('context_switches_total');
    expect(samplesOf(records, 'alone').at(-1)?.values['threads']).toBe(1);
    expect(samplesOf(records, 'alone').at(-1)?.values).toHaveProperty('context_switches_total');
  });
});

describe('proveSignals', () => {
  it('names every signal that does not come, with the reason', async () => {
    const url = await serve(() => 'other 1\n');
    const own = identify(process.pid, 'sampler');
    const orders = ordersOf({
      intervalMs: 500,
      roles: ['sampler', 'gateway-9'],
      probes: [probe('sampler', url), probe('dead', 'http://127.0.0.1:1/metrics')],
    });
    const { signal } = new AbortController();
    const proof = await proveSignals({ orders, processes: () => [own], withinMs: 100, signal });
    expect(proof.proven).toEqual(['process sampler']);
    expect(proof.missing.map((one) => one.signal)).toEqual([
      'process gateway-9',
      'probe-sampler cache_l1_hits_total',
      'probe-dead cache_l1_hits_total',
    ]);
    expect(proof.missing[2]?.reason).toContain('ECONNREFUSED');
    expect(proof.absent).toEqual([]);
  });

  it('waits for a signal that comes late', async () => {
    const url = await serve((count) => (count < 2 ? '' : 'hits 1\n'));
    const orders = ordersOf({ intervalMs: 500, probes: [probe('gateway-1', url)] });
    const { signal } = new AbortController();
    const proof = await proveSignals({ orders, processes: () => [], withinMs: 3_000, signal });
    expect(proof).toEqual({ proven: ['probe-gateway-1 cache_l1_hits_total'], missing: [], absent: [] });
  });

  it('does not wait for a signal that may be missing, and names it', async () => {
    const url = await serve(() => 'hits 1\n');
    const series = [
      ...probe('gateway-1', url).series,
      { name: 'left', metric: 'heap_after_major_gc_bytes', optional: 'there was no collection' },
    ];
    const orders = ordersOf({ intervalMs: 500, probes: [{ role: 'gateway-1', url, series }] });
    const { signal } = new AbortController();
    const { missing, absent } = await proveSignals({ orders, processes: () => [], withinMs: 3_000, signal });
    expect(missing).toEqual([]);
    expect(absent).toEqual([{ signal: 'probe-gateway-1 heap_after_major_gc_bytes', reason: 'there was no collection' }]); // prettier-ignore
  });

  it('proves whoever else is there, so that the harness is seen as well, and does not miss who is not', async () => {
    const own = identify(process.pid, 'orchestrator');
    const gone = { ...own, role: 'engine-0', startTicks: own.startTicks + 1 };
    const { signal } = new AbortController();
    const options = { orders: ordersOf(), processes: () => [own, gone], withinMs: 100, signal };
    expect(await proveSignals(options)).toMatchObject({ proven: ['process orchestrator'], missing: [] });
  });
});
