import type { FaultSummary, NamedWindow, SeriesSummary, UnplannedOutage } from '#model/evidence-summary.ts';
import type { FaultPlan } from '#model/fault-plan.ts';
import { metrics } from '#model/metrics.ts';
import { roleKind } from '#model/roles.ts';
import { settleMs } from './fault-fold.ts';
import { clipWindows, overlaps, type Window } from './windows.ts';

/** Requests that a death cut off may be booked a little before the watchdog found it: it looks five times a second. */
const foundWithinMs = 500;
/** Sampler and watchdog look at different moments; further apart than this they speak of different deaths. */
const sameDeathMs = 2_500;

export interface OutageInput {
  /** From the samples: between an incarnation's end and the next one's beginning, to a tick. */
  readonly downtimes: readonly NamedWindow[];
  readonly faults: readonly FaultSummary[];
  /** Windows of the faults that somebody asked for. */
  readonly windows: readonly NamedWindow[];
  readonly plans: readonly FaultPlan[];
  readonly load: Window | undefined;
}

/**
 * When a part of the target was down with no asked-for fault on it to explain it (R7.1). The watchdog's record says from when it
 * was found until it was ready; where the watchdog saw nothing, the samples say when it was gone and when it ran again.
 */
export function unplannedOutages({ downtimes, faults, windows, plans, load }: OutageInput): NamedWindow[] {
  if (load === undefined) return [];
  const victims = new Map(plans.map(({ fault, victim }) => [fault, victim]));
  for (const { fault, victim } of faults) if (victim !== undefined) victims.set(fault, victim);
  const isExcused = ({ name, from, to }: NamedWindow): boolean =>
    windows.some(
      (window) =>
        (victims.get(window.name) ?? name) === name &&
        overlaps({ from: window.from - settleMs, to: window.to }, from, Math.max(to, from + 1)),
    );
  const sampled = downtimes.filter(({ name }) => isOfTarget(name));
  const found = faults.flatMap((fault) => foundOutage(fault, sampled, load) ?? []);
  const unseen = sampled.filter((downtime) => !found.some((outage) => isOneDeath(outage, downtime)));
  return clipWindows([...found, ...unseen], load)
    .filter((outage) => !isExcused(outage))
    .sort((a, b) => a.from - b.from || (a.name < b.name ? -1 : 1));
}

/** The time in which errors are the outage's. */
export const costWindow = ({ name, from, to }: NamedWindow): NamedWindow => ({
  name: `${name} down`,
  from: from - foundWithinMs,
  to: to + settleMs,
});

/** Each outage with the iterations that failed in it, in the same order, and with the cache that went with it. */
export function withCosts(
  outages: readonly NamedWindow[],
  iterationsFailed: readonly number[],
  series: readonly SeriesSummary[],
): UnplannedOutage[] {
  return outages.map((outage, index) => {
    const bytes = cacheBytesLost(outage, series);
    const lost = bytes === undefined ? {} : { cacheBytesLost: bytes };
    return { ...outage, iterationsFailed: iterationsFailed[index] ?? 0, ...lost };
  });
}

/** What the cache of a dead process held by its last sample; undefined for what is no cache, and for one that lived on. */
function cacheBytesLost({ name, from, to }: NamedWindow, series: readonly SeriesSummary[]): number | undefined {
  const metric = name === 'redis' ? metrics.redisMemoryBytes : metrics.cacheL1Bytes;
  let last: readonly [number, number] | undefined;
  for (const { role, metric: sampled, points } of series) {
    if (role !== name || sampled !== metric || points.some(([at]) => at > to)) continue;
    for (const point of points) if (point[0] <= from && (last === undefined || point[0] > last[0])) last = point;
  }
  return last === undefined ? undefined : Math.round(last[1]);
}

const isOfTarget = (role: string): boolean => roleKind(role) === 'gateway' || roleKind(role) === 'stack';

function foundOutage(fault: FaultSummary, sampled: readonly NamedWindow[], load: Window): NamedWindow | undefined {
  const { victim, bitAt, healedAt } = fault;
  if (fault.unplanned === undefined || victim === undefined || bitAt === undefined) return undefined;
  const own = { name: victim, from: bitAt, to: healedAt ?? bitAt };
  const same = sampled.filter((downtime) => isOneDeath(own, downtime));
  // The samples begin earlier by more than a look when nobody watched for a while: it was down all that time.
  const earliest = Math.min(...same.map(({ from }) => from));
  const from = earliest < bitAt - sameDeathMs ? earliest : bitAt;
  if (healedAt !== undefined) return { name: victim, from, to: healedAt };
  const latest = Math.max(...same.map(({ to }) => to));
  // The watchdog died before it saw the end of it.
  return { name: victim, from, to: Number.isFinite(latest) ? Math.max(latest, from) : load.to };
}

const isOneDeath = (a: NamedWindow, b: NamedWindow): boolean =>
  a.name === b.name && overlaps({ from: a.from - sameDeathMs, to: a.to + sameDeathMs }, b.from, b.to);
