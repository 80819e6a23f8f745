import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** More files than a data directory of hundreds of gigabytes has. */
const filesMax = 200_000;

/** Bytes that a folder takes on disk; 0 when there is none. Files that vanish meanwhile count nothing. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  let files = 0;
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined && files < filesMax; next = pending.pop()) {
    files += 1;
    const stat = lstatSync(next, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    bytes += stat.blocks * 512;
    if (stat.isDirectory()) pending.push(...entriesOf(next));
  }
  return bytes;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    // Gone meanwhile, or not ours to read.
    return [];
  }
}
