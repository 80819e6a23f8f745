import { join } from 'node:path';
import * as z from 'zod';
import { readIfPresent, writeAtomic } from './atomic-file.ts';

/** Raised when files of the state folder change in a way that an earlier version would misread. */
const layout = 1;

const StateFile = z.object({ layout: z.int().positive() });

/**
 * Why this version must not work in a state folder, with what to do; undefined when it may. A folder of an earlier layout, or
 * of none yet, is taken; one of a later layout is left exactly as it is.
 */
export function refuseStateFolder(stateFolder: string): string | undefined {
  const path = stateFile(stateFolder);
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  const found = parseJson(text);
  if (!found.success) {
    return `${path} cannot be read, so nobody knows which version made this folder: if it was this one, write {"layout":${layout}} into it; else take another SOAK_HOME`;
  }
  if (found.data.layout <= layout) return undefined;
  return `${path} says layout ${found.data.layout}, and this soakwave knows ${layout}: a newer one made this folder. Use that one, or take another SOAK_HOME; nothing was touched`;
}

/** Says which layout this folder has from now on. */
export function markStateFolder(stateFolder: string): void {
  const path = stateFile(stateFolder);
  if (readIfPresent(path) === undefined) writeAtomic(path, `${JSON.stringify({ layout })}\n`);
}

/** Whether a folder was marked as one of ours. */
export const isStateFolder = (stateFolder: string): boolean => readIfPresent(stateFile(stateFolder)) !== undefined;

const stateFile = (stateFolder: string): string => join(stateFolder, 'state.json');

function parseJson(text: string): ReturnType<typeof StateFile.safeParse> {
  try {
    return StateFile.safeParse(JSON.parse(text));
  } catch {
    return StateFile.safeParse(undefined);
  }
}
