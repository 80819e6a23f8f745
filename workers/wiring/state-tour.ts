import { existsSync, readdirSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type BinaryName, findBinary } from '#compose/binaries.ts';
import type { FolderServer } from '#compose/orphans.ts';
import { dataFolderOf } from '#compose/postgres.ts';
import { serverUser } from '#compose/system-user.ts';
import type { Context } from './context.ts';

/** Servers that may have wiped the mark from their environment, or forked from one that did. */
export function serversOf({ environment, places }: Context): FolderServer[] {
  const stack = join(places.stack, 'processes');
  const base = join(places.base, 'processes');
  const runAs = serverUser();
  const wanted: (Omit<FolderServer, 'command'> & { readonly program: BinaryName })[] = [
    { role: 'nginx', program: 'nginx', cwd: join(places.stack, 'nginx'), table: stack },
    { role: 'redis', program: 'redis-server', cwd: join(places.stack, 'redis'), table: stack },
    { role: 'postgres', program: 'postgres', cwd: dataFolderOf({ folder: places.stack, runAs }), table: stack },
    {
      ...{ role: 'evidence', program: 'postgres', table: base },
      cwd: dataFolderOf({ folder: join(places.base, 'evidence'), runAs }),
    },
  ];
  return wanted.flatMap(({ program, ...server }) => {
    const command = findBinary(program, environment);
    return command === undefined ? [] : [{ ...server, command }];
  });
}

/** Every process table of the state folder. */
export const tablesOf = (context: Context): string[] => [
  context.places.workers,
  join(context.places.base, 'processes'),
  join(context.places.stack, 'processes'),
  ...heldOf(context).map((held) => join(held, 'processes')),
];

/** Every folder in which locks are noted. */
export const lockFoldersOf = (context: Context): string[] => [
  ...tablesOf(context),
  context.environment.stateFolder,
  context.places.stack,
  join(context.places.base, 'evidence'),
  ...heldOf(context).flatMap((held) => foldersIn(held)),
];

const heldOf = ({ places }: Context): string[] => foldersIn(places.runs).map((run) => join(run, 'held'));

/** The folders in a folder, links left out. */
const foldersIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(folder, name))
    : [];

/** `runs/latest` names the newest run that has a report; one that points nowhere is turned to it, or taken away. */
export function repointLatest(runs: string): string[] {
  const link = join(runs, 'latest');
  const target = linkOf(link);
  if (target === undefined || existsSync(link)) return [];
  const newest = readdirSync(runs)
    .map((name) => ({ name, at: statSync(join(runs, name, 'report.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .filter(({ name, at }) => at > 0 && name !== 'latest')
    .sort((a, b) => b.at - a.at)[0]?.name;
  const aside = join(runs, `.latest-${process.pid}`);
  rmSync(aside, { force: true });
  if (newest === undefined) {
    rmSync(link, { force: true });
    return [`runs/latest pointed to ${target}, which is not there: removed`];
  }
  symlinkSync(newest, aside);
  renameSync(aside, link);
  return [`runs/latest pointed to ${target}, which is not there: it is ${newest} now`];
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
