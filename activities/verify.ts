import type { RunRef, Verification, VerifyActivities } from '#model/activities.ts';
import { type Beat, beating } from './heartbeat.ts';

export interface Verifier {
  /** `unheard`: hosts whose engines wrote what nobody here knows. */
  verify(run: RunRef, unheard: readonly string[], beat: Beat): Promise<Verification>;
}

const namesMax = 10;
const cut = (names: readonly string[]): string[] =>
  names.length <= namesMax ? [...names] : [...names.slice(0, namesMax), `and ${names.length - namesMax} more`];

/** Reads back, then removes what the load left, each removal recorded like any write: a second delivery goes on from there. */
export function createVerifyActivities(verifier: Verifier): VerifyActivities {
  return {
    async verify({ unheard = [], ...run }) {
      const found = await beating((beat) => verifier.verify(run, unheard, beat));
      return {
        ...found,
        lost: cut(found.lost),
        resurrected: cut(found.resurrected),
        scopeDifferences: cut(found.scopeDifferences),
        seedDifferences: cut(found.seedDifferences),
      };
    },
  };
}
