import { metrics } from '#model/metrics.ts';
import type { Values } from './source.ts';

export interface Stat {
  readonly startTicks: number;
  readonly isZombie: boolean;
  readonly cpuSeconds: number;
  readonly reapedCpuSeconds: number;
}

/** The kernel counts CPU time in these on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** A program's name may hold spaces and brackets, so fields count from the last closing one: index 0 is field 3. */
export function parseStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3] ?? NaN);
  return {
    startTicks: field(22),
    isZombie: fields[0] === 'Z' || fields[0] === 'X',
    cpuSeconds: (field(14) + field(15)) / ticksPerSecond,
    reapedCpuSeconds: (field(16) + field(17)) / ticksPerSecond,
  };
}

/** Kernel threads have no memory lines: what is not there stays absent. */
export function parseStatus(text: string): Values {
  const line = (name: string): number | undefined => {
    const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const kilobytes = (name: string): number | undefined => {
    const found = line(name);
    return found === undefined ? undefined : found * 1_024;
  };
  const voluntary = line('voluntary_ctxt_switches');
  const involuntary = line('nonvoluntary_ctxt_switches');
  return present({
    [metrics.rssBytes]: kilobytes('VmRSS'),
    [metrics.rssAnonBytes]: kilobytes('RssAnon'),
    [metrics.swapBytes]: kilobytes('VmSwap'),
    [metrics.threads]: line('Threads'),
    [metrics.contextSwitches]:
      voluntary === undefined || involuntary === undefined ? undefined : voluntary + involuntary,
  });
}

/** What reached the storage, or came from it; what the page cache answered is not in it. */
export function parseIo(text: string): Values {
  const line = (name: string): number | undefined => {
    const found = new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return present({ [metrics.ioReadBytes]: line('read_bytes'), [metrics.ioWriteBytes]: line('write_bytes') });
}

const present = (values: Record<string, number | undefined>): Values =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined));
