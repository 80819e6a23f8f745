import { readlinkSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessRecord } from '#model/stack.ts';
import { isErrno } from './atomic-file.ts';
import { type ProcessStat, isDead, isSame, listProcessStats } from './identity.ts';

const pollMs = 25;
const killWithinMs = 10_000;

/** Asks a process and its group to end, kills what is left after `stopWithinMs`, and returns when all are gone. */
export async function endProcess(record: ProcessRecord): Promise<void> {
  if (isSame(record)) {
    signalGroup(record, record.spec.stopSignal);
    // A stopped process would take the signal only when continued.
    signalGroup(record, 'SIGCONT');
    await until(() => !isSame(record), record.spec.stopWithinMs);
  }
  if (isSame(record)) signalGroup(record, 'SIGKILL');
  const isGone = await until(() => !isSame(record), killWithinMs);
  if (!isGone) throw new Error(`${record.role} (pid ${record.pid}) lives ${killWithinMs} ms after SIGKILL`);
  await endRemains(record);
}

/**
 * Kills what a dead process left behind: nginx's workers go on serving, and PostgreSQL's backends keep the next server out.
 */
export async function endRemains(record: ProcessRecord): Promise<void> {
  const remains = findRemains(record);
  for (const { pid } of remains) sendSignal(pid, 'SIGKILL');
  const isGone = await until(() => remains.every((stat) => !isSame(stat)), killWithinMs);
  if (!isGone) throw new Error(`${record.role} left processes behind that SIGKILL does not end`);
}

/** Sends a signal to a process and its group, when it is still the one that was recorded. */
export function signalGroup(record: ProcessRecord, signal: NodeJS.Signals): boolean {
  return isSame(record) && sendSignal(-record.pid, signal);
}

function findRemains(record: ProcessRecord): ProcessStat[] {
  const stats = listProcessStats();
  // A session's number is not given away while the session has members, unless a process of that pid exists.
  const isReused = stats.some(({ pid, startTicks }) => pid === record.pid && startTicks !== record.startTicks);
  return stats.filter((stat) => {
    if (isDead(stat) || stat.pid === record.pid || stat.startTicks < record.startTicks) return false;
    return (!isReused && stat.sessionId === record.pid) || isOrphanInFolder(record, stat);
  });
}

/**
 * PostgreSQL's backends each have a session of their own. A server whose working folder is named in its arguments owns that
 * folder, so an orphan of the same program in it is its own.
 */
function isOrphanInFolder({ spec }: ProcessRecord, stat: ProcessStat): boolean {
  if (!spec.args.includes(spec.cwd)) return false;
  try {
    return (
      readlinkSync(`/proc/${stat.pid}/cwd`) === realpathSync(spec.cwd) &&
      readlinkSync(`/proc/${stat.pid}/exe`) === realpathSync(spec.command)
    );
  } catch {
    // Gone, or another user's.
    return false;
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (cause) {
    if (isErrno(cause, 'ESRCH')) return false;
    throw cause;
  }
}

async function until(holds: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() >= deadline) return false;
    await sleep(pollMs);
  }
  return true;
}
