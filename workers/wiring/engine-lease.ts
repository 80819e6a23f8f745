import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Beat } from '#activities/heartbeat.ts';
import { readIfPresent, writeAtomic } from '#compose/atomic-file.ts';
import { heldLock } from '#compose/held/desired-file.ts';
import { extendLease, setLease } from '#compose/held/lease.ts';
import { withLock } from '#compose/lock.ts';
import { confirmedWithinMs, epochsPerPlacing, leaseMs, spreadLeaseMs } from '#model/held.ts';

/** What whoever holds an engine may promise it. */
export interface EngineLease {
  /** Resolves when an engine may be started or adopted now; rejects when that is another's to do by now. */
  ready(): Promise<void>;
  /** Of the process to start or adopt. */
  startOptions(): { leaseUntil?: number; epochFloor?: number };
  /** Whether an engine that died may be started again at this moment. */
  mayStart(): boolean;
  /** Called often; extends as far as may be. Throws when another may have the shard by now. */
  extend(epoch: number): void;
}

const everyMs = 2_000;
const confirmEveryMs = 1_000;
const readyWithinMs = 15_000;
const askAgainMs = 500;

/**
 * The lease of a shard's engine. While one host drives all load it is five minutes. With a `placing`, it reaches no further than
 * what Temporal has confirmed: that no other host was given the shard, at a moment that is known (`model/held.ts`). Rejects when
 * a later placing was seen here.
 */
export async function takeLease(
  folder: string,
  { placing, beat }: { placing: number | undefined; beat: Beat },
): Promise<EngineLease> {
  const newest = await notePlacing(folder, placing ?? 0);
  if (newest > (placing ?? 0)) throw lateFor(folder, newest);
  return placing === undefined ? longLease(folder) : confirmedLease(folder, { placing, beat });
}

function longLease(folder: string): EngineLease {
  let extendedAt = 0;
  return {
    ready: () => Promise.resolve(),
    startOptions: () => ({}),
    mayStart: () => true,
    extend(epoch) {
      if (Date.now() - extendedAt < everyMs) return;
      const newest = readPlacing(folder);
      if (newest > 0) throw lateFor(folder, newest);
      extendLease(folder, epoch, Date.now() + leaseMs);
      extendedAt = Date.now();
    },
  };
}

function confirmedLease(folder: string, { placing, beat }: { placing: number; beat: Beat }): EngineLease {
  const confirmation = createConfirmation(beat);
  const isConfirmed = (): boolean => Date.now() - confirmation.at() <= confirmedWithinMs;
  let grantedFor = 0;
  return {
    async ready() {
      const deadline = Date.now() + readyWithinMs;
      while (!isConfirmed()) {
        beat.signal.throwIfAborted();
        if (Date.now() > deadline) throw new Error('Temporal does not confirm that this host has the shard');
        confirmation.ask();
        await sleep(askAgainMs / 5, undefined, { signal: beat.signal });
      }
    },
    startOptions: () => ({ leaseUntil: confirmation.at() + spreadLeaseMs, epochFloor: placing * epochsPerPlacing }),
    mayStart: isConfirmed,
    extend(epoch) {
      confirmation.ask();
      const newest = readPlacing(folder);
      if (newest > placing) throw lateFor(folder, newest);
      if (!isConfirmed() || confirmation.at() === grantedFor) return;
      grantedFor = confirmation.at();
      setLease(folder, epoch, grantedFor + spreadLeaseMs);
    },
  };
}

/** Asks Temporal once a second, at most one question at a time. What was confirmed holds for the moment of the asking. */
function createConfirmation(beat: Beat): { ask(): void; at(): number } {
  let confirmedAt = -Infinity;
  let askedAt = -Infinity;
  let isAsking = false;
  let over: Error | undefined;

  async function confirm(): Promise<void> {
    const at = Date.now();
    askedAt = at;
    isAsking = true;
    try {
      await beat.confirm();
      confirmedAt = at;
    } catch (error) {
      // Anything else is an outage: the lease is not extended while it lasts.
      if (error instanceof Error && error.name === 'AttemptOver') over = error;
    } finally {
      isAsking = false;
    }
  }

  return {
    ask() {
      if (over !== undefined) throw over;
      const everyAskMs = Date.now() - confirmedAt > confirmedWithinMs ? askAgainMs : confirmEveryMs;
      if (!isAsking && Date.now() - askedAt >= everyAskMs) void confirm();
    },
    at: () => confirmedAt,
  };
}

const placingFile = (folder: string): string => join(folder, 'placing');
const readPlacing = (folder: string): number => Number(readIfPresent(placingFile(folder)) ?? 0);

/** The newest placing that was seen here, this one included. It outlives whoever saw it: what comes late finds it. */
const notePlacing = (folder: string, placing: number): Promise<number> =>
  withLock(heldLock(folder), { waitMs: 30_000 }, () => {
    const newest = Math.max(readPlacing(folder), placing);
    if (newest > readPlacing(folder)) writeAtomic(placingFile(folder), `${newest}\n`);
    return newest;
  });

function lateFor(folder: string, newest: number): Error {
  const error = new Error(`the shard of ${folder} was placed again (${newest}) since: this request comes too late`);
  error.name = 'EngineFailed';
  return error;
}
