import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { type ProcessSpec } from '#model/stack.ts';
import { type ProcessStat, isDead, listProcessStats } from './identity.ts';

// Without our settings' prefix `SOAK_`: a process that knows every setting must not take this for one.
export const markName = 'SOAKWAVE_PROCESS';

/** What the environment of a process says about who it is: enough to find it when its record is lost. */
export interface Mark {
  /** Real path of the process table's folder: it names the state folder, and so the system, that the process is part of. */
  readonly table: string;
  readonly role: string;
  readonly incarnation: number;
  readonly specHash: string;
}

export interface MarkedProcess extends ProcessStat {
  readonly mark: Mark;
}

export const writeMark = ({ table, role, incarnation, specHash }: Mark): string =>
  [table, role, incarnation, specHash].join('|');

/**
 * Living processes whose mark names a table at or below a folder, their children too, which inherit it. nginx and Redis write
 * over their environment to show a title: they are found by their folder only (`findInFolder`).
 */
export function listMarked(folder: string): MarkedProcess[] {
  return listProcessStats().flatMap((stat) => {
    const mark = isDead(stat) ? undefined : readMark(stat.pid);
    return mark !== undefined && isAtOrBelow(folder, mark.table) ? [{ ...stat, mark }] : [];
  });
}

/** The newest process that leads its session and carries the mark of a role: what a table started, not what that started. */
export function findMarked(table: string, role: string): MarkedProcess | undefined {
  const leaders = listMarked(table).filter(({ mark, pid, sessionId }) => mark.role === role && pid === sessionId);
  return leaders.sort((a, b) => b.mark.incarnation - a.mark.incarnation || b.startTicks - a.startTicks)[0];
}

/** Living processes of one program in one working folder. */
export function findInFolder({ command, cwd }: Pick<ProcessSpec, 'command' | 'cwd'>): ProcessStat[] {
  const [program, folder] = [realPathOf(command), realPathOf(cwd)];
  if (program === undefined || folder === undefined) return [];
  return listProcessStats().filter((stat) => {
    if (isDead(stat)) return false;
    return linkOf(stat.pid, 'cwd') === folder && linkOf(stat.pid, 'exe') === program;
  });
}

function readMark(pid: number): Mark | undefined {
  const prefix = `${markName}=`;
  const entry = readEnvironment(pid).find((each) => each.startsWith(prefix));
  const [table, role, incarnation, specHash] = entry?.slice(prefix.length).split('|') ?? [];
  if (table === undefined || role === undefined || specHash === undefined) return undefined;
  return { table, role, incarnation: Number(incarnation), specHash };
}

const isAtOrBelow = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}/`);

function readEnvironment(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    // Gone, a zombie, or another user's.
    return [];
  }
}

function linkOf(pid: number, name: 'cwd' | 'exe'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    // Gone, or another user's.
    return undefined;
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
