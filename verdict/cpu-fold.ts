import type { SampleRecord } from '#model/evidence.ts';
import { eventLoopDelaySecondsMax } from '#model/generator-limits.ts';
import { metrics } from '#model/metrics.ts';
import { roleKind } from '#model/roles.ts';
import { signBounds } from '#model/surroundings.ts';
import type { Seen } from './machine-fold.ts';
import { createLives, inMap, newMap } from './maps.ts';
import { createSlotCounter, type SlotCounter, type Slots } from './slots.ts';

type User = 'target' | 'generator' | 'harness';

/** Who used the CPU, by slot, and whether an engine was too busy to be on time. */
export interface CpuFold {
  add(record: SampleRecord): void;
  coresIn(slot: number): Readonly<Record<User, number>>;
  signsIn(slot: number): Seen[];
}

/** Of an engine's event loop in one slot. */
interface Delays {
  seconds: number;
  late: number;
}

interface Process {
  readonly user: User;
  readonly cpu: SlotCounter;
}

const processesMax = 500;

export function createCpuFold(slots: Slots): CpuFold {
  const processes = createLives<Process>(processesMax);
  const delays = new Map<string, Map<number, Delays>>();

  function addDelay(role: string, slot: number, delaySeconds: number): void {
    const ofRole = inMap(delays, role, newMap<number, Delays>);
    const counts = inMap(ofRole, slot, () => ({ seconds: 0, late: 0 }));
    counts.seconds += 1;
    if (delaySeconds >= eventLoopDelaySecondsMax) counts.late += 1;
  }

  function add({ at, role, incarnation, values }: SampleRecord): void {
    const slot = slots.indexOf(at);
    const user = userOf(role);
    if (slot === undefined || user === undefined) return;
    const cpuSeconds = values[metrics.cpuSeconds];
    const delaySeconds = values[metrics.eventLoopDelayP99Seconds];
    if (user === 'generator' && delaySeconds !== undefined) addDelay(role, slot, delaySeconds);
    if (cpuSeconds === undefined) return;
    const process = processes.of(role, incarnation, () => ({ user, cpu: createSlotCounter() }));
    process?.cpu.add(slot, at, cpuSeconds);
  }

  function coresIn(slot: number): Record<User, number> {
    const cores = { target: 0, generator: 0, harness: 0 };
    for (const { user, cpu } of processes.all) cores[user] += coresOf(cpu, slot);
    return cores;
  }

  function signsIn(slot: number): Seen[] {
    const engines = processes.all.filter(({ user }) => user === 'generator');
    const busiest = Math.max(0, ...engines.map(({ cpu }) => coresOf(cpu, slot)));
    const late = Math.max(0, ...[...delays.values()].map((ofRole) => lateShare(ofRole.get(slot))));
    return [
      ...(busiest >= signBounds['generator-cpu'] ? [{ sign: 'generator-cpu' as const, measured: busiest }] : []),
      ...(late >= signBounds['generator-late'] ? [{ sign: 'generator-late' as const, measured: late }] : []),
    ];
  }

  return { add, coresIn, signsIn };
}

function userOf(role: string): User | undefined {
  switch (roleKind(role)) {
    case 'gateway':
    case 'stack':
      return 'target';
    case 'engine':
      return 'generator';
    case 'harness':
      return 'harness';
    case 'machine':
      return undefined;
  }
}

function coresOf(cpu: SlotCounter, slot: number): number {
  const grown = cpu.growthIn(slot);
  return grown === undefined ? 0 : grown.by / (grown.ms / 1_000);
}

const lateShare = (counts: Delays | undefined): number =>
  counts === undefined || counts.seconds === 0 ? 0 : counts.late / counts.seconds;
