import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { createExclusive, readIfPresent, writeAtomic } from './atomic-file.ts';
import { withLock } from './lock.ts';

/** Who has the stack (R7.8). Void only when released, or when Temporal says that the owner's chain is closed or unknown. */
export const StackClaim = z.strictObject({
  runKey: z.string(),
  workflowId: z.string(),
  namespace: z.string(),
  at: z.iso.datetime(),
});
export type StackClaim = z.infer<typeof StackClaim>;

export type ClaimTaken = { readonly taken: true } | { readonly taken: false; readonly owner: StackClaim };

/** Takes the stack for a run; a run that has it already keeps it. There is no expiry. */
export async function takeClaim(stackFolder: string, claim: StackClaim): Promise<ClaimTaken> {
  return locked(stackFolder, () => {
    if (createExclusive(claimFile(stackFolder), asText(claim))) return { taken: true };
    const owner = readClaim(stackFolder);
    if (owner === undefined || owner.runKey === claim.runKey) return { taken: true };
    return { taken: false, owner };
  });
}

/** Who has the stack now. Throws when the file is not a claim: then nobody may guess. */
export function readClaim(stackFolder: string): StackClaim | undefined {
  const text = readIfPresent(claimFile(stackFolder));
  if (text === undefined) return undefined;
  try {
    return StackClaim.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(
      `${claimFile(stackFolder)} is not a stack claim, so nobody knows which run has the stack: ` +
        'when no run goes on (`soak list`), move it away',
      { cause },
    );
  }
}

/** Gives the stack back; false when this run did not have it. */
export async function releaseClaim(stackFolder: string, runKey: string): Promise<boolean> {
  return locked(stackFolder, () => {
    if (readClaim(stackFolder)?.runKey !== runKey) return false;
    rmSync(claimFile(stackFolder));
    return true;
  });
}

/** Takes the stack from an owner whose chain is known to be closed; false when somebody else has it by now. */
export async function replaceClaim(stackFolder: string, oldRunKey: string, claim: StackClaim): Promise<boolean> {
  return locked(stackFolder, () => {
    const owner = readClaim(stackFolder);
    if (owner !== undefined && owner.runKey !== oldRunKey && owner.runKey !== claim.runKey) return false;
    writeAtomic(claimFile(stackFolder), asText(claim));
    return true;
  });
}

const locked = <T>(stackFolder: string, work: () => T): Promise<T> => withLock(claimFile(stackFolder), {}, work);
const claimFile = (stackFolder: string): string => join(stackFolder, 'claim.json');
const asText = (claim: StackClaim): string => `${JSON.stringify(claim)}\n`;
