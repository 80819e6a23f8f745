import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessSpec } from '#model/stack.ts';
import { isErrno } from './atomic-file.ts';
import { type ProcessStat, isSame, listProcessStats } from './identity.ts';
import { withLock } from './lock.ts';
import { findInFolder, listMarked } from './marks.ts';
import { listRecords } from './process-record.ts';

/** A server of ours that may have wiped its mark, known by its program in its own folder. */
export interface FolderServer extends Pick<ProcessSpec, 'role' | 'command' | 'cwd'> {
  /** Folder of its process table. */
  readonly table: string;
}

/** Where to look. */
export interface OrphanSearch {
  /** The state folder: what carries the mark of a table below it is ours. */
  readonly folder: string;
  readonly servers: readonly FolderServer[];
}

/** A process that is provably ours and that no record names, whoever lost it. */
export interface Orphan extends ProcessStat {
  readonly role: string;
  /** Real path of the folder of the process table that it was started from. */
  readonly table: string;
}

const lockMs = 2_000;
const askedMs = 10_000;
const killedMs = 10_000;
const pollMs = 25;

/**
 * Processes that live without a record: what carries the mark of a table below this folder, or is one of `servers` in its own
 * folder. What lives below a recorded process is that one's business; this process and those above it are never among them.
 */
export function findOrphans({ folder, servers }: OrphanSearch): Orphan[] {
  const root = realpathSync(folder);
  const marked = listMarked(root).map(({ mark, ...stat }): Orphan => ({ ...stat, role: mark.role, table: mark.table }));
  const inFolder = servers
    .filter(({ table }) => existsSync(table))
    .flatMap(({ table, ...server }) =>
      findInFolder(server).map((stat): Orphan => ({ ...stat, role: server.role, table: realpathSync(table) })),
    );
  const suspects = new Map([...inFolder, ...marked].map((orphan) => [orphan.pid, orphan]));
  if (suspects.size === 0) return [];
  const stats = new Map(listProcessStats().map((stat) => [stat.pid, stat]));
  const tables = new Set([...suspects.values()].map(({ table }) => table));
  const recorded = new Set(
    [...tables].flatMap((table) =>
      listRecords(table)
        .filter(isSame)
        .map(({ pid }) => pid),
    ),
  );
  const mine = new Set(ancestry(process.pid, stats));
  return [...suspects.values()].filter(({ pid, sessionId }) => {
    if (mine.has(pid) || recorded.has(sessionId)) return false;
    return !ancestry(pid, stats).some((above) => recorded.has(above));
  });
}

/**
 * Ends orphans gracefully, then by force. Each under its role's lock and after another look: whoever is about to record it wins.
 * Returns those that are gone.
 */
export async function endOrphans(orphans: readonly Orphan[], search: OrphanSearch): Promise<Orphan[]> {
  const ended: Orphan[] = [];
  // Leaders first: what they started mostly ends with them.
  const ordered = [...orphans].sort((a, b) => Number(b.pid === b.sessionId) - Number(a.pid === a.sessionId));
  for (const orphan of ordered) {
    const isGone = await withLock(join(orphan.table, orphan.role), { waitMs: lockMs }, async () => {
      if (!isSame(orphan)) return true;
      const isStillLost = findOrphans(search).some(({ pid }) => pid === orphan.pid);
      return isStillLost && (await end(orphan));
    }).catch(() => false);
    if (isGone) ended.push(orphan);
  }
  return ended;
}

async function end(orphan: Orphan): Promise<boolean> {
  // PostgreSQL takes SIGTERM for "when the last client has gone"; SIGINT ends it now, and safely.
  send(orphan, orphan.command === 'postgres' ? 'SIGINT' : 'SIGTERM');
  send(orphan, 'SIGCONT');
  if (await until(() => !isSame(orphan), askedMs)) return true;
  send(orphan, 'SIGKILL');
  return until(() => !isSame(orphan), killedMs);
}

function send({ pid, sessionId }: Orphan, signal: NodeJS.Signals): void {
  try {
    process.kill(pid === sessionId ? -pid : pid, signal);
  } catch (cause) {
    if (!isErrno(cause, 'ESRCH')) throw cause;
  }
}

function ancestry(pid: number, stats: ReadonlyMap<number, ProcessStat>): number[] {
  const line: number[] = [];
  for (let at = stats.get(pid); at !== undefined && line.length < stats.size; at = stats.get(at.parentPid)) {
    line.push(at.pid);
  }
  return line;
}

async function until(holds: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() >= deadline) return false;
    await sleep(pollMs);
  }
  return true;
}
