import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

export type BinaryName =
  'postgres' | 'redis-server' | 'nginx' | 'prometheus' | 'temporal' | 'npm' | 'chromium' | 'locust' | 'k6';

/** Where programs are looked for. */
export interface BinarySearch {
  /** Folders of PATH, in order. */
  readonly searchPath: readonly string[];
  /** Where the set-up keeps what it fetched, `$XDG_CACHE_HOME/soakwave/bin`; searched last. */
  readonly cacheFolder: string;
}

/** A program's other names and how it tells its version. */
const programs: Readonly<Record<BinaryName, { aliases?: readonly string[]; versionArgs: readonly string[] }>> = {
  postgres: { versionArgs: ['--version'] },
  'redis-server': { aliases: ['valkey-server'], versionArgs: ['--version'] },
  nginx: { versionArgs: ['-v'] },
  prometheus: { versionArgs: ['--version'] },
  temporal: { versionArgs: ['--version'] },
  npm: { versionArgs: ['--version'] },
  chromium: { aliases: ['chromium-browser', 'google-chrome', 'google-chrome-stable'], versionArgs: ['--version'] },
  locust: { versionArgs: ['--version'] },
  k6: { versionArgs: ['version'] },
};

const postgresHome = '/usr/lib/postgresql';
const systemFolders = ['/usr/sbin', '/usr/local/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/opt/homebrew/bin'];

/** Full path of a program: PATH, then where Debian hides servers, then the cache; undefined when it is in none. */
export function findBinary(name: BinaryName, search: BinarySearch): string | undefined {
  // Debian's postgres has its tools beside it, which the links that some put on PATH do not.
  const folders = [
    ...(name === 'postgres' ? postgresFolders() : []),
    ...search.searchPath,
    ...systemFolders,
    search.cacheFolder,
    // Python's packages live in an environment of their own, beside the programs that the set-up fetched.
    ...(name === 'locust' ? [join(search.cacheFolder, '..', 'locust', 'bin')] : []),
  ];
  for (const each of [name, ...(programs[name].aliases ?? [])]) {
    const found = folders.map((folder) => join(folder, each)).find(isProgram);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** As `findBinary`, but it has to be there. Throws a message that says what to do. */
export function requireBinary(name: BinaryName, search: BinarySearch): string {
  const path = findBinary(name, search);
  if (path === undefined)
    throw new Error(`${name} was not found; \`make setup\` installs it, \`soak doctor\` says more`);
  return path;
}

/** The version that a program tells, as digits and dots; undefined when it tells none within 10 s. */
export async function readVersion(name: BinaryName, path: string): Promise<string | undefined> {
  const { all } = await execa(path, programs[name].versionArgs, {
    all: true,
    reject: false,
    timeout: 10_000,
    stdin: 'ignore',
  });
  return parseVersion(all);
}

/** The first thing in a text that looks like a version; `redis-server` says more than one. */
export const parseVersion = (text: string): string | undefined => /\d+(?:\.\d+)+/.exec(text)?.[0];

/** Compares versions number by number; what is not there counts as 0. */
export function isAtLeast(version: string, minimum: string): boolean {
  const numbers = version.split('.').map(Number);
  for (const [index, wanted] of minimum.split('.').map(Number).entries()) {
    const present = numbers[index] ?? 0;
    if (present !== wanted) return present > wanted;
  }
  return true;
}

/** The latest major version first. */
function postgresFolders(): string[] {
  try {
    return readdirSync(postgresHome)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(postgresHome, version, 'bin'));
  } catch {
    // Not a Debian.
    return [];
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
