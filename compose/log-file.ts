import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

export const logBytesMax = 16 * 1024 * 1024;
const tailBytes = 16 * 1024;

/** Opens a process's log for appending; one that has grown past 16 MB is first put aside as `.1`, replacing an older one. */
export function openLog(path: string): number {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > logBytesMax) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

/** The last lines of a log, at most 16 KB of it; empty when there is no log. */
export function tailLog(path: string, lines: number): string[] {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return [];
  const file = openSync(path, 'r');
  try {
    const size = fstatSync(file).size;
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines);
  } finally {
    closeSync(file);
  }
}
