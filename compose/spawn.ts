import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setPriority } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { type ProcessIdentity, type ProcessSpec } from '#model/stack.ts';
import { readIdentity } from './identity.ts';
import { openLog } from './log-file.ts';
import { markName } from './marks.ts';
import { findUser, isRoot } from './system-user.ts';

const systemPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * Starts a process that outlives us: a session of its own, its log for standard output and error, nothing inherited, and an
 * environment of the spec's making. The mark in that environment lets a successor find it should we die before it is recorded.
 */
export function spawnDetached(
  spec: ProcessSpec,
  log: string,
  mark: string,
): Promise<ProcessIdentity> | ProcessIdentity {
  const user = spec.runAs !== undefined && isRoot() ? findUser(spec.runAs) : undefined;
  const output = openLog(log);
  try {
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: {
        PATH: [dirname(spec.command), ...systemPath].join(delimiter),
        LANG: 'C.UTF-8',
        ...spec.env,
        [markName]: mark,
      },
      detached: true,
      stdio: ['ignore', output, output],
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    child.unref();
    if (child.pid === undefined) return failed(spec, child);
    child.on('error', () => undefined);
    if (spec.nice !== undefined) renice(child.pid, spec.nice);
    const identity = readIdentity(child.pid);
    if (identity === undefined) throw new Error(`${spec.role} (pid ${child.pid}) is not in /proc; is this Linux?`);
    return identity;
  } finally {
    closeSync(output);
  }
}

/** Only the privileged may raise a priority; for others the spec's niceness is a wish. */
function renice(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // Not permitted, or already gone: neither may keep the process from being recorded.
  }
}

function failed(spec: ProcessSpec, child: ReturnType<typeof spawn>): Promise<never> {
  return new Promise((_, reject) => {
    child.once('error', (cause) => {
      reject(new Error(`${spec.role} did not start: ${spec.command}: ${cause.message}`, { cause }));
    });
  });
}
