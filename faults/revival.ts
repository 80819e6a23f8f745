import type { FindingRecord } from '#model/evidence.ts';
import type { Clock } from './clock.ts';
import type { Processes } from './fault.ts';

export interface RevivalOptions {
  readonly roles: readonly string[];
  readonly processes: Processes;
  readonly clock: Clock;
  readonly report: (finding: FindingRecord['finding'], detail: string) => void;
}

/** Starts again what died unasked, a role at a time and each by itself: a slow start keeps nobody else waiting. */
export interface Revival {
  /** The roles that are dead now. */
  observe(): Promise<string[]>;
  /** Begins to start these again as soon as their backoff allows; returns at once. */
  revive(roles: readonly string[]): void;
  /** Resolves when no start is under way. */
  settled(): Promise<void>;
}

/** Wait before the n-th start in a row; the last one repeats. A role that stays up for `steadyMs` begins anew. */
const backoffMs = [0, 200, 500, 1_000, 2_000, 5_000] as const;
const steadyMs = 30_000;

interface Death {
  /** When it was first seen dead. */
  readonly at: number;
  attempts: number;
}

export function createRevival({ roles, processes, clock, report }: RevivalOptions): Revival {
  const deaths = new Map<string, Death>();
  const history = new Map<string, { starts: number; lastAt: number }>();
  const starting = new Map<string, Promise<void>>();

  const startsInARow = (role: string): number => {
    const earlier = history.get(role);
    return earlier === undefined || clock.now() - earlier.lastAt > steadyMs ? 0 : earlier.starts;
  };

  const isDue = (role: string): boolean => {
    const waitMs = backoffMs[Math.min(startsInARow(role), backoffMs.length - 1)] ?? 0;
    return clock.now() >= (history.get(role)?.lastAt ?? 0) + waitMs;
  };

  const start = async (role: string): Promise<void> => {
    const death = deaths.get(role);
    // It may have been started by whoever held it down, between the look at the process and the look at the leases.
    if (death === undefined || (await processes.isAlive(role))) {
      deaths.delete(role);
      return;
    }
    if (death.attempts === 0) report('unplanned-death', `${role} was found dead and no fault holds it down`);
    death.attempts += 1;
    const starts = startsInARow(role) + 1;
    history.set(role, { starts, lastAt: clock.now() });
    await processes.start(role);
    history.set(role, { starts, lastAt: clock.now() });
    deaths.delete(role);
    report('restarted', `${role} was down for ${clock.now() - death.at} ms; start ${death.attempts} brought it back`);
  };

  return {
    async observe() {
      const alive = await Promise.all(roles.map((role) => processes.isAlive(role)));
      return roles.filter((_, index) => alive[index] === false);
    },
    revive(dead) {
      for (const role of dead) {
        if (starting.has(role)) continue;
        if (!deaths.has(role)) deaths.set(role, { at: clock.now(), attempts: 0 });
        if (!isDue(role)) continue;
        // A failed start is tried again after its backoff: the role is still dead at the next look.
        const attempt = start(role)
          .catch(() => undefined)
          .finally(() => starting.delete(role));
        starting.set(role, attempt);
      }
    },
    async settled() {
      await Promise.all(starting.values());
    },
  };
}
