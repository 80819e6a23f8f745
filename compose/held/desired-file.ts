import { join } from 'node:path';
import type * as z from 'zod';
import { Desired, Lease } from '#model/held.ts';
import { putBeside, readIfPresent, writeAtomic } from '../atomic-file.ts';

/** The desired state of a held process; undefined when there is none yet. Throws when the file is not one. */
export const readDesired = (folder: string): Desired | undefined => read(desiredFile(folder), Desired);

export const readLease = (folder: string): Lease | undefined => read(leaseFile(folder), Lease);

/** Called under the folder's lock only. Throws rather than let (epoch, revision) fall: a follower would wait for ever. */
export function writeDesired(folder: string, desired: Desired): void {
  const present = readDesired(folder);
  if (present !== undefined && !isLater(desired, present)) {
    throw new Error(
      `${desiredFile(folder)} is at epoch ${present.epoch}, revision ${present.revision}; ` +
        `epoch ${desired.epoch}, revision ${desired.revision} does not come after it`,
    );
  }
  // Orders may name secret files, never hold secrets; still nobody else has a use for them.
  writeAtomic(desiredFile(folder), `${JSON.stringify(desired)}\n`, { mode: 0o600 });
}

export function writeLease(folder: string, lease: Lease): void {
  writeAtomic(leaseFile(folder), `${JSON.stringify(lease)}\n`, { mode: 0o600 });
}

/**
 * Puts beside what cannot be read, so that the folder can be held again; called under its lock. Of a lost desired.json the lease
 * tells the epoch, which is never behind a living process, and the other way round; with both lost nobody knows it, and a person
 * is asked. Returns a line for each file, and nothing when all is well.
 */
export function mendHeld(folder: string): string[] {
  const desired = isUnreadable(() => readDesired(folder));
  const lease = isUnreadable(() => readLease(folder));
  if (desired && lease) {
    throw new Error(
      `neither ${desiredFile(folder)} nor ${leaseFile(folder)} can be read, so nobody knows which process it is that lives: ` +
        'wait 10 s, until whatever lives there has ended by itself, then move both away',
    );
  }
  if (desired)
    return [`${desiredFile(folder)} could not be read and is kept as ${putBeside(desiredFile(folder)) ?? ''}`];
  if (lease) {
    return [`${leaseFile(folder)} could not be read and is kept as ${putBeside(leaseFile(folder)) ?? ''}`];
  }
  return [];
}

function isUnreadable(readFile: () => unknown): boolean {
  try {
    readFile();
    return false;
  } catch {
    return true;
  }
}

/** The path whose lock guards desired.json. */
export const heldLock = (folder: string): string => join(folder, 'held');

const isLater = (next: Desired, present: Desired): boolean =>
  next.epoch > present.epoch || (next.epoch === present.epoch && next.revision > present.revision);

function read<T>(path: string, schema: z.ZodType<T>): T | undefined {
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} cannot be read; the next start of its process puts it beside`, { cause });
  }
}

const desiredFile = (folder: string): string => join(folder, 'desired.json');
const leaseFile = (folder: string): string => join(folder, 'lease.json');
