const everyMsMin = 10_000;
const everyMsMax = 60_000;
/** So many times as long as a reading took, nothing is asked again. */
const restOfReading = 500;

/** How often to ask what takes a while: from every ten seconds, where it is answered at once, to once a minute. */
export interface Pace {
  readonly everyMs: number;
  /** Runs one reading, and goes by how long it took. */
  measure<T>(read: () => Promise<T>): Promise<T>;
}

export function createPace(now: () => number = () => performance.now()): Pace {
  let everyMs = everyMsMin;
  return {
    get everyMs() {
      return everyMs;
    },
    async measure(read) {
      const startedAt = now();
      try {
        return await read();
      } finally {
        everyMs = Math.min(everyMsMax, Math.max(everyMsMin, (now() - startedAt) * restOfReading));
      }
    },
  };
}
