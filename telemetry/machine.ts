import { readFileSync, statfsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { metrics } from '#model/metrics.ts';
import { machineRole } from '#model/roles.ts';
import { cpuStatPaths, parseCpuLine, parseFigure, parsePressure } from './machine-text.ts';
import type { Source, Values } from './source.ts';

/** Clocks are slewed by half a thousandth; more than this between two readings is a jump. */
const jumpMsMin = 100;

export interface MachineSourceOptions {
  /** The disk that it is on is the one whose free space is told. */
  readonly folder: string;
  /** Milliseconds by the wall clock, and by one that nobody sets. */
  readonly wallMs?: () => number;
  readonly steadyMs?: () => number;
}

/**
 * What the machine says of itself, for the whole of it and not of a process: CPU and who kept it from us, pressure, memory,
 * disk, clock. All of it is answered from memory in some hundred microseconds. Only what every Linux has must deliver; what a
 * kernel does not tell stays absent.
 */
export function createMachineSource({
  folder,
  wallMs = Date.now,
  steadyMs = () => performance.now(),
}: MachineSourceOptions): Source {
  const cpuStat = findCpuStat();
  const jumps = createJumpMeter(wallMs, steadyMs);
  return {
    name: 'machine',
    role: machineRole,
    metrics: [metrics.machineCpuSeconds, metrics.machineStealSeconds, metrics.machineMemoryAvailableBytes],
    read: () =>
      Promise.resolve(
        present({
          ...parseCpuLine(readFileSync('/proc/stat', 'utf8')),
          [metrics.machineCpuStallSeconds]: parsePressure(read('/proc/pressure/cpu'), 'some'),
          [metrics.machineMemoryStallSeconds]: parsePressure(read('/proc/pressure/memory'), 'full'),
          [metrics.machineIoStallSeconds]: parsePressure(read('/proc/pressure/io'), 'full'),
          [metrics.machineMemoryAvailableBytes]: parseFigure(read('/proc/meminfo'), 'MemAvailable'),
          [metrics.machineOomKills]: parseFigure(read('/proc/vmstat'), 'oom_kill'),
          [metrics.machineDiskFreeBytes]: freeBytes(folder),
          [metrics.machineClockJumpSeconds]: jumps(),
          ...(cpuStat === undefined ? {} : throttlingOf(read(cpuStat))),
        }),
      ),
    close: () => Promise.resolve(),
  };
}

/** Of a group without a quota both are 0, or not there. */
const throttlingOf = (text: string): Record<string, number | undefined> => ({
  [metrics.cgroupPeriods]: parseFigure(text, 'nr_periods'),
  [metrics.cgroupThrottledPeriods]: parseFigure(text, 'nr_throttled'),
});

const findCpuStat = (): string | undefined =>
  cpuStatPaths(read('/proc/self/cgroup')).find((path) => read(path).includes('nr_periods'));

/** By how much the wall clock has run away from the steady one, all jumps together, in seconds. */
function createJumpMeter(wallMs: () => number, steadyMs: () => number): () => number {
  let before: number | undefined;
  let jumpedMs = 0;
  return () => {
    const offset = wallMs() - steadyMs();
    const movedMs = before === undefined ? 0 : Math.abs(offset - before);
    before = offset;
    if (movedMs >= jumpMsMin) jumpedMs += movedMs;
    return jumpedMs / 1_000;
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

const present = (values: Readonly<Record<string, number | undefined>>): Values =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined));
