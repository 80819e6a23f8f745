import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { metrics } from '#model/metrics.ts';
import type { ProcessIdentity } from '#model/stack.ts';
import { parseIo, parseStat, parseStatus, type Stat } from './proc-text.ts';
import { reasonOf, type Values } from './source.ts';

export type ProcessReading =
  | { readonly kind: 'alive'; readonly values: Values }
  /** No such process, a zombie, or another process under its pid. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly reason: string };

const childrenMax = 2_000;

/** What each reading of a living process delivers. */
export const processMetrics: readonly string[] = [
  ...[metrics.rssBytes, metrics.rssAnonBytes, metrics.cpuSeconds, metrics.threads, metrics.openFiles],
];

const notTold = 'the kernel does not tell';

/** What it may lack, and why. A tree has no context switches: they would go backwards with every child that ends. */
export const treeOptions: Readonly<Record<string, string>> = {
  [metrics.swapBytes]: notTold,
  [metrics.ioReadBytes]: notTold,
  [metrics.ioWriteBytes]: notTold,
};
export const processOptions: Readonly<Record<string, string>> = { ...treeOptions, [metrics.contextSwitches]: notTold };

/**
 * What /proc says about one process now, with its children when asked for (R6.1). Synchronous on purpose: these files are answered from memory in tens of
 * microseconds, a thread pool would cost more. Context switches are those of the main thread.
 */
export function readProcess(identity: ProcessIdentity, { tree }: { tree: boolean }): ProcessReading {
  if (tree) return readProcessTree(identity);
  try {
    const stat = readStat(identity.pid);
    if (stat?.startTicks !== identity.startTicks || stat.isZombie) return { kind: 'gone' };
    return { kind: 'alive', values: valuesOf(identity.pid, stat) };
  } catch (error) {
    return failure(error);
  }
}

/**
 * A process and its children as one series, summed. CPU seconds include children that have ended; context switches would go
 * backwards with every child that ends and are left out. Pages shared by PostgreSQL's backends count once a backend in
 * `rss_bytes`: `rss_anon_bytes` and `pss_bytes` tell the truth.
 */
function readProcessTree(identity: ProcessIdentity): ProcessReading {
  try {
    const stat = readStat(identity.pid);
    if (stat?.startTicks !== identity.startTicks || stat.isZombie) return { kind: 'gone' };
    const parts: Values[] = [
      { ...valuesOf(identity.pid, stat), [metrics.cpuSeconds]: stat.cpuSeconds + stat.reapedCpuSeconds },
    ];
    for (const pid of childrenOf(identity.pid)) {
      const reading = readChild(pid);
      if (reading !== undefined) parts.push(reading);
    }
    return { kind: 'alive', values: sumOf(parts) };
  } catch (error) {
    return failure(error);
  }
}

/**
 * Proportional set size in bytes, of the tree when asked for; undefined when the process is gone. Walks page tables, so once
 * a minute and off the event loop.
 */
export async function readPss(identity: ProcessIdentity, { tree }: { tree: boolean }): Promise<number | undefined> {
  if (readStat(identity.pid)?.startTicks !== identity.startTicks) return undefined;
  let bytes = await pssOf(identity.pid);
  for (const pid of tree ? childrenOf(identity.pid) : []) {
    const child = await pssOf(pid);
    if (bytes !== undefined && child !== undefined) bytes += child;
  }
  return bytes;
}

/** Undefined when there is no such process. */
function readStat(pid: number): Stat | undefined {
  const text = readIfThere(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

function valuesOf(pid: number, stat: Stat): Values {
  const status = parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { ...status, ...readIo(pid), [metrics.cpuSeconds]: stat.cpuSeconds, [metrics.openFiles]: countFiles(pid) };
}

/** Not every kernel keeps this account, and a reader of another user is not shown it. What ended children did is in it. */
function readIo(pid: number): Values {
  try {
    return parseIo(readFileSync(`/proc/${pid}/io`, 'utf8'));
  } catch {
    return {};
  }
}

/** Since Linux 6.2 the folder's size is the count, which saves listing a gateway's thousands of sockets. */
function countFiles(pid: number): number {
  const path = `/proc/${pid}/fd`;
  return statSync(path).size || readdirSync(path).length;
}

/** A child may end between the listing and the reading. */
function readChild(pid: number): Values | undefined {
  try {
    const stat = readStat(pid);
    return stat === undefined || stat.isZombie ? undefined : valuesOf(pid, stat);
  } catch {
    return undefined;
  }
}

const childrenOf = (pid: number): number[] =>
  (readIfThere(`/proc/${pid}/task/${pid}/children`) ?? '')
    .split(' ')
    .filter((text) => text !== '')
    .slice(0, childrenMax)
    .map(Number);

function sumOf(parts: readonly Values[]): Values {
  const sums: Record<string, number> = {};
  for (const part of parts) {
    for (const [metric, value] of Object.entries(part)) {
      if (metric !== metrics.contextSwitches) sums[metric] = (sums[metric] ?? 0) + value;
    }
  }
  return sums;
}

async function pssOf(pid: number): Promise<number | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
    const found = /^Pss:\s+(\d+)/m.exec(text)?.[1];
    return found === undefined ? undefined : Number(found) * 1_024;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

const failure = (error: unknown): ProcessReading =>
  isGone(error) ? { kind: 'gone' } : { kind: 'failed', reason: reasonOf(error) };

/** ENOENT when it was gone before, ESRCH when it went while being read. */
const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
