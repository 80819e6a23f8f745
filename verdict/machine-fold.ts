import type { SampleRecord } from '#model/evidence.ts';
import { metrics } from '#model/metrics.ts';
import { machineRole } from '#model/roles.ts';
import { type Sign, signBounds, type Surroundings } from '#model/surroundings.ts';
import { inMap } from './maps.ts';
import { createSlotCounter, type SlotCounter, type Slots } from './slots.ts';

/** What the machine said of itself, by slot. */
export interface MachineFold {
  add(record: SampleRecord): void;
  isWatched(slot: number): boolean;
  /** What it says against itself, with the figure that is beyond its bound. */
  signsIn(slot: number): Seen[];
  /** Cores that the machine has, and the share of them that was busy. */
  busyIn(slot: number): { cores: number; share: number } | undefined;
  figures(): Surroundings['machine'];
}

export interface Seen {
  readonly sign: Sign;
  readonly measured: number;
}

export function createMachineFold(slots: Slots): MachineFold {
  const counters = new Map<string, SlotCounter>();
  const diskFree = new Map<number, number>();
  const least = new Map<string, number>();
  const watched = new Set<number>();

  function add({ at, role, values }: SampleRecord): void {
    const slot = role === machineRole ? slots.indexOf(at) : undefined;
    if (slot === undefined) return;
    watched.add(slot);
    for (const [metric, value] of Object.entries(values)) {
      if (metric.endsWith('_total')) inMap(counters, metric, createSlotCounter).add(slot, at, value);
      else least.set(metric, Math.min(value, least.get(metric) ?? Infinity));
    }
    const free = values[metrics.machineDiskFreeBytes];
    if (free !== undefined) diskFree.set(slot, Math.min(free, diskFree.get(slot) ?? Infinity));
  }

  const growth = (metric: string, slot: number) => counters.get(metric)?.growthIn(slot);

  /** One counter's growth for each unit of another's. */
  function shareIn(slot: number, metric: string, whole: string): number | undefined {
    const [part, all] = [growth(metric, slot)?.by, growth(whole, slot)?.by];
    return part === undefined || all === undefined || all <= 0 ? undefined : part / all;
  }

  function signsIn(slot: number): Seen[] {
    const seen = (sign: Sign, measured: number | undefined): Seen[] =>
      measured !== undefined && measured > signBounds[sign] ? [{ sign, measured }] : [];
    const free = diskFree.get(slot);
    return [
      ...seen('steal', shareIn(slot, metrics.machineStealSeconds, metrics.machineCpuSeconds)),
      ...seen('throttling', shareIn(slot, metrics.cgroupThrottledPeriods, metrics.cgroupPeriods)),
      ...seen('clock-jump', growth(metrics.machineClockJumpSeconds, slot)?.by),
      ...(free !== undefined && free < signBounds['disk-full'] ? [{ sign: 'disk-full' as const, measured: free }] : []),
    ];
  }

  function busyIn(slot: number): { cores: number; share: number } | undefined {
    const all = growth(metrics.machineCpuSeconds, slot);
    const share = shareIn(slot, metrics.machineBusySeconds, metrics.machineCpuSeconds);
    return all === undefined || share === undefined ? undefined : { cores: all.by / (all.ms / 1_000), share };
  }

  function figures(): Surroundings['machine'] {
    const over = (metric: string, whole: string | undefined): number | undefined => {
      let [part, all] = [0, 0];
      for (const slot of watched) {
        const grown = growth(metric, slot);
        const base = whole === undefined ? grown?.ms : growth(whole, slot)?.by;
        if (grown === undefined || base === undefined) continue;
        part += grown.by;
        all += whole === undefined ? base / 1_000 : base;
      }
      return all <= 0 ? undefined : part / all;
    };
    const sum = (metric: string): number | undefined =>
      counters.has(metric)
        ? [...watched].reduce((total, slot) => total + (growth(metric, slot)?.by ?? 0), 0)
        : undefined;
    return present({
      busyShare: over(metrics.machineBusySeconds, metrics.machineCpuSeconds),
      stealShare: over(metrics.machineStealSeconds, metrics.machineCpuSeconds),
      iowaitShare: over(metrics.machineIowaitSeconds, metrics.machineCpuSeconds),
      throttledShare: over(metrics.cgroupThrottledPeriods, metrics.cgroupPeriods),
      cpuStallShare: over(metrics.machineCpuStallSeconds, undefined),
      memoryStallShare: over(metrics.machineMemoryStallSeconds, undefined),
      ioStallShare: over(metrics.machineIoStallSeconds, undefined),
      oomKills: sum(metrics.machineOomKills),
      memoryAvailableBytesMin: least.get(metrics.machineMemoryAvailableBytes),
      diskFreeBytesMin: least.get(metrics.machineDiskFreeBytes),
    });
  }

  return { add, isWatched: (slot) => watched.has(slot), signsIn, busyIn, figures };
}

const present = (figures: Readonly<Record<string, number | undefined>>): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).filter((entry): entry is [string, number] => entry[1] !== undefined));
