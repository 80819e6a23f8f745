import { metrics } from '#model/metrics.ts';
import type { Values } from './source.ts';

/** The kernel counts CPU time in these on every architecture that Node runs on. */
const ticksPerSecond = 100;

/**
 * The first line of /proc/stat: CPU time of all cores together. Guests' time is in `user` already; time waiting for a disk is
 * idle time, and stolen time was never ours.
 */
export function parseCpuLine(text: string): Values {
  const fields = (/^cpu +(.*)$/m.exec(text)?.[1] ?? '').split(' ').map(Number);
  const [user, nice, system, idle, iowait, irq, softirq, steal = 0] = fields;
  if ([user, nice, system, idle, iowait, irq, softirq, steal].some((field) => !Number.isFinite(field))) return {};
  const seconds = (...ticks: (number | undefined)[]): number =>
    ticks.reduce<number>((sum, each) => sum + (each ?? 0), 0) / ticksPerSecond;
  return {
    [metrics.machineCpuSeconds]: seconds(user, nice, system, idle, iowait, irq, softirq, steal),
    [metrics.machineBusySeconds]: seconds(user, nice, system, irq, softirq),
    [metrics.machineStealSeconds]: seconds(steal),
    [metrics.machineIowaitSeconds]: seconds(iowait),
  };
}

/** Seconds that `some` or all (`full`) tasks have stood still, of a file in /proc/pressure; undefined where it does not say. */
export function parsePressure(text: string, line: 'some' | 'full'): number | undefined {
  const microseconds = new RegExp(`^${line} .*total=(\\d+)`, 'm').exec(text)?.[1];
  return microseconds === undefined ? undefined : Number(microseconds) / 1e6;
}

/** One figure of a file of `name value` or `name: value kB` lines, as /proc/meminfo, /proc/vmstat and cpu.stat are. */
export function parseFigure(text: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:? +(\\d+)( kB)?$`, 'm').exec(text);
  if (found?.[1] === undefined) return undefined;
  return Number(found[1]) * (found[2] === undefined ? 1 : 1_024);
}

/**
 * Where the CPU figures of this control group may be, by /proc/self/cgroup: of version 2, then of version 1. Within a
 * container the paths of the host are named and are not there; the group is the mount's own root then.
 */
export function cpuStatPaths(cgroup: string): string[] {
  const pathOf = (line: RegExp): string => line.exec(cgroup)?.[1]?.replace(/\/$/, '') ?? '';
  return [
    ...[`/sys/fs/cgroup${pathOf(/^0::(.*)$/m)}/cpu.stat`, '/sys/fs/cgroup/cpu.stat'],
    ...[`/sys/fs/cgroup/cpu${pathOf(/^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(.*)$/m)}/cpu.stat`, '/sys/fs/cgroup/cpu/cpu.stat'],
  ];
}
