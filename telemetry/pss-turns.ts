import { metrics } from '#model/metrics.ts';
import type { Incarnation } from '#model/stack.ts';
import { readPss } from './proc.ts';
import type { Source } from './source.ts';

export interface PssTurns {
  /** Whose turn it is at this tick: each process once a minute, from its own first tick on. */
  due(processes: readonly Incarnation[], at: number, trees: readonly string[]): Source[];
}

const everyMs = 60_000;
/** Walking page tables holds a lock of the walked process for a moment: few at a time. */
const perTickMax = 4;
const rememberedMax = 1_000;

export function createPssTurns(): PssTurns {
  const readAt = new Map<string, number>();
  const keyOf = ({ role, incarnation }: Incarnation): string => `${role} ${incarnation}`;
  return {
    due(processes, at, trees) {
      if (readAt.size > rememberedMax) readAt.clear();
      const waiting = processes.filter((process) => at - (readAt.get(keyOf(process)) ?? -Infinity) >= everyMs);
      return waiting.slice(0, perTickMax).map((process) => {
        readAt.set(keyOf(process), at);
        return pssReading(process, trees.includes(process.role));
      });
    },
  };
}

const pssReading = (process: Incarnation, tree: boolean): Source => ({
  name: `pss-${process.role}`,
  role: process.role,
  async read() {
    const bytes = await readPss(process, { tree });
    return bytes === undefined ? {} : { [metrics.pssBytes]: bytes };
  },
  // Absent of a process that is gone meanwhile.
  metrics: [],
  close: () => Promise.resolve(),
});
