import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';

/** What this machine has; a container's own limits count, not its host's. */
export interface MachineMeasure {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly memoryFreeBytes: number;
  readonly diskFreeBytes: number;
  readonly openFilesMax: number;
}

/** Measures the machine; the disk is the one that `folder` is or will be on. */
export function measureMachine(folder: string): MachineMeasure {
  const limit = process.constrainedMemory();
  const memoryBytes = limit > 0 ? Math.min(totalmem(), limit) : totalmem();
  return {
    cores: availableParallelism(),
    memoryBytes,
    memoryFreeBytes: Math.min(process.availableMemory(), memoryBytes),
    diskFreeBytes: freeBytes(folder),
    openFilesMax: parseOpenFilesMax(readFileSync('/proc/self/limits', 'utf8')),
  };
}

/**
 * The hard limit: Node raises itself to it, and children inherit that.
 * @internal
 */
export function parseOpenFilesMax(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return hard === undefined || hard === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(hard);
}

function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch (cause) {
    if (folder === dirname(folder)) throw cause;
    return freeBytes(dirname(folder));
  }
}
