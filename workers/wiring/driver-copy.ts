import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { writeAtomic } from '#compose/atomic-file.ts';
import type { DriverKind, LoadDriver } from '#model/load-driver.ts';
import { driverFolder } from './places.ts';

export const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The name holds the hash: a plan that stands finds its own text, whatever became of the original. */
function copyName({ kind, file, sha256 }: Pick<LoadDriver, 'kind' | 'file' | 'sha256'>): string {
  return `${kind}_${sha256.slice(0, 16)}${extensionOf(kind, extname(file))}`;
}

/**
 * A scenario is an ES module whatever package.json there is above it, and JavaScript too is read as TypeScript, which says
 * the line of a mistake. k6 goes by the extension.
 */
function extensionOf(kind: DriverKind, given: string): string {
  if (kind === 'scenario') return '.mts';
  return kind === 'locust' ? '.py' : given === '.ts' ? '.ts' : '.js';
}

/** Writes the text beside the plan, readable for nobody else; the folder is made. */
export function keepCopy(
  runFolder: string,
  driver: Pick<LoadDriver, 'kind' | 'file' | 'sha256'>,
  text: string,
): string {
  const folder = driverFolder(runFolder);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, copyName(driver));
  writeAtomic(path, text, { mode: 0o600 });
  return path;
}

/** Path of the copy. Throws when it is not there, or not the text that the plan was made of. */
export function copyOf(runFolder: string, driver: LoadDriver): string {
  const path = join(driverFolder(runFolder), copyName(driver));
  const text = readFileSync(path, 'utf8');
  if (sha256Of(text) === driver.sha256) return path;
  throw new Error(`${path} is not the file that the plan was made of`);
}
