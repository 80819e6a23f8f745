import { folderBytes } from '#compose/folder-bytes.ts';
import { measureMachine } from '#compose/machine.ts';
import { dataFolderOf } from '#compose/postgres.ts';
import { serverUser } from '#compose/system-user.ts';
import type { Machine } from '#model/machine.ts';
import type { Environment } from './environment.ts';
import { placesOf } from './places.ts';

/** The machine that a plan is held against. What the stack's own data take counts as free: a run reuses or replaces them. */
export function measurePlanned(environment: Environment): Machine {
  const data = dataFolderOf({ folder: placesOf(environment).stack, runAs: serverUser() });
  const { cores, memoryBytes, diskFreeBytes } = measureMachine(data);
  return { cores, memoryBytes, diskFreeBytes: diskFreeBytes + folderBytes(data) };
}
