import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { releaseClaim, type StackClaim } from '#compose/claim.ts';
import { clearLockNotes } from '#compose/lock-notes.ts';
import { withLock } from '#compose/lock.ts';
import { endOrphans, findOrphans, type Orphan, type OrphanSearch } from '#compose/orphans.ts';
import { listUnreadable } from '#compose/process-record.ts';
import type { Context } from './context.ts';
import { journalFindings } from './janitor-journal.ts';
import { takeStateFolder } from './readiness.ts';
import { type Fate, fateOf } from './run-fate.ts';
import { clearLeftovers, findLeftovers } from './run-leftovers.ts';
import { lockFoldersOf, repointLatest, serversOf, tablesOf } from './state-tour.ts';
import { healHalfMade, readClaimOrTell } from './stack-leftovers.ts';
import type { TemporalClient } from './temporal.ts';

const sweepWaitMs = 240_000;

/**
 * Finds what deaths left behind and heals it (R7.7): what terminated runs held, harm, orphans, claims, half-made stacks. Each
 * finding is one line, told and kept; when there is nothing it is silent. It touches no run that Temporal says goes on, or of
 * which Temporal cannot tell; no process but those that carry this state folder's mark or are its own server in its own folder;
 * and it deletes no file that somebody might want to read.
 */
export interface Janitor {
  /** Before anything is started; asks no server. Throws `NotUp` when a newer version made this state folder. */
  beforeStart(): Promise<string[]>;
  /** Once Temporal and the store answer. `taker`: a run that has just been given the stack and has done nothing yet. */
  sweep(options?: { taker?: string }): Promise<string[]>;
  /** After everything was stopped: whatever of ours lives all the same is ended. Returns the roles. */
  endStragglers(): Promise<string[]>;
}

export function createJanitor(context: Context, connect: () => Promise<TemporalClient>): Janitor {
  const { environment, places } = context;
  const folder = environment.stateFolder;
  const search = () => ({ folder, servers: serversOf(context) });
  const orphansNow = (): Orphan[] => (existsSync(folder) ? findOrphans(search()) : []);
  const tell = (lines: string[]): string[] => {
    for (const line of lines) context.log.warn({ janitor: true }, line);
    journalFindings(folder, lines);
    return lines;
  };
  return {
    async beforeStart() {
      takeStateFolder(folder);
      const kept = [places.workers, join(places.base, 'processes')];
      const lost = orphansNow().filter(({ table }) => isOneOf(kept, table));
      const ended = await endOrphans(lost, search());
      return tell([...unreadableRecords(context), ...ended.map(describeOrphan), ...(await clearNotes(context))]);
    },
    sweep: (options = {}) =>
      withLock(join(folder, 'janitor'), { waitMs: sweepWaitMs }, async () => {
        const fates = createFates(context, connect);
        const { claim, unreadable } = readClaimOrTell(places.stack);
        const stack = { claim, fate: claim === undefined ? 'over' : await fates(claim.runKey, claim), ...options };
        const orphans = orphansNow();
        const lines = [
          ...unreadable,
          ...(await sweepRuns(context, { orphans, search: search(), fates, stack })),
          ...(unreadable.length > 0 ? [] : await sweepStack(context, { orphans, search: search(), stack })),
          ...repointLatest(places.runs),
        ];
        return tell(lines);
      }),
    async endStragglers() {
      const ended = await endOrphans(orphansNow(), search());
      return [...new Set(ended.map(({ role }) => role))];
    },
  };
}

interface StackState {
  readonly claim: StackClaim | undefined;
  /** Of the run that has the claim; `over` when nobody has. */
  readonly fate: Fate;
  readonly taker?: string;
}

interface Sweep {
  readonly orphans: readonly Orphan[];
  readonly search: OrphanSearch;
  readonly stack: StackState;
}

type Fates = (runKey: string, known?: { workflowId: string }) => Promise<Fate>;

/** Asks once a run. Which workflow a run was is in the evidence store; a run that is not there is left alone. */
function createFates(context: Context, connect: () => Promise<TemporalClient>): Fates {
  const asked = new Map<string, Promise<Fate>>();
  const ask = async (runKey: string, known?: { workflowId: string }): Promise<Fate> => {
    const owner = known ?? (await context.store.readPlan(runKey).catch(() => undefined));
    return owner === undefined ? 'unknown' : fateOf(connect, { workflowId: owner.workflowId, runKey });
  };
  return (runKey, known) => {
    const fate = asked.get(runKey) ?? ask(runKey, known);
    asked.set(runKey, fate);
    return fate;
  };
}

async function sweepRuns(context: Context, { fates, ...sweep }: Sweep & { fates: Fates }): Promise<string[]> {
  const { runs } = context.places;
  if (!existsSync(runs)) return [];
  const lines: string[] = [];
  const { claim, fate, taker } = sweep.stack;
  for (const runKey of readdirSync(runs).filter((name) => /^[A-Za-z0-9-]+$/.test(name) && name !== 'latest')) {
    const table = join(runs, runKey, 'held', 'processes');
    const orphans = sweep.orphans.filter((orphan) => isOneOf([table], orphan.table));
    const left = await findLeftovers(context, { runKey, orphans });
    if (left === undefined || (await fates(runKey)) !== 'over') continue;
    const mayTouchStack = claim === undefined || fate === 'over' || claim.runKey === taker;
    lines.push(...(await clearLeftovers(context, left, { mayTouchStack, search: sweep.search })));
  }
  return lines;
}

async function sweepStack(context: Context, { orphans, search, stack }: Sweep): Promise<string[]> {
  const { claim, fate, taker } = stack;
  const isTakers = claim !== undefined && claim.runKey === taker;
  if (fate !== 'over' && !isTakers) return [];
  const lines: string[] = [];
  const lost = orphans.filter(({ table }) => isOneOf([join(context.places.stack, 'processes')], table));
  const ended = await endOrphans(lost, search);
  lines.push(...ended.map(describeOrphan));
  lines.push(...healHalfMade(context));
  if (claim !== undefined && !isTakers && (await releaseClaim(context.places.stack, claim.runKey))) {
    lines.push(`the stack was still claimed by ${claim.workflowId} (run ${claim.runKey}), which is over: given back`);
  }
  return lines;
}

const describeOrphan = ({ role, pid }: Orphan): string => `${role} (pid ${pid}) lived without a record: ended`;

function unreadableRecords(context: Context): string[] {
  return tablesOf(context)
    .flatMap(listUnreadable)
    .map(
      (path) =>
        `${path} is no process record: its role counts as dead; the file is kept, as .unreadable, when it is replaced`,
    );
}

async function clearNotes(context: Context): Promise<string[]> {
  const cleared: string[] = [];
  for (const folder of lockFoldersOf(context)) cleared.push(...(await clearLockNotes(folder)));
  if (cleared.length === 0) return [];
  return [`${cleared.length} notes of locks whose holders had died, such as ${cleared[0] ?? ''}.lock: removed`];
}

const isOneOf = (folders: readonly string[], table: string): boolean =>
  folders.some((folder) => existsSync(folder) && realpathSync(folder) === table);
