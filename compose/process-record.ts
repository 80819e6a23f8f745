import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ProcessRecord, type ProcessSpec } from '#model/stack.ts';
import { readIfPresent, writeAtomic } from './atomic-file.ts';

/** Only the owner reads records: a spec's environment may hold secrets. */
const mode = 0o600;

export function readRecord(folder: string, role: string): ProcessRecord | undefined {
  const path = recordFile(folder, role);
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return ProcessRecord.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} is not a process record; if its process is gone, delete the file`, { cause });
  }
}

export function listRecords(folder: string): ProcessRecord[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => readRecord(folder, name.slice(0, -'.json'.length)) ?? []);
}

export function writeRecord(folder: string, record: ProcessRecord): void {
  writeAtomic(recordFile(folder, record.role), `${JSON.stringify(record, undefined, 2)}\n`, { mode });
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
