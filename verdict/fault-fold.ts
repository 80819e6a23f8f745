import type { FaultRecord } from '#model/evidence.ts';
import type { FaultSummary, NamedWindow } from '#model/evidence-summary.ts';
import { overlaps } from './windows.ts';

/** After a fault healed, failures of this long are still its own. */
export const settleMs = 2_000;
const eventsMax = 64;

/** The life of each fault, from records in any order. */
export function summariseFaults(records: readonly FaultRecord[]): FaultSummary[] {
  const names = new Set(records.map(({ fault }) => fault));
  const ofFault = (name: string): FaultRecord[] => records.filter(({ fault }) => fault === name);
  return [...names]
    .map((name) => summariseFault(name, ofFault(name)))
    .sort((a, b) => (a.injectedAt ?? Infinity) - (b.injectedAt ?? Infinity) || (a.fault < b.fault ? -1 : 1));
}

/** Injected to healed plus the time to settle; a fault that never healed reaches to `endsAt`. What nobody asked for has none. */
export function faultWindows(faults: readonly FaultSummary[], endsAt: number): NamedWindow[] {
  return faults.flatMap(({ fault, injectedAt, healedAt }) => {
    if (injectedAt === undefined) return [];
    return [
      {
        name: fault,
        from: injectedAt,
        to: healedAt === undefined ? Math.max(endsAt, injectedAt) : healedAt + settleMs,
      },
    ];
  });
}

/** Is any of the time [from, to) a fault's? */
export const isInFault = (windows: readonly NamedWindow[], from: number, to: number): boolean =>
  windows.some((window) => overlaps(window, from, to));

function summariseFault(fault: string, records: readonly FaultRecord[]): FaultSummary {
  // The lease tells again what a dead injector may not have: the same event, with the same time.
  const once = new Map(records.map((record) => [`${record.event} ${record.at}`, record]));
  const events = [...once.values()]
    .sort((a, b) => a.at - b.at || (a.event < b.event ? -1 : 1))
    .slice(0, eventsMax)
    .map(({ at, event, detail }) => ({ at, event, detail }));
  const first = (...kinds: FaultRecord['event'][]) => events.find(({ event }) => kinds.includes(event));
  const injected = first('injected');
  const bit = first('bit');
  const healed = first('healed', 'healed-by-watchdog');
  const recovering = first('recovering');
  const victim = records.find((record) => record.victim !== undefined)?.victim;
  return {
    fault,
    events,
    ...(victim !== undefined && { victim }),
    ...(records.some(({ unplanned }) => unplanned === true) && { unplanned: true as const }),
    ...(recovering !== undefined && { recoveringAt: recovering.at }),
    ...(injected !== undefined && { injectedAt: injected.at }),
    ...(bit !== undefined && { bitAt: bit.at }),
    ...(healed !== undefined && {
      healedAt: healed.at,
      healedBy: healed.event === 'healed' ? ('injector' as const) : ('watchdog' as const),
    }),
  };
}
