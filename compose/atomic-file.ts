import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

let writes = 0;

interface WriteOptions {
  /** Permission bits; 0644 unless said otherwise. */
  readonly mode?: number;
}

/** Replaces a file so that a reader sees the old text or the new one, and a machine that dies keeps one of them. */
export function writeAtomic(path: string, text: string, options: WriteOptions = {}): void {
  const fresh = writeBeside(path, text, options);
  renameSync(fresh, path);
  syncFolder(dirname(path));
}

/** Makes a file with its whole text at once; false when there is one already, which then stays as it is. */
export function createExclusive(path: string, text: string, options: WriteOptions = {}): boolean {
  const fresh = writeBeside(path, text, options);
  try {
    linkSync(fresh, path);
    return true;
  } catch (cause) {
    if (isErrno(cause, 'EEXIST')) return false;
    throw cause;
  } finally {
    rmSync(fresh, { force: true });
    syncFolder(dirname(path));
  }
}

/** Keeps a file that is not what it should be, under a name that nobody reads: `<path>.unreadable-<n>`; undefined when there is none. */
export function putBeside(path: string): string | undefined {
  for (let number = 1; existsSync(path); number += 1) {
    const beside = `${path}.unreadable-${number}`;
    if (existsSync(beside)) continue;
    renameSync(path, beside);
    return beside;
  }
  return undefined;
}

/** The text of a file, or undefined when there is none. */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw cause;
  }
}

export const isErrno = (cause: unknown, ...codes: readonly string[]): boolean =>
  cause instanceof Error && 'code' in cause && codes.includes(String(cause.code));

function writeBeside(path: string, text: string, { mode = 0o644 }: WriteOptions): string {
  mkdirSync(dirname(path), { recursive: true });
  writes += 1;
  const fresh = `${path}.${process.pid}-${writes}.new`;
  const file = openSync(fresh, 'w', mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return fresh;
}

/** A rename is only safe from a dying machine once its folder is on disk. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
