/** Time as this folder sees it; tests hand in their own. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch: leases outlive processes, so a monotonic clock would not do. */
  now(): number;
  /** Resolves after `durationMs`, or at once when `signal` is aborted; never rejects. */
  pause(durationMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  pause: (durationMs, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, durationMs);
      signal?.addEventListener('abort', end);
    }),
};

const pollMs = 50;

/** Observes until `holds` is true; false when it was not within `withinMs` or the signal was aborted first. */
export async function holdsWithin(
  clock: Clock,
  holds: () => Promise<boolean>,
  { withinMs, signal }: { withinMs: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const until = clock.now() + withinMs;
  for (;;) {
    if (await holds()) return true;
    if (clock.now() >= until || signal?.aborted === true) return false;
    await clock.pause(pollMs, signal);
  }
}
