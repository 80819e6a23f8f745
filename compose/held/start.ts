import { leaseMs } from '#model/held.ts';
import { type ProcessRecord, type ProcessSpec } from '#model/stack.ts';
import { withLock } from '../lock.ts';
import { specHash } from '../process-record.ts';
import { type ProcessTable } from '../process-table.ts';
import { heldLock, mendHeld, readDesired } from './desired-file.ts';
import { extendLease, setLease } from './lease.ts';
import { place } from './place.ts';

export interface HeldStart {
  readonly folder: string;
  readonly table: ProcessTable;
  /** The process of an epoch; the epoch is part of its arguments or environment, because it must follow no other. */
  readonly spec: (epoch: number) => ProcessSpec;
  readonly runKey: string;
  /** Its first orders. Orders of this run that stand already, and may have been steered since, win over them. */
  readonly payload: unknown;
  /** Length of the first lease; 5 min unless said otherwise. */
  readonly leaseMs?: number;
  /** End of the lease instead, also of an adopted process, which may have had a longer one. */
  readonly leaseUntil?: number;
  /** A process that is started has a higher epoch than this. */
  readonly epochFloor?: number;
  readonly now?: () => number;
  /** Told of each file that was spoilt and put beside. */
  readonly onMended?: (line: string) => void;
}

export interface HeldProcess {
  readonly record: ProcessRecord;
  readonly epoch: number;
  readonly adopted: boolean;
}

/**
 * Starts a held process, or adopts the one that runs. Adoption keeps the epoch; a start raises it under the same lock, so that
 * of two callers at once one starts and the other adopts (design §2). Either way the lease is extended before this returns.
 */
export async function startHeld(start: HeldStart): Promise<HeldProcess> {
  const { folder, table, now = Date.now } = start;
  const held = await withLock(heldLock(folder), { waitMs: 30_000 }, async () => {
    for (const line of mendHeld(folder)) start.onMended?.(line);
    const running = adoptable(start);
    const epoch = running?.epoch ?? raiseEpoch(start);
    if (start.leaseUntil === undefined) extendLease(folder, epoch, now() + (start.leaseMs ?? leaseMs));
    else setLease(folder, epoch, start.leaseUntil);
    if (running !== undefined) return { ...running, adopted: true };
    const { record } = await table.launch(start.spec(epoch));
    return { record, epoch, adopted: false };
  });
  await table.awaitReady(held.record);
  return held;
}

function adoptable({ folder, table, spec, runKey }: HeldStart): { record: ProcessRecord; epoch: number } | undefined {
  const desired = readDesired(folder);
  if (desired?.runKey !== runKey || desired.stop) return undefined;
  const wanted = spec(desired.epoch);
  const record = table.adopt(wanted.role);
  if (record === undefined) return undefined;
  if (specHash(record.spec) !== specHash(wanted)) return undefined;
  return { record, epoch: desired.epoch };
}

function raiseEpoch({ folder, runKey, payload, epochFloor }: HeldStart): number {
  const standing = readDesired(folder);
  const isSteered = standing?.runKey === runKey && !standing.stop;
  const orders = isSteered ? standing.payload : payload;
  return place({ folder, runKey, payload: orders, ...(epochFloor === undefined ? {} : { epochFloor }) }).epoch;
}

/** Makes a held folder readable again before it is asked anything; see `mendHeld`. */
export const mendHeldFolder = (folder: string): Promise<string[]> =>
  withLock(heldLock(folder), { waitMs: 30_000 }, () => mendHeld(folder));
