import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredVerdict } from '#evidence/verdict-table.ts';
import type { JudgeRequest } from '#model/activities.ts';
import { canonicalJson } from '#model/canonical-json.ts';
import type { Verdict } from '#model/verdict.ts';
import { judgeStamp } from './code-stamp.ts';
import type { Context } from './context.ts';

/** A verdict as it is compared: as JSON has it, in canonical form. */
export const verdictText = (verdict: Verdict): string => canonicalJson(JSON.parse(JSON.stringify(verdict)));

/** Keeps a verdict and what it was judged by in the store, so that anybody can judge again from there (R6.5). */
export async function keepVerdict(
  { store, environment }: Pick<Context, 'store' | 'environment'>,
  request: JudgeRequest,
  verdict: Verdict,
): Promise<void> {
  await store.saveVerdict({
    runKey: request.runKey,
    basis: canonicalJson(JSON.parse(JSON.stringify(request))),
    verdict: verdictText(verdict),
    ...judgeHere(environment.home),
    judgedAt: Date.now(),
  });
}

/** Which code judges here. */
export const judgeHere = (home: string): Pick<StoredVerdict, 'judgeCode' | 'version'> => ({
  judgeCode: judgeStamp(home),
  version: versionOf(home),
});

export function versionOf(home: string): string {
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}
