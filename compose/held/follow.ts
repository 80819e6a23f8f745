import { setTimeout as sleep } from 'node:timers/promises';
import { type Desired, type Lease, heldPollMs } from '#model/held.ts';
import { readDesired, readLease } from './desired-file.ts';

/** Why a held process must end; `signal` is its own, all others come from the two files. */
export type HeldEnd = 'stop' | 'epoch' | 'run' | 'lease' | 'signal';

export interface Following<T> {
  readonly folder: string;
  /** What the process was started with. */
  readonly epoch: number;
  readonly runKey: string;
  readonly parse: (payload: unknown) => T;
  /** Called with the first orders, and again for each later revision. */
  readonly onOrders: (orders: T) => void | Promise<void>;
  readonly signal?: AbortSignal;
  /** Missing or unreadable files are borne for this long; 10 s unless said otherwise. */
  readonly toleranceMs?: number;
  readonly pollMs?: number;
  readonly now?: () => number;
}

const toleranceMsDefault = 10_000;

/**
 * Follows desired state and lease until the process must end, and says why. Needs no other process to be alive: when nobody
 * extends the lease, it lapses. Throws when orders are not what `parse` accepts.
 */
export async function followHeld<T>(following: Following<T>): Promise<HeldEnd> {
  const { signal, pollMs = heldPollMs, toleranceMs = toleranceMsDefault, now = Date.now } = following;
  const seen = { revision: -1, desiredAt: now(), leaseUntil: now() + toleranceMs };
  for (;;) {
    if (signal?.aborted === true) return 'signal';
    const desired = attempt(() => readDesired(following.folder));
    const lease = attempt(() => readLease(following.folder));
    const end = endOf(following, desired, lease);
    if (end !== undefined) return end;

    if (desired?.epoch === following.epoch) {
      seen.desiredAt = now();
      if (desired.revision > seen.revision) {
        seen.revision = desired.revision;
        await following.onOrders(parseOrders(following, desired));
      }
    }
    // A lease of an earlier epoch is as good as none: its holder has not heard of us yet.
    if (lease?.epoch === following.epoch) seen.leaseUntil = lease.leaseUntil;
    if (now() > seen.leaseUntil || now() > seen.desiredAt + toleranceMs) return 'lease';
    await pause(pollMs, signal);
  }
}

function endOf<T>(
  { runKey, epoch }: Following<T>,
  desired: Desired | undefined,
  lease: Lease | undefined,
): HeldEnd | undefined {
  if (desired !== undefined) {
    if (desired.runKey !== runKey) return 'run';
    if (desired.epoch > epoch) return 'epoch';
    if (desired.epoch === epoch && desired.stop) return 'stop';
  }
  return lease !== undefined && lease.epoch > epoch ? 'epoch' : undefined;
}

function parseOrders<T>({ folder, parse }: Following<T>, desired: Desired): T {
  try {
    return parse(desired.payload);
  } catch (cause) {
    throw new Error(`revision ${desired.revision} in ${folder} holds orders that this process does not take`, {
      cause,
    });
  }
}

/** A torn or missing file is no reason to drop load; its absence is bounded by `toleranceMs`. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Aborted: the loop says so.
  }
}
