import type { FaultRecord, FindingRecord } from '#model/evidence.ts';
import { type Clock, holdsWithin } from './clock.ts';
import type { Processes } from './fault.ts';

export interface RevivalOptions {
  readonly roles: readonly string[];
  readonly processes: Processes;
  readonly clock: Clock;
  readonly report: (finding: FindingRecord['finding'], detail: string) => void;
  /** Told of each death or stop as an unplanned fault: `bit`, `recovering`, `healed-by-watchdog` or `failed` (R7.1). */
  readonly record: (record: FaultRecord) => void;
}

export interface Sighting {
  readonly role: string;
  /** `stopped`: it lives, and a signal keeps it from running. Starting it again would be a twin; it is continued. */
  readonly state: 'dead' | 'stopped';
}

/** Brings back what died or was stopped unasked, a role at a time and each by itself: a slow start keeps nobody else waiting. */
export interface Revival {
  /** The roles that do not run now. */
  observe(): Promise<Sighting[]>;
  /** Begins to bring these back as soon as their backoff allows; returns at once. */
  revive(sightings: readonly Sighting[]): void;
  /** Resolves when no start is under way. */
  settled(): Promise<void>;
}

/** Wait before the n-th start in a row; the last one repeats. A role that stays up for `steadyMs` begins anew. */
const backoffMs = [0, 200, 500, 1_000, 2_000, 5_000] as const;
const steadyMs = 30_000;
/** A database may have minutes of log to go through before it answers. */
const readyWithinMs = 600_000;

/** A role that is not as it should be, from when that was first seen until it is ready again. */
interface Case {
  readonly at: number;
  readonly state: Sighting['state'];
  /** Name of the unplanned fault. A successor that finds the same death gives it the same name. */
  readonly fault: string;
  attempts: number;
}

export function createRevival({ roles, processes, clock, report, record }: RevivalOptions): Revival {
  const cases = new Map<string, Case>();
  const pace = createPace(clock);
  const starting = new Map<string, Promise<void>>();

  const tell = (role: string, event: FaultRecord['event'], { at = clock.now(), detail }: Told): void => {
    const fault = cases.get(role)?.fault;
    if (fault !== undefined) record({ kind: 'fault', at, fault, event, detail, victim: role, unplanned: true });
  };

  const announce = (role: string, { at, state }: Case): void => {
    if (state === 'dead') report('unplanned-death', `${role} was found dead and no fault holds it down`);
    tell(role, 'bit', { at, detail: `${role} was found ${state} and no fault holds it down` });
    tell(role, 'recovering', { detail: `${role} is ${state === 'dead' ? 'started again' : 'continued'}` });
  };

  const bringBack = async (sighting: Sighting): Promise<void> => {
    const { role, state } = sighting;
    const known = cases.get(role);
    // It may have been brought back by whoever held it down, between the look at the process and the look at the leases.
    if (known === undefined && (await runs(processes, role))) return;
    const found = known ?? (await openCase(sighting, processes, clock.now()));
    cases.set(role, found);
    if (found.attempts === 0) announce(role, found);
    found.attempts += 1;
    const started = pace.begin(role);
    if (state === 'dead') await processes.start(role);
    else await processes.thaw(role);
    started();
    await seeReady(role, found);
  };

  /** A process that runs does not answer yet. When it dies again before it does, the case stays open for the next look. */
  const seeReady = async (role: string, { at, state, attempts }: Case): Promise<void> => {
    const end = await awaitEnd(processes, clock, role);
    if (end === 'down') return;
    const downMs = clock.now() - at;
    const back = state === 'dead' ? `start ${attempts} brought it back` : 'it was continued';
    if (end === 'ready') {
      if (state === 'dead') report('restarted', `${role} was down for ${downMs} ms; ${back}`);
      tell(role, 'healed-by-watchdog', { detail: `${role} is ready, ${downMs} ms after it was found; ${back}` });
    } else {
      tell(role, 'failed', { detail: `${role} runs and is not ready after ${downMs} ms` });
    }
    cases.delete(role);
  };

  return {
    async observe() {
      const states = await Promise.all(roles.map((role) => stateOf(processes, role)));
      return roles.flatMap((role, index) => {
        const state = states[index];
        return state === undefined ? [] : [{ role, state }];
      });
    },
    revive(sightings) {
      for (const sighting of sightings) {
        const { role } = sighting;
        if (starting.has(role) || !pace.isDue(role)) continue;
        // A failed start is tried again after its backoff: the role is still dead at the next look.
        const attempt = bringBack(sighting)
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

/** When a role may be started again. */
function createPace(clock: Clock): { isDue(role: string): boolean; begin(role: string): () => void } {
  const history = new Map<string, { starts: number; lastAt: number }>();
  const startsInARow = (role: string): number => {
    const earlier = history.get(role);
    return earlier === undefined || clock.now() - earlier.lastAt > steadyMs ? 0 : earlier.starts;
  };
  return {
    isDue(role) {
      const waitMs = backoffMs[Math.min(startsInARow(role), backoffMs.length - 1)] ?? 0;
      return clock.now() >= (history.get(role)?.lastAt ?? 0) + waitMs;
    },
    /** The wait counts from the beginning of a start that fails, and from the end of one that works. */
    begin(role) {
      const starts = startsInARow(role) + 1;
      history.set(role, { starts, lastAt: clock.now() });
      return () => history.set(role, { starts, lastAt: clock.now() });
    },
  };
}

async function openCase({ role, state }: Sighting, processes: Processes, at: number): Promise<Case> {
  const incarnation = await processes.incarnationOf(role);
  const fault = state === 'dead' ? `${role}-death-${incarnation}` : `${role}-stop-${at}`;
  return { at, state, fault, attempts: 0 };
}

/** What becomes of a process that was started or continued. */
async function awaitEnd(processes: Processes, clock: Clock, role: string): Promise<'ready' | 'down' | 'late'> {
  let end: 'ready' | 'down' | 'late' = 'late';
  const isOver = async (): Promise<boolean> => {
    if (!(await runs(processes, role))) end = 'down';
    else if (await processes.isReady(role)) end = 'ready';
    return end !== 'late';
  };
  await holdsWithin(clock, isOver, { withinMs: readyWithinMs });
  return end;
}

const runs = async (processes: Processes, role: string): Promise<boolean> =>
  (await stateOf(processes, role)) === undefined;

interface Told {
  readonly detail: string;
  readonly at?: number;
}

async function stateOf(processes: Processes, role: string): Promise<Sighting['state'] | undefined> {
  if (!(await processes.isAlive(role))) return 'dead';
  return (await processes.isStopped(role)) ? 'stopped' : undefined;
}
