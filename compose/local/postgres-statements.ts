import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const library = 'pg_stat_statements';
/** Beside the programs: as Debian, as a build from source, and as Homebrew lay a server out. */
const libraryFiles = [`../lib/${library}.so`, `../lib/postgresql/${library}.so`, `../lib/postgresql/${library}.dylib`];

/**
 * Lets a server count its statements, where the library for it is installed: a server that is told to load what is not there
 * does not start. Utility statements are left out, because their texts keep the values that they were run with.
 */
export function statementSettings(postgres: string): Readonly<Record<string, string>> {
  const folder = dirname(realpathSync(postgres));
  if (!libraryFiles.some((file) => existsSync(join(folder, file)))) return {};
  return {
    shared_preload_libraries: library,
    [`${library}.max`]: '1000',
    [`${library}.track`]: 'top',
    [`${library}.track_utility`]: 'off',
    [`${library}.save`]: 'off',
  };
}
