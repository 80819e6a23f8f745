import type { SampleRecord } from '#model/evidence.ts';
import type { LowSeries } from '#model/evidence-summary.ts';
import { metrics, tableOfNetRows } from '#model/metrics.ts';
import { byIdentity } from './identity.ts';
import { inMap, newMap } from './maps.ts';
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

/** Rows and keys that load leaves behind are seen where they are stored, whoever wrote them. */
export const keysRole = 'redis';
const keysMetrics: readonly string[] = [metrics.redisKeys];

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
  /** Tables and keys as well: what load writes is known, and comes to nothing. */
  readonly isStoredAsked?: boolean;
}

interface Low {
  readonly named: Omit<LowSeries, 'points'>;
  readonly points: Map<number, [number, number]>;
}

export function createLowFold({ load, intervalMs, isAsked, isStoredAsked = false }: LowBounds): LowFold {
  const processes = new Map<string, Map<number, Map<string, Low>>>();
  const all: Low[] = [];
  const widthMs = Math.max(intervalMs, load === undefined ? 0 : Math.ceil((load.to - load.from) / pointsMax));

  /** Undefined past the bound. */
  function make(own: Map<string, Low>, named: Low['named']): Low | undefined {
    if (all.length >= seriesMax) return undefined;
    const low = { named, points: new Map<number, [number, number]>() };
    own.set(named.metric, low);
    all.push(low);
    return low;
  }

  function add({ at, role, incarnation, values }: SampleRecord): void {
    if (load === undefined || at < load.from || at >= load.to) return;
    const isStore = isStoredAsked && (role === keysRole || role === databaseRole);
    if (!isStore && !isAsked(role)) return;
    const own = inMap(inMap(processes, role, newMap<number, Map<string, Low>>), incarnation, newMap<string, Low>);
    const stretch = Math.floor((at - load.from) / widthMs);
    for (const metric of metricsOf(role, values, isStore)) {
      const value = values[metric];
      if (value === undefined) continue;
      const points = (own.get(metric) ?? make(own, { role, incarnation, metric }))?.points;
      const lowest = points?.get(stretch);
      // Of two that are equally low the earlier one, so that the order of records does not matter.
      if (lowest === undefined || value < lowest[1] || (value === lowest[1] && at < lowest[0]))
        points?.set(stretch, [at, value]);
    }
  }

  return {
    add,
    summary() {
      const lows = all.map(({ named, points }) => ({ ...named, points: [...points.values()].sort(([one], [other]) => one - other) })); // prettier-ignore
      return lows.filter((low) => !isSaidBetter(low, lows)).sort(byIdentity);
    },
  };
}

function metricsOf(role: string, values: SampleRecord['values'], isStore: boolean): readonly string[] {
  if (role === keysRole) return isStore ? keysMetrics : leakMetrics;
  if (role !== databaseRole) return leakMetrics;
  const tables = isStore ? Object.keys(values).filter((metric) => tableOfNetRows(metric) !== undefined) : [];
  return [...databaseMetrics, ...tables];
}

/** The heap's floor is one question: what major collections left, where there were enough of them, else the lowest heap in use. */
function isSaidBetter({ role, incarnation, metric }: LowSeries, lows: readonly LowSeries[]): boolean {
  if (metric !== metrics.heapUsedBytes && metric !== metrics.heapAfterMajorGcBytes) return false;
  const left = lows.find((low) => low.role === role && low.incarnation === incarnation && low.metric === metrics.heapAfterMajorGcBytes); // prettier-ignore
  const isKnown = new Set(left?.points.map(([, value]) => value)).size >= collectionsMin;
  return metric === metrics.heapUsedBytes ? isKnown : !isKnown;
}
