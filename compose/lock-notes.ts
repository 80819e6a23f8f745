import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.ts';

/**
 * Takes away the notes of locks in a folder whose holders died without giving them back. The lock itself ended with its holder:
 * whoever gets it now may remove the note. Returns the paths that were locked.
 */
export async function clearLockNotes(folder: string): Promise<string[]> {
  const cleared: string[] = [];
  for (const name of namesIn(folder).filter((each) => each.endsWith('.lock'))) {
    const path = join(folder, name.slice(0, -'.lock'.length));
    // A lock that is held now is somebody's; its note is true.
    const isStale = await withLock(path, { waitMs: 0 }, () => true).catch(() => false);
    if (isStale) cleared.push(path);
  }
  return cleared;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
