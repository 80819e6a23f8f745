import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from './atomic-file.ts';
import { logBytesMax } from './log-file.ts';

const chunkBytes = 1024 * 1024;
/** A copy grows with what is written meanwhile, to this many times what is to be kept. */
const copiedMax = 2;

export interface LogBound {
  /** A log that is larger is cut. */
  readonly bytesMax: number;
  /** Of what is cut, as much as this is kept in `<log>.1`; it replaces an older one. */
  readonly keptBytes: number;
}

const usual: LogBound = { bytesMax: logBytesMax, keptBytes: logBytesMax };

/**
 * Cuts every log of a process table's folder that has outgrown its bound, while its process goes on writing: the end of the
 * log is copied beside it, then the log is emptied. Logs are opened for appending, so their writers go on at the new end.
 * The first line of a log that was cut says how much went where. Gives back the names of the logs that were cut.
 */
export function boundLogs(folder: string, bound: LogBound = usual): string[] {
  return listLogs(folder).filter((name) => cut(join(folder, name), bound));
}

function listLogs(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.log'));
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return [];
    throw cause;
  }
}

function cut(path: string, { bytesMax, keptBytes }: LogBound): boolean {
  const log = openIfThere(path);
  if (log === undefined) return false;
  try {
    const { size } = fstatSync(log);
    if (size <= bytesMax) return false;
    const from = Math.max(0, size - keptBytes);
    const to = copyBeside(log, { from, to: from + keptBytes * copiedMax, path });
    // What is written between the last look and this call is lost: some microseconds' worth, which the note admits.
    ftruncateSync(log, 0);
    writeSync(log, note({ path, from, to }));
    return true;
  } finally {
    closeSync(log);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'a+');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw cause;
  }
}

/** Copies from `from` to the log's end, or to `to` when its writer is faster than we are; under another name until it is whole. */
function copyBeside(log: number, { from, to, path }: { from: number; to: number; path: string }): number {
  const aside = `${path}.1.partial`;
  const copy = openSync(aside, 'w', 0o600);
  const buffer = Buffer.alloc(chunkBytes);
  let at = from;
  try {
    while (at < to) {
      const read = readSync(log, buffer, 0, chunkBytes, at);
      if (read === 0) break;
      writeSync(copy, buffer, 0, read);
      at += read;
    }
  } finally {
    closeSync(copy);
  }
  renameSync(aside, `${path}.1`);
  return at;
}

const note = ({ path, from, to }: { path: string; from: number; to: number }): string =>
  `-- ${new Date().toISOString()} this log was cut: its bytes ${from} to ${to} are in ${path}.1; what was before them is gone, ` +
  'and so may be what was written in the instant of cutting\n';
