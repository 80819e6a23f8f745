import { statfsSync } from 'node:fs';

const lookEveryMs = 2_000;
/** Left for the write-ahead log and for whoever has to clear up. */
const diskReserveBytes = 1024 ** 3;

/**
 * Ends work with an error named `SeedFailed` when the disk of a folder has less than the reserve left: a server whose disk is
 * full goes down and takes its log with it. `work` is given a signal that is aborted then, or with `signal`.
 */
export async function watchingDisk<T>(
  { folder, signal, reserveBytes = diskReserveBytes }: { folder: string; signal: AbortSignal; reserveBytes?: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const full = new AbortController();
  const look = (): void => {
    const free = freeBytes(folder);
    if (free >= reserveBytes) return;
    const inMib = (bytes: number): string => `${Math.floor(bytes / 1_048_576)} MiB`;
    const error = new Error(
      `the disk of ${folder} is nearly full: ${inMib(free)} are left, and ${inMib(reserveBytes)} are kept free; ` +
        'free some, or lower the scale. What was complete is kept, and seeding again goes on',
    );
    error.name = 'SeedFailed';
    full.abort(error);
  };
  look();
  const timer = setInterval(look, lookEveryMs);
  try {
    full.signal.throwIfAborted();
    return await work(AbortSignal.any([signal, full.signal]));
  } catch (error) {
    throw full.signal.aborted ? full.signal.reason : error;
  } finally {
    clearInterval(timer);
  }
}

/** Of a folder that may not be there yet: nothing is known, so nothing is wrong. */
function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}
