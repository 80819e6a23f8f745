import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ProcessRecord, type ProcessSpec } from '#model/stack.ts';
import { putBeside, readIfPresent, writeAtomic } from './atomic-file.ts';

/** Only the owner reads records: a spec's environment may hold secrets. */
const mode = 0o600;

/** The role's record; undefined when there is none, or when its file is none (`listUnreadable` names those). */
export function readRecord(folder: string, role: string): ProcessRecord | undefined {
  return parseRecord(recordFile(folder, role));
}

export function listRecords(folder: string): ProcessRecord[] {
  return recordFiles(folder).flatMap((path) => parseRecord(path) ?? []);
}

/**
 * Files in the place of a record that are none: torn, or somebody else's. They name nobody, so their roles count as dead, and
 * a process of such a role that lives all the same is found by its mark. They are kept: see `writeRecord`.
 */
export const listUnreadable = (folder: string): string[] =>
  recordFiles(folder).filter((path) => parseRecord(path) === undefined && readIfPresent(path) !== undefined);

/** Replaces the role's record. What stands there and is no record is put beside, never overwritten. */
export function writeRecord(folder: string, record: ProcessRecord): void {
  const path = recordFile(folder, record.role);
  if (parseRecord(path) === undefined) putBeside(path);
  writeAtomic(path, `${JSON.stringify(record, undefined, 2)}\n`, { mode });
}

function parseRecord(path: string): ProcessRecord | undefined {
  try {
    return ProcessRecord.parse(JSON.parse(readIfPresent(path) ?? 'null'));
  } catch {
    return undefined;
  }
}

export function removeRecord(folder: string, role: string): void {
  rmSync(recordFile(folder, role), { force: true });
}

/** How often a role was started; outlives its record, so that an incarnation is never counted twice. */
export function readStarts(folder: string, role: string): number {
  const starts = Number(readIfPresent(startsFile(folder, role)) ?? 0);
  return Number.isSafeInteger(starts) && starts > 0 ? starts : 0;
}

export function writeStarts(folder: string, role: string, starts: number): void {
  writeAtomic(startsFile(folder, role), `${starts}\n`);
}

/** What makes two specs the same process; how long one waits for it is no part of that. */
export function specHash({ command, args, env, cwd, runAs }: ProcessSpec): string {
  const sorted = Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([command, args, sorted, cwd, runAs ?? null]))
    .digest('hex')
    .slice(0, 16);
}

export const logFile = (folder: string, role: string): string => join(folder, `${role}.log`);
const recordFile = (folder: string, role: string): string => join(folder, `${role}.json`);
const startsFile = (folder: string, role: string): string => join(folder, `${role}.starts`);

const recordFiles = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => join(folder, name))
    : [];
