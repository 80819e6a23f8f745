import type { SampleRecord } from '#model/evidence.ts';
import type { LowSeries } from '#model/evidence-summary.ts';
import { metrics } from '#model/metrics.ts';
import { roleKind } from '#model/roles.ts';
import { byIdentity } from './identity.ts';
import type { Window } from './windows.ts';

/** What may leak in a process of the target, a gauge each. */
const leakMetrics: readonly string[] = [
  ...[metrics.rssBytes, metrics.rssAnonBytes, metrics.heapUsedBytes, metrics.externalBytes],
  ...[metrics.openFiles, metrics.threads, metrics.poolConnections],
];

/** Connections that nobody gives back are seen where they end, whoever opened them. */
const databaseMetrics: readonly string[] = [metrics.databaseConnections];

function metricsOf(role: string): readonly string[] {
  if (roleKind(role) === 'gateway') return leakMetrics;
  return role === 'postgres' ? databaseMetrics : [];
}

const pointsMax = 960;
const seriesMax = 2_000;

/** The lowest sample of each stretch of the load, by process and life: what garbage collection leaves (R6.3). */
export interface LowFold {
  add(record: SampleRecord): void;
  summary(): LowSeries[];
}

export function createLowFold({ load, intervalMs }: { load: Window | undefined; intervalMs: number }): LowFold {
  const all = new Map<string, { readonly named: Omit<LowSeries, 'points'>; readonly points: Map<number, [number, number]> }>(); // prettier-ignore
  const widthMs = Math.max(intervalMs, load === undefined ? 0 : Math.ceil((load.to - load.from) / pointsMax));

  function add({ at, role, incarnation, values }: SampleRecord): void {
    if (load === undefined || at < load.from || at >= load.to) return;
    for (const metric of metricsOf(role)) {
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
    summary: () =>
      [...all.values()]
        .map(({ named, points }) => ({ ...named, points: [...points.values()].sort(([one], [other]) => one - other) }))
        .sort(byIdentity),
  };
}
