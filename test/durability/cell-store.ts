import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import * as z from 'zod';

/** What came of one cell. */
export const CellResult = z.strictObject({
  cell: z.string(),
  passed: z.boolean(),
  /** Everything that differed from the twin and must not; empty when it passed. */
  problems: z.array(z.string()),
  /** When the kill came, in words. */
  landed: z.string(),
  /** From the kill until everything that was killed was there again; absent when nobody has to bring it back. */
  recoveredSeconds: z.number().optional(),
  /** How much longer the run took than its twin. */
  delaySeconds: z.number().optional(),
  /** What the run did not see or do, as its own result says. */
  notSeen: z.array(z.string()),
  elapsedSeconds: z.number(),
  at: z.iso.datetime(),
});
export type CellResult = z.infer<typeof CellResult>;

/** Results of one state of the source, so that a matrix that was interrupted goes on where it was. */
export interface CellStore {
  readonly treeHash: string;
  read(): Map<string, CellResult>;
  write(result: CellResult): void;
}

const product = [
  ...['model', 'workflows', 'activities', 'workers', 'cli', 'compose', 'targets', 'seeding', 'loadtest', 'mocks'],
  ...['telemetry', 'evidence', 'faults', 'verdict', 'reports', 'test/durability', 'test/stack/system.ts'],
  ...['scripts/kill-matrix.ts', 'package-lock.json'],
];

export async function openCellStore(home: string, machine: 'quiet' | 'busy'): Promise<CellStore> {
  const treeHash = await hashTree(home);
  const folder = join(home, 'node_modules', '.cache', 'kill-matrix', treeHash, machine);
  mkdirSync(folder, { recursive: true });
  return {
    treeHash,
    read() {
      const results = readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .map((file) => CellResult.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
      return new Map(results.map((result) => [result.cell, result]));
    },
    write(result) {
      const path = join(folder, `${result.cell.replaceAll('/', '.')}.json`);
      writeFileSync(`${path}.part`, JSON.stringify(result, null, 2));
      renameSync(`${path}.part`, path);
    },
  };
}

/** Of the files as they are, whether committed or not; unit tests and documents change no cell. */
async function hashTree(home: string): Promise<string> {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z', ...product];
  const { stdout } = await execa('git', args, { cwd: home });
  const hash = createHash('sha256');
  for (const file of stdout.split('\0').sort()) {
    if (file === '' || file.endsWith('.test.ts') || !existsSync(join(home, file))) continue;
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(home, file)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}
