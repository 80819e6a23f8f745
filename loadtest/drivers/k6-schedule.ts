/**
 * What is left of a plan's schedule, in k6's words. k6 imports this file too, as it is: it stands alone. Reckoned when k6 has
 * come so far, because how long that takes is the machine's affair, and the schedule is in absolute times.
 */
export interface K6Schedule {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly spawnRatePerSecond: number;
  readonly stages: readonly { readonly durationMs: number; readonly usersFrom: number; readonly usersTo: number }[];
}

export interface K6Stage {
  readonly duration: string;
  readonly target: number;
}

/** k6 may begin a little before it was reckoned to: its last users stay until the schedule has surely ended. */
const beyondMs = 1_000;

/** Before the start nobody is there. Who begins in mid-load comes to the users of that moment at the spawn rate. */
export function stagesFrom({ startsAt, endsAt, spawnRatePerSecond, stages }: K6Schedule, now: number): K6Stage[] {
  const from = Math.max(0, now - startsAt);
  const left: K6Stage[] = [];
  const add = (durationMs: number, target: number): void => {
    if (durationMs > 0) left.push({ duration: `${Math.ceil(durationMs)}ms`, target: Math.round(target) });
  };
  add(startsAt - now, 0);
  const present = usersAt(stages, from);
  const returnMs = from === 0 ? 0 : (present / spawnRatePerSecond) * 1_000;
  add(returnMs, present);
  let begins = 0;
  for (const { durationMs, usersTo } of stages) {
    const until = Math.min(begins + durationMs, endsAt - startsAt);
    add(until - Math.max(begins, from + returnMs), usersTo);
    begins += durationMs;
  }
  add(beyondMs, stages[stages.length - 1]?.usersTo ?? 0);
  return left;
}

function usersAt(stages: K6Schedule['stages'], offsetMs: number): number {
  let begins = 0;
  for (const { durationMs, usersFrom, usersTo } of stages) {
    const into = offsetMs - begins;
    if (into < durationMs) return usersFrom + (usersTo - usersFrom) * (into / durationMs);
    begins += durationMs;
  }
  return 0;
}
