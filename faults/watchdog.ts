import type { EvidenceSink, FaultRecord } from '#model/evidence.ts';
import type { FaultLease } from '#model/fault-plan.ts';
import { type Clock, holdsWithin, systemClock } from './clock.ts';
import type { Processes } from './fault.ts';
import { advanceLease, isOpen, listLeases, readLease } from './lease-file.ts';
import { carryOut } from './recipe.ts';
import { createRevival, type RevivalOptions } from './revival.ts';
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
  /**
   * Undoes every harm whose lease is open, whatever its deadline, and waits for repairs under way: at the watchdog's own end,
   * because it cannot know that it has a successor. Bounded by about two minutes.
   */
  healAll(): Promise<void>;
  /** Undoes the harms whose deadline is over, and no others. Returns the names of those that are healed now. */
  healOverdue(): Promise<string[]>;
  /** Resolves when no repair is under way. */
  settled(): Promise<void>;
}

const readyWithinMs = 30_000;
const healRetryMs = 500;
const settledWithinMs = 30_000;
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
  const revival = createRevival({ roles: orders.roles, processes, clock, ...createReports(sink, clock) });
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

  const settled = async (): Promise<void> => {
    await Promise.all(healing.values());
    await revival.settled();
  };

  return {
    settled,
    async tick() {
      // In this order: a lease is stored before its harm, so a death that was seen first has its lease in the list.
      const down = await revival.observe().catch(() => []);
      const leases = await openLeases().catch(() => []);
      for (const lease of leases) {
        const { fault } = lease.plan;
        if (clock.now() >= lease.deadlineAt && clock.now() >= (retryAt.get(fault) ?? 0)) void heal(lease);
      }
      // A lease that is only set up has harmed nobody: who is down then is down by itself.
      const heldDown = new Set(leases.flatMap(({ state, holdsDown }) => (state === 'set-up' ? [] : holdsDown)));
      revival.revive(down.filter(({ role }) => !heldDown.has(role)));
    },
    async healOverdue() {
      const overdue = (await openLeases()).filter(({ deadlineAt }) => clock.now() >= deadlineAt);
      const healed = await Promise.all(overdue.map(heal));
      return overdue.flatMap(({ plan }, index) => (healed[index] === true ? [plan.fault] : []));
    },
    async healAll() {
      for (let attempt = 1; attempt <= healAttemptsMax; attempt += 1) {
        const results = await Promise.all((await openLeases()).map(heal));
        if (results.every(Boolean)) break;
        await clock.pause(healRetryMs);
      }
      for (const lease of await openLeases()) await giveUp(lease, { orders, sink, clock });
      await Promise.race([settled(), clock.pause(settledWithinMs)]);
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
  const enter = createEnter({ lease, orders, sink });
  const lateMs = (): number => clock.now() - lease.deadlineAt;
  const timing = (): string => (lateMs() >= 0 ? `${lateMs()} ms after the deadline` : 'before the deadline');
  // Whoever moved the lease may have died before its spool was on disk; a repeated record is the same event.
  for (const record of lease.history) sink.append(record);
  // From here on an injector that was late finds that it may harm no more.
  await enter('recovering', clock.now(), lateMs() >= 0 ? `the deadline is over by ${lateMs()} ms` : endedDetail);
  await carryOut(lease.recipe, processes);
  const isUp = async (): Promise<boolean> => !(await processes.isStopped(role)) && (await processes.isReady(role));
  if (!(await holdsWithin(clock, isUp, { withinMs: readyWithinMs }))) return false;
  const at = clock.now();
  const detail = `${role} is ready, ${timing()}`;
  const advanced = await enter('healed-by-watchdog', at, detail);
  if (advanced && at - lease.deadlineAt > lateHealMs) {
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

const endedDetail = 'whoever watches ends, and heals before it does';

function createEnter({ lease, orders, sink }: Pick<Healing, 'lease' | 'orders' | 'sink'>) {
  return async (event: FaultRecord['event'], at: number, detail: string): Promise<boolean> => {
    const { fault, victim } = lease.plan;
    const record: FaultRecord = { kind: 'fault', at, fault, event, detail, victim };
    const { advanced } = await advanceLease(orders.faultsFolder, record);
    if (advanced) sink.append(record);
    return advanced;
  };
}

async function giveUp(
  lease: FaultLease,
  { orders, sink, clock }: Pick<Healing, 'orders' | 'sink' | 'clock'>,
): Promise<void> {
  const enter = createEnter({ lease, orders, sink });
  await enter('failed', clock.now(), `${lease.recipe.role} did not become ready in ${healAttemptsMax} attempts`);
}

const reportsMax = 500;

/** Both are bounded, so that a process that dies for ever cannot fill the spool. */
function createReports(sink: EvidenceSink, clock: Clock): Pick<RevivalOptions, 'report' | 'record'> {
  let reported = 0;
  let recorded = 0;
  return {
    report(finding, detail) {
      if (reported >= reportsMax) return;
      reported += 1;
      sink.append({ kind: 'finding', at: clock.now(), source: 'watchdog', finding, detail: detail.slice(0, 400) });
    },
    record(record) {
      if (recorded >= reportsMax) return;
      recorded += 1;
      sink.append(record);
    },
  };
}

const unreadableLease = (fault: string, error: unknown, at: number): Parameters<EvidenceSink['append']>[0] => ({
  kind: 'gap',
  at,
  until: at,
  source: 'watchdog',
  reason: `the lease of ${fault} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
});
