import { existsSync, readdirSync } from 'node:fs';
import { steer } from '#compose/held/place.ts';
import { endOrphans, type Orphan, type OrphanSearch } from '#compose/orphans.ts';
import { advanceLease, isOpen, listLeases, readLease } from '#faults/lease-file.ts';
import type { RunRef } from '#model/activities.ts';
import type { FaultLease } from '#model/fault-plan.ts';
import type { Context } from './context.ts';
import { createNemesis } from './nemesis.ts';
import { createWatch } from './watch.ts';

/** What a run left behind that would be there for ever: nothing of it is wrong while the run goes on. */
export interface Leftovers {
  readonly runKey: string;
  readonly openFaults: readonly FaultLease[];
  /** Leases that are none, with the reason. */
  readonly unreadableFaults: readonly string[];
  /** Roles of held processes that live, as recorded. */
  readonly held: readonly string[];
  readonly orphans: readonly Orphan[];
  /** Segments that never came to the store. */
  readonly segments: number;
}

/** Undefined when there is nothing. Reads files only, so that thousands of finished runs cost little. */
export async function findLeftovers(
  context: Context,
  { runKey, orphans }: { runKey: string; orphans: readonly Orphan[] },
): Promise<Leftovers | undefined> {
  const places = context.runPlaces({ runKey });
  const openFaults: FaultLease[] = [];
  const unreadableFaults: string[] = [];
  for (const fault of await listLeases(places.faults)) {
    try {
      const lease = await readLease(places.faults, fault);
      if (lease !== undefined && isOpen(lease)) openFaults.push(lease);
    } catch (error) {
      unreadableFaults.push(messageOf(error));
    }
  }
  const hasHeld = existsSync(`${places.held}/processes`);
  const held = hasHeld
    ? context
        .heldTable({ runKey })
        .list()
        .flatMap(({ role, isAlive }) => (isAlive ? [role] : []))
    : [];
  const segments = existsSync(places.spool)
    ? readdirSync(places.spool).filter((name) => /[.]ndjson([.]part)?$/.test(name)).length
    : 0;
  const found = openFaults.length + unreadableFaults.length + held.length + orphans.length + segments;
  return found === 0 ? undefined : { runKey, openFaults, unreadableFaults, held, orphans, segments };
}

/**
 * Undoes the harm, ends what was held, stores what was spooled, of a run that is known to be over (R7.7). `mayTouchStack`: no
 * other run has the stack by now. Returns a line for each thing that was found, with what came of it; never throws.
 */
export async function clearLeftovers(
  context: Context,
  left: Leftovers,
  options: { mayTouchStack: boolean; search: OrphanSearch },
): Promise<string[]> {
  const owner: RunRef = { runKey: left.runKey, workflowId: '', planHash: '' };
  const told = left.unreadableFaults.map(
    (reason) => `${reason}; it was left as it is: move it away when its harm is undone`,
  );
  const attempt = async (what: string, work: () => Promise<string | undefined>): Promise<void> => {
    const came = await work().catch((error: unknown) => `not done: ${messageOf(error)}`);
    if (came !== undefined) told.push(`${what}: ${came}`);
  };
  for (const lease of left.openFaults) {
    const what = `fault ${lease.plan.fault} was left open (${lease.state})`;
    await attempt(what, () => closeFault(context, owner, { lease, mayTouchStack: options.mayTouchStack }));
  }
  if (left.held.length > 0) {
    await attempt(`${left.held.join(', ')} went on with nobody to hold them`, () => endHeld(context, owner));
  }
  for (const orphan of left.orphans) {
    const what = `${orphan.role} (pid ${orphan.pid}) lived without a record`;
    await attempt(what, async () => ((await endOrphans([orphan], options.search)).length > 0 ? 'ended' : undefined));
  }
  await attempt('evidence had not been stored', () => storeSpool(context, owner));
  return told.map((line) => `run ${left.runKey} is over; ${line}`);
}

async function closeFault(
  context: Context,
  run: RunRef,
  { lease, mayTouchStack }: { lease: FaultLease; mayTouchStack: boolean },
): Promise<string> {
  const { fault } = lease.plan;
  const folder = context.runPlaces(run).faults;
  const others = context
    .stackTable()
    .list()
    .filter(({ role }) => !lease.holdsDown.includes(role));
  const isStackWhole = others.length > 0 && others.every(({ isAlive }) => isAlive);
  if (mayTouchStack && isStackWhole) {
    const { healed } = await createNemesis(context).healAll(run);
    return healed.includes(fault) ? 'healed' : 'could not be healed; the next run starts that part anew';
  }
  // A stack that is down, or is another run's, was or will be started anew as a whole: the harm ended with its victim.
  const detail = mayTouchStack ? 'the stack went down with the harm' : 'the stack is another run’s by now';
  await advanceLease(folder, { kind: 'fault', at: Date.now(), fault, event: 'healed', detail });
  return `closed, because ${detail}`;
}

async function endHeld(context: Context, run: RunRef): Promise<string> {
  const table = context.heldTable(run);
  for (const { role, isAlive } of table.list()) {
    // Told before it is ended, so that nobody who comes late starts it again.
    if (isAlive) await steer({ folder: `${context.runPlaces(run).held}/${role}`, runKey: run.runKey, stop: true });
  }
  await createWatch(context).stop(run);
  for (const { role } of table.list()) await table.stop(role);
  return 'ended';
}

async function storeSpool(context: Context, run: RunRef): Promise<string | undefined> {
  const { batches } = await createWatch(context).collect(run, AbortSignal.timeout(120_000));
  return batches === 0 ? undefined : `${batches} batches stored`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
