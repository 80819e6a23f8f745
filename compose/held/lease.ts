import { readLease, writeLease } from './desired-file.ts';

/**
 * Lets a held process of this epoch run until `untilMs` (wall clock). False when a later epoch has the lease: the caller holds
 * nothing any more. Two holders of one epoch may both extend; the later time stands.
 */
export function extendLease(folder: string, epoch: number, untilMs: number): boolean {
  const present = readLease(folder);
  if (present !== undefined && present.epoch > epoch) return false;
  const standing = present?.epoch === epoch ? present.leaseUntil : 0;
  if (untilMs > standing) writeLease(folder, { epoch, leaseUntil: untilMs });
  return true;
}

/**
 * As above, but the lease ends at `untilMs` however long it was: where it must never reach beyond what its holder may promise.
 * Of two holders of one epoch the one that wrote last decides.
 */
export function setLease(folder: string, epoch: number, untilMs: number): boolean {
  const present = readLease(folder);
  if (present !== undefined && present.epoch > epoch) return false;
  writeLease(folder, { epoch, leaseUntil: untilMs });
  return true;
}
