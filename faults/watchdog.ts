import type { EvidenceSink, FindingRecord, FaultRecord } from '#model/evidence.ts';
import type { FaultLease } from '#model/fault-plan.ts';
import { type Clock, holdsWithin, systemClock } from './clock.ts';
import type { Processes } from './fault.ts';
import { advanceLease, isOpen, listLeases, readLease } from './lease-file.ts';
import { createRevival } from './revival.ts';
import type { WatchdogOrders } from './watchdog-orders.ts';

export interface WatchdogOptions {
  readonly orders: WatchdogOrders;
  readonly processes: Processes;
  readonly sink: EvidenceSink;
  readonly clock?: Clock;
}

export interface Watchdog {
  /** To be called about every 200 ms. Never throws; long repairs go on after it returns. */
  tick(): Promise<void>;
  /** Undoes every harm whose lease is open, whatever its deadline, and waits for repairs under way. Bounded by about 40 s. */
  healAll(): Promise<void>;
}

const readyWithinMs = 30_000;
const healRetryMs = 500;
const healAttemptsMax = 3;
/** A heal this long after the deadline is a finding. */
const lateHealMs = 5_000;

/**
 * The dead-man's timer of faults (R7.3), and the keeper of the stack: heals what is past its deadline from the lease alone,
 * and starts again, within a second, what died without a fault holding it down.
 */
export function createWatchdog(options: WatchdogOptions): Watchdog {
  const { orders, processes, sink } = options;
  const clock = options.clock ?? systemClock;
  const revival = createRevival({ roles: orders.roles, processes, clock, report: createReport(sink, clock) });
  const healing = new Map<string, Promise<boolean>>();
  const retryAt = new Map<string, number>();
  const unreadable = new Set<string>();

  const heal = (lease: FaultLease): Promise<boolean> => {
    const { fault } = lease.plan;
    const running = healing.get(fault);
    if (running !== undefined) return running;
    const attempt = healOnce({ lease, orders, processes, sink, clock })
      .catch(() => false)
      .finally(() => {
        healing.delete(fault);
        retryAt.set(fault, clock.now() + healRetryMs);
      });
    healing.set(fault, attempt);
    return attempt;
  };

  const openLeases = async (): Promise<FaultLease[]> => {
    const leases: FaultLease[] = [];
    for (const fault of await listLeases(orders.faultsFolder)) {
      try {
        const lease = await readLease(orders.faultsFolder, fault);
        if (lease?.runKey === orders.runKey && isOpen(lease)) leases.push(lease);
      } catch (error) {
        // One broken lease must not keep the others from being healed; its victim is revived as an unplanned death.
        if (!unreadable.has(fault)) sink.append(unreadableLease(fault, error, clock.now()));
        unreadable.add(fault);
      }
    }
    return leases;
  };

  return {
    async tick() {
      // In this order: a lease is stored before its harm, so a death that was seen first has its lease in the list.
      const dead = await revival.observe().catch(() => []);
      const leases = await openLeases().catch(() => []);
      for (const lease of leases) {
        const { fault } = lease.plan;
        if (clock.now() >= lease.deadlineAt && clock.now() >= (retryAt.get(fault) ?? 0)) void heal(lease);
      }
      const heldDown = new Set(leases.flatMap(({ holdsDown }) => holdsDown));
      revival.revive(dead.filter((role) => !heldDown.has(role)));
    },
    async healAll() {
      for (let attempt = 1; attempt <= healAttemptsMax; attempt += 1) {
        const results = await Promise.all((await openLeases()).map(heal));
        if (results.every(Boolean)) break;
        await clock.pause(healRetryMs);
      }
      for (const lease of await openLeases()) await giveUp(lease, { orders, sink, clock });
      await revival.settled();
    },
  };
}

interface Healing {
  readonly lease: FaultLease;
  readonly orders: WatchdogOrders;
  readonly processes: Processes;
  readonly sink: EvidenceSink;
  readonly clock: Clock;
}

/** Carries out the recipe; true when the harm was seen to be undone, by us or by the injector meanwhile. */
async function healOnce({ lease, orders, processes, sink, clock }: Healing): Promise<boolean> {
  const { role } = lease.recipe;
  await processes.start(role);
  if (!(await holdsWithin(clock, () => processes.isReady(role), { withinMs: readyWithinMs }))) return false;
  const at = clock.now();
  const lateMs = at - lease.deadlineAt;
  const detail = lateMs >= 0 ? `${role} is ready, ${lateMs} ms after the deadline` : `${role} is ready; the run ended`;
  const record: FaultRecord = { kind: 'fault', at, fault: lease.plan.fault, event: 'healed-by-watchdog', detail };
  const { advanced } = await advanceLease(orders.faultsFolder, record);
  if (advanced) sink.append(record);
  if (advanced && lateMs > lateHealMs) {
    sink.append({
      kind: 'finding',
      at,
      source: 'watchdog',
      finding: 'late-heal',
      detail: `${lease.plan.fault}: ${detail}`,
    });
  }
  return true;
}

async function giveUp(
  lease: FaultLease,
  { orders, sink, clock }: Pick<Healing, 'orders' | 'sink' | 'clock'>,
): Promise<void> {
  const record: FaultRecord = {
    kind: 'fault',
    at: clock.now(),
    fault: lease.plan.fault,
    event: 'failed',
    detail: `${lease.recipe.role} did not become ready in ${healAttemptsMax} attempts`,
  };
  if ((await advanceLease(orders.faultsFolder, record)).advanced) sink.append(record);
}

/** Findings are bounded, so that a process that dies for ever cannot fill the spool. */
function createReport(sink: EvidenceSink, clock: Clock): (finding: FindingRecord['finding'], detail: string) => void {
  const findingsMax = 500;
  let reported = 0;
  return (finding, detail) => {
    if (reported >= findingsMax) return;
    reported += 1;
    sink.append({ kind: 'finding', at: clock.now(), source: 'watchdog', finding, detail: detail.slice(0, 400) });
  };
}

const unreadableLease = (fault: string, error: unknown, at: number): Parameters<EvidenceSink['append']>[0] => ({
  kind: 'gap',
  at,
  until: at,
  source: 'watchdog',
  reason: `the lease of ${fault} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
});
