import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a worker is made from: the folders of the import law, below the command line. */
const folders = [
  ...['model', 'workflows', 'activities', 'workers', 'compose', 'targets', 'seeding', 'loadtest', 'mocks'],
  ...['telemetry', 'evidence', 'faults', 'verdict', 'reports'],
];
const isCode = (file: string): boolean => /\.(ts|sql)$/.test(file) && !file.endsWith('.test.ts');

/**
 * A short hash of the code that a worker started now would run, dependencies included. It is part of a worker's
 * specification, so that `soak up` knows a worker whose code is not what is here any more (R7.6).
 */
export const codeStamp = (home: string): string => stampOf(home, folders, ['package-lock.json']);

/** What a verdict comes from: other code than this gives the same verdict of the same evidence. */
const judging = ['model', 'evidence', 'verdict'];
const judgingFile = join('workers', 'wiring', 'verdict-reckoner.ts');

/** The same of the code that judges. A recomputed verdict that differs is explained by it, or is not. */
export const judgeStamp = (home: string): string => stampOf(home, judging, [judgingFile, 'package-lock.json']);

function stampOf(home: string, within: readonly string[], also: readonly string[]): string {
  const hash = createHash('sha256');
  const note = (file: string): void =>
    void hash
      .update(`${file}\0`)
      .update(readFileSync(join(home, file)))
      .update('\0');
  for (const folder of within) {
    const files = readdirSync(join(home, folder), { recursive: true, encoding: 'utf8' }).filter(isCode);
    for (const file of files.sort()) note(join(folder, file));
  }
  for (const file of also) note(file);
  return hash.digest('hex').slice(0, 12);
}
