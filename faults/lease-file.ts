import { link, mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FaultRecord, type faultEvents } from '#model/evidence.ts';
import { FaultLease } from '#model/fault-plan.ts';

type LeaseState = (typeof faultEvents)[number];

/**
 * The order in which a lease moves; it never moves back, so what is healed stays healed.
 * `failed` means given up for now: whoever comes later may still heal it.
 */
const rank: Readonly<Record<LeaseState, number>> = {
  'set-up': 0,
  injected: 1,
  bit: 2,
  recovering: 3,
  failed: 4,
  healed: 5,
  'healed-by-watchdog': 5,
  'cleaned-up': 6,
};

/** The harm may still be in place: nobody has recorded that it was undone. */
export const isOpen = (lease: FaultLease): boolean => rank[lease.state] < rank.healed;

/** When the lease entered a state, in ms since the epoch; undefined when it never did. */
export const enteredAt = (lease: FaultLease, state: LeaseState): number | undefined =>
  lease.history.find(({ event }) => event === state)?.at;

/** Stores a new lease durably, or returns the one that an earlier attempt stored. */
export async function storeLease(folder: string, lease: FaultLease): Promise<FaultLease> {
  await mkdir(folder, { recursive: true });
  if (await publish(folder, FaultLease.parse(lease))) return lease;
  const stored = await readLease(folder, lease.plan.fault);
  if (stored?.runKey === lease.runKey) return stored;
  throw new Error(`the lease of ${lease.plan.fault} in ${folder} belongs to run ${stored?.runKey ?? 'unknown'}`);
}

/**
 * Moves a lease to the state that `record` names, by compare-and-set: of two processes that try at once, one wins and the
 * other is told what the lease now is. `advanced` is false when the lease is already there or further.
 */
export async function advanceLease(
  folder: string,
  record: FaultRecord,
): Promise<{ advanced: boolean; lease: FaultLease }> {
  // Every lost round means that somebody else moved the lease forward, which can happen once a state.
  for (let round = 0; round <= Object.keys(rank).length; round += 1) {
    const lease = await readLease(folder, record.fault);
    if (lease === undefined) throw new Error(`there is no lease of ${record.fault} in ${folder}`);
    if (rank[lease.state] >= rank[record.event]) return { advanced: false, lease };
    const next: FaultLease = { ...lease, state: record.event, history: [...lease.history, record] };
    if (await publish(folder, next)) return { advanced: true, lease: next };
  }
  throw new Error(`the lease of ${record.fault} in ${folder} could not be moved to ${record.event}`);
}

/** The newest state of one lease; undefined when there is none. Throws when a file is not a lease. */
export async function readLease(folder: string, fault: string): Promise<FaultLease | undefined> {
  let newest = await readRevision(join(folder, `${fault}.json`));
  // `<fault>.json` may lag behind when a writer died, or was overtaken, between its two steps in `publish`.
  for (;;) {
    const next = await readRevision(join(folder, revisionName(fault, (newest?.history.length ?? 0) + 1)));
    if (next === undefined) return newest;
    newest = next;
  }
}

/** The names of all faults that have a lease in the folder, sorted; empty when there is no folder. */
export async function listLeases(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const faults = names.flatMap((name) => /^([a-z][a-z0-9-]*)\.(?:\d+\.)?json$/.exec(name)?.[1] ?? []);
  return [...new Set(faults)].sort();
}

const revisionName = (fault: string, revision: number): string => `${fault}.${revision}.json`;

let drafts = 0;

/**
 * Publishes one revision: the length of the history is its number. `link` creates the numbered name only if nobody has,
 * which is the compare-and-set; the rename then makes it the lease's plain name. False when the number was taken.
 */
async function publish(folder: string, lease: FaultLease): Promise<boolean> {
  const { fault } = lease.plan;
  drafts += 1;
  const draft = join(folder, `.${fault}.${process.pid}.${drafts}.draft`);
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(lease, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, join(folder, revisionName(fault, lease.history.length)));
  } catch (error) {
    await rm(draft, { force: true });
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
  await rename(draft, join(folder, `${fault}.json`));
  await syncFolder(folder);
  return true;
}

async function readRevision(path: string): Promise<FaultLease | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return FaultLease.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} is not a lease`, { cause });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
