import { join } from 'node:path';
import * as z from 'zod';
import { readIfPresent, writeAtomic } from '#compose/atomic-file.ts';

const linesMax = 100;

const JournalLine = z.strictObject({ at: z.iso.datetime(), found: z.string() });
type JournalLine = z.infer<typeof JournalLine>;

/** Keeps what the janitor found and did, the newest hundred lines, for whoever asks later. */
export function journalFindings(stateFolder: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const at = new Date().toISOString();
  const all = [...readFindings(stateFolder), ...lines.map((found) => ({ at, found }))];
  writeAtomic(journalFile(stateFolder), all.slice(-linesMax).map(asLine).join(''));
}

/** Oldest first; a line that is none is passed over. */
export function readFindings(stateFolder: string): JournalLine[] {
  const lines = (readIfPresent(journalFile(stateFolder)) ?? '').split('\n');
  return lines.flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): JournalLine | undefined {
  try {
    return JournalLine.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

const asLine = (line: JournalLine): string => `${JSON.stringify(line)}\n`;
const journalFile = (stateFolder: string): string => join(stateFolder, 'janitor.ndjson');
