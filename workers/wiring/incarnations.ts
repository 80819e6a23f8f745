import { createProcessTable } from '#compose/process-table.ts';
import type { Incarnation } from '#model/stack.ts';

/** Every living process of these process tables, read anew at each call. */
export const incarnationsOf = (tableFolders: readonly string[]) => (): Incarnation[] =>
  tableFolders
    .flatMap((folder) => createProcessTable(folder).list())
    .filter(({ isAlive }) => isAlive)
    .map(({ role, incarnation, pid, startTicks }) => ({ role, incarnation, pid, startTicks }));
