import type { SampleRecord } from '#model/evidence.ts';
import type { LowSeries } from '#model/evidence-summary.ts';
import { metrics } from '#model/metrics.ts';
import { byIdentity } from './identity.ts';
import type { Window } from './windows.ts';

/** What may leak in a process, a gauge each. */
const leakMetrics: readonly string[] = [
  ...[metrics.rssBytes, metrics.rssAnonBytes, metrics.heapAfterMajorGcBytes, metrics.heapUsedBytes],
  ...[metrics.externalBytes, metrics.openFiles, metrics.threads, metrics.poolConnections],
];

/** A collector that was seen to finish less often tells of no floor, and the lowest heap in use has to do. */
const collectionsMin = 8;

/** Connections that nobody gives back are seen where they end, whoever opened them. */
export const databaseRole = 'postgres';
const databaseMetrics: readonly string[] = [metrics.databaseConnections];

const pointsMax = 960;
const seriesMax = 2_000;

/** The lowest sample of each stretch of the load, by process and life: what garbage collection leaves (R6.3). */
export interface LowFold {
  add(record: SampleRecord): void;
  summary(): LowSeries[];
}

export interface LowBounds {
  readonly load: Window | undefined;
  readonly intervalMs: number;
  /** Whose. */
  readonly isAsked: (role: string) => boolean;
}

export function createLowFold({ load, intervalMs, isAsked }: LowBounds): LowFold {
  const all = new Map<string, { readonly named: Omit<LowSeries, 'points'>; readonly points: Map<number, [number, number]> }>(); // prettier-ignore
  const widthMs = Math.max(intervalMs, load === undefined ? 0 : Math.ceil((load.to - load.from) / pointsMax));

  function add({ at, role, incarnation, values }: SampleRecord): void {
    if (load === undefined || at < load.from || at >= load.to || !isAsked(role)) return;
    for (const metric of role === databaseRole ? databaseMetrics : leakMetrics) {
      const value = values[metric];
      if (value === undefined) continue;
      const key = `${role}\n${incarnation}\n${metric}`;
      const known = all.get(key) ?? {
        named: { role, incarnation, metric },
        points: new Map<number, [number, number]>(),
      };
      if (all.size < seriesMax) all.set(key, known);
      const stretch = Math.floor((at - load.from) / widthMs);
      const lowest = known.points.get(stretch);
      // Of two that are equally low the earlier one, so that the order of records does not matter.
      if (lowest === undefined || value < lowest[1] || (value === lowest[1] && at < lowest[0]))
        known.points.set(stretch, [at, value]);
    }
  }

  return {
    add,
    summary() {
      const lows = [...all.values()].map(({ named, points }) => ({ ...named, points: [...points.values()].sort(([one], [other]) => one - other) })); // prettier-ignore
      return lows.filter((low) => !isSaidBetter(low, lows)).sort(byIdentity);
    },
  };
}

/** The heap's floor is one question: what major collections left, where there were enough of them, else the lowest heap in use. */
function isSaidBetter({ role, incarnation, metric }: LowSeries, lows: readonly LowSeries[]): boolean {
  if (metric !== metrics.heapUsedBytes && metric !== metrics.heapAfterMajorGcBytes) return false;
  const left = lows.find((low) => low.role === role && low.incarnation === incarnation && low.metric === metrics.heapAfterMajorGcBytes); // prettier-ignore
  const isKnown = new Set(left?.points.map(([, value]) => value)).size >= collectionsMin;
  return metric === metrics.heapUsedBytes ? isKnown : !isKnown;
}
