import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { readIfPresent, writeAtomic } from '../atomic-file.ts';
import { folderBytes } from '../folder-bytes.ts';
import { measureMachine } from '../machine.ts';
import { dataFolderOf, type PostgresInstance } from '../postgres.ts';

/** A copy of the data directory of a stack's database while its server was down, kept beside it. */
export interface Snapshot {
  readonly name: string;
  readonly bytes: number;
  /** What the data set was made for, as text. */
  readonly population: string;
}

type Instance = Pick<PostgresInstance, 'folder' | 'runAs'>;

const populationName = 'population.json';
/** Left free for whatever else lives on the machine. */
const reserveBytes = 1024 ** 3;

const snapshotsFolder = (instance: Instance): string => join(dirname(dataFolderOf(instance)), 'snapshots');

export function listSnapshots(instance: Instance): Snapshot[] {
  const folder = snapshotsFolder(instance);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    // What a killed copy left bears another suffix and has no population: it is nobody's.
    const population = readIfPresent(join(folder, name, populationName));
    return population === undefined ? [] : [{ name, population, bytes: folderBytes(join(folder, name, 'pgdata')) }];
  });
}

/**
 * Copies the data of a server that is down; one of that name is replaced when the new one is whole. By reflinks where the file
 * system has them. Throws when the disk would be full.
 */
export async function saveSnapshot(instance: Instance, name: string, population: string): Promise<Snapshot> {
  const data = dataFolderOf(instance);
  const kept = join(snapshotsFolder(instance), name);
  const fresh = `${kept}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true, mode: 0o755 });
  await copyFolder(data, join(fresh, 'pgdata'));
  writeAtomic(join(fresh, populationName), population);
  rmSync(kept, { recursive: true, force: true });
  renameSync(fresh, kept);
  return { name, population, bytes: folderBytes(join(kept, 'pgdata')) };
}

/** The data of a server that is down become those of a snapshot, at once when the copy is whole. */
export async function restoreSnapshot(instance: Instance, name: string): Promise<void> {
  const data = dataFolderOf(instance);
  const fresh = `${data}.restored`;
  rmSync(fresh, { recursive: true, force: true });
  await copyFolder(join(snapshotsFolder(instance), name, 'pgdata'), fresh);
  rmSync(data, { recursive: true, force: true });
  renameSync(fresh, data);
}

export function removeSnapshot(instance: Instance, name: string): void {
  rmSync(join(snapshotsFolder(instance), name), { recursive: true, force: true });
}

async function copyFolder(from: string, to: string): Promise<void> {
  const needed = folderBytes(from) + reserveBytes;
  const { diskFreeBytes } = measureMachine(dirname(to));
  if (diskFreeBytes < needed) {
    const error = new Error(
      `a copy of ${from} and a reserve need ${inGib(needed)} of disk, and ${inGib(diskFreeBytes)} are free: free some, or remove a snapshot`,
    );
    error.name = 'NotUp';
    throw error;
  }
  await execa('cp', ['-a', '--reflink=auto', from, to], { stdin: 'ignore' });
}

const inGib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
