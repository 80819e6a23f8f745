import { type Desired } from '#model/held.ts';
import { withLock } from '../lock.ts';
import { heldLock, readDesired, readLease, writeDesired } from './desired-file.ts';

export interface Placement {
  /** `runs/<runKey>/held/<name>`: the folder of the two files. */
  readonly folder: string;
  readonly runKey: string;
  readonly payload: unknown;
  /** The new epoch is higher than this; 0 unless said otherwise. */
  readonly epochFloor?: number;
}

/**
 * Raises the epoch: whatever follows this folder ends, and the next process to start obeys these orders. The caller has the
 * folder's lock, because what it starts belongs to this epoch.
 */
export function place({ folder, runKey, payload, epochFloor = 0 }: Placement): Desired {
  // The lease is extended before a process starts, so it knows the epoch of whatever lives, should the orders be lost.
  const epoch = Math.max(epochFloor, readDesired(folder)?.epoch ?? 0, readLease(folder)?.epoch ?? 0) + 1;
  const desired = { runKey, epoch, revision: 0, stop: false, payload };
  writeDesired(folder, desired);
  return desired;
}

export type Steering =
  | { readonly folder: string; readonly runKey: string; readonly payload: unknown }
  | { readonly folder: string; readonly runKey: string; readonly stop: true };

/**
 * Gives a held process new orders, or tells it to stop, within its epoch. `stop` is final: what comes after it is ignored, and
 * stopping twice is once. Undefined when the folder has no orders of this run: there is nothing to steer.
 */
export async function steer(steering: Steering): Promise<Desired | undefined> {
  const { folder, runKey } = steering;
  return withLock(heldLock(folder), {}, () => {
    const present = readDesired(folder);
    if (present?.runKey !== runKey) return undefined;
    if (present.stop) return present;
    const change = 'stop' in steering ? { stop: true } : { payload: steering.payload };
    const desired = { ...present, ...change, revision: present.revision + 1 };
    writeDesired(folder, desired);
    return desired;
  });
}
