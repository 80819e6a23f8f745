import { readFileSync, readdirSync } from 'node:fs';
import { type ProcessIdentity } from '#model/stack.ts';

/** What one line of /proc/PID/stat says that we need. */
export interface ProcessStat extends ProcessIdentity {
  readonly command: string;
  /** One letter: R running, S sleeping, T stopped, Z zombie, X dead. */
  readonly state: string;
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
}

/** Identity of a process that has a pid now, zombies included; undefined when there is none. */
export function readIdentity(pid: number): ProcessIdentity | undefined {
  const stat = readProcessStat(pid);
  if (stat === undefined) return undefined;
  const bootId = readBootId();
  return { pid: stat.pid, startTicks: stat.startTicks, ...(bootId === undefined ? {} : { bootId }) };
}

/** True while the very process that was recorded lives: same boot, same pid, same start, not a zombie. */
export function isSame(identity: ProcessIdentity): boolean {
  if (identity.bootId !== undefined && identity.bootId !== readBootId()) return false;
  const stat = readProcessStat(identity.pid);
  return stat?.startTicks === identity.startTicks && !isDead(stat);
}

let bootId: string | undefined;

/** A random name of the machine's present life; undefined where the kernel does not tell. */
function readBootId(): string | undefined {
  try {
    bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Hidden in some containers: then pid and start time have to do.
  }
  return bootId;
}

export const isDead = (stat: ProcessStat): boolean => stat.state === 'Z' || stat.state === 'X';

/** Every process that this one can see; those that end meanwhile are left out. */
export function listProcessStats(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcessStat(Number(name)) ?? []);
}

export function readProcessStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // Gone, or going: /proc answers ENOENT or ESRCH.
    return undefined;
  }
}

/**
 * Parses one line of /proc/PID/stat. The command stands in parentheses and may hold any character, parentheses and spaces too.
 * @internal
 */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const match = /^(\d+) \((.*)\) (\S) (.*)$/s.exec(text.trim());
  if (match === null) return undefined;
  const [, pid, command = '', state = '', rest = ''] = match;
  // `rest` begins with field 4 of proc(5).
  const fields = rest.split(' ').map(Number);
  const [parentPid, groupId, sessionId] = fields;
  const startTicks = fields[22 - 4];
  if (parentPid === undefined || groupId === undefined || sessionId === undefined) return undefined;
  if (startTicks === undefined || !Number.isSafeInteger(startTicks)) return undefined;
  return { pid: Number(pid), command, state, parentPid, groupId, sessionId, startTicks };
}
