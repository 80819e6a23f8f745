import { isSame, readProcessStat } from '#compose/identity.ts';
import type { ProcessTable } from '#compose/process-table.ts';
import { isReady } from '#compose/readiness.ts';
import type { Processes } from '#faults/fault.ts';

/** What faults and the watchdog may do to the stack, done on its process table. */
export function stackProcesses(table: ProcessTable): Processes {
  const recordOf = (role: string) => table.list().find((record) => record.role === role);
  const known = (role: string) => {
    const record = recordOf(role);
    if (record === undefined) throw new Error(`the stack has no ${role}`);
    return record;
  };
  return {
    kill(role) {
      table.signal(role, 'SIGKILL');
      return Promise.resolve();
    },
    freeze(role) {
      table.signal(role, 'SIGSTOP');
      return Promise.resolve();
    },
    thaw(role) {
      table.signal(role, 'SIGCONT');
      return Promise.resolve();
    },
    isStopped(role) {
      const record = recordOf(role);
      const isStopped = record !== undefined && isSame(record) && readProcessStat(record.pid)?.state === 'T';
      return Promise.resolve(isStopped);
    },
    incarnationOf: (role) => Promise.resolve(known(role).incarnation),
    isAlive: (role) => {
      const record = recordOf(role);
      return Promise.resolve(record !== undefined && isSame(record));
    },
    async start(role) {
      await table.launch(known(role).spec);
    },
    isReady: (role) => isReady(known(role).spec.ready),
  };
}
