/** How many virtual users a tool had, from what it told now and then. */
export interface Presence {
  add(at: number, users: number): void;
  /** Mean over the second that begins at `from`. */
  meanOver(from: number): number;
  latest(): number;
  /** The tool is gone: nobody is there any more. */
  end(at: number): void;
  /** Forgets what is older than `at`, but for what still holds then. */
  forget(at: number): void;
}

/** A tool that has said nothing for so long has nobody there, for all we know. */
const staleMs = 3_000;

/**
 * `backMs`: a tool that counts once in a while says with its first count what held for so long before, too.
 */
export function createPresence(backMs: number): Presence {
  let samples: { at: number; users: number }[] = [];
  const holdsUntil = (index: number): number => {
    const next = samples[index + 1]?.at ?? Infinity;
    return Math.min(next, (samples[index]?.at ?? 0) + staleMs);
  };
  return {
    add(at, users) {
      const last = samples.at(-1);
      if (last === undefined && backMs > 0) samples.push({ at: at - backMs, users });
      // Clocks of two processes may differ by a tick: time never goes back here.
      samples.push({ at: Math.max(at, last?.at ?? at), users });
    },
    meanOver(from) {
      const to = from + 1_000;
      const userMs = samples.reduce((sum, { at, users }, index) => {
        const heldMs = Math.min(to, holdsUntil(index)) - Math.max(from, at);
        return sum + Math.max(0, heldMs) * users;
      }, 0);
      return userMs / 1_000;
    },
    latest: () => samples.at(-1)?.users ?? 0,
    end(at) {
      if (samples.length > 0) samples.push({ at: Math.max(at, samples.at(-1)?.at ?? at), users: 0 });
    },
    forget(at) {
      const first = samples.findLastIndex((sample) => sample.at <= at);
      if (first > 0) samples = samples.slice(first);
    },
  };
}
