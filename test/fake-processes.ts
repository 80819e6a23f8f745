import type { Clock } from '#faults/clock.ts';
import type { Processes } from '#faults/fault.ts';

/** Time moves only in pauses; `during` runs in each of them, so that two processes can be played against each other. */
export function fakeClock(): Clock & { during: () => Promise<void>; pass(durationMs: number): void } {
  let now = 1_000_000;
  const clock = {
    now: () => now,
    pass: (durationMs: number) => {
      now += durationMs;
    },
    during: () => Promise.resolve(),
    pause: async (durationMs: number, signal?: AbortSignal) => {
      if (signal?.aborted === true) return;
      now += durationMs;
      await clock.during();
    },
  };
  return clock;
}

export interface FakeProcesses extends Processes {
  readonly down: Set<string>;
  readonly stopped: Set<string>;
  /** Roles that cannot be started. */
  readonly broken: Set<string>;
  /** Roles that run and answer nobody. */
  readonly unready: Set<string>;
  readonly log: string[];
}

/** Processes that die when they are killed and are ready as soon as they are started. */
export function fakeProcesses(...roles: string[]): FakeProcesses {
  const [down, stopped, broken, unready] = [new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>()];
  const incarnations = new Map(roles.map((role) => [role, 1]));
  const log: string[] = [];
  const isAlive = (role: string): boolean => !down.has(role);
  return {
    ...{ down, stopped, broken, unready, log },
    kill: (role) => {
      if (!roles.includes(role)) throw new Error(`no role ${role}`);
      if (isAlive(role)) log.push(`kill ${role}`);
      down.add(role);
      stopped.delete(role);
      return Promise.resolve();
    },
    freeze: (role) => {
      if (isAlive(role)) stopped.add(role);
      log.push(`freeze ${role}`);
      return Promise.resolve();
    },
    thaw: (role) => {
      if (stopped.delete(role)) log.push(`thaw ${role}`);
      return Promise.resolve();
    },
    isAlive: (role) => Promise.resolve(isAlive(role)),
    isStopped: (role) => Promise.resolve(stopped.has(role)),
    incarnationOf: (role) => Promise.resolve(incarnations.get(role) ?? 0),
    isReady: (role) => Promise.resolve(isAlive(role) && !stopped.has(role) && !unready.has(role)),
    start: (role) => {
      if (broken.has(role)) return Promise.reject(new Error(`${role} does not start`));
      if (down.delete(role)) {
        log.push(`start ${role}`);
        incarnations.set(role, (incarnations.get(role) ?? 0) + 1);
      }
      return Promise.resolve();
    },
  };
}
