import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** A checkout of its own, to be changed as a deploy changes one. */
export interface CopiedTree {
  readonly home: string;
  /** Replaces one text of one file, which must be there, once or more. */
  edit(file: string, from: string | RegExp, to: string): void;
  /** Makes a file what it was. */
  restore(file: string): void;
  remove(): void;
}

const leftOut = ['node_modules', '.git', '.soak'];

export function copyTree(): CopiedTree {
  const source = process.cwd();
  const home = mkdtempSync(join(tmpdir(), 'soakwave-tree-'));
  cpSync(source, home, { recursive: true, filter: (path) => !leftOut.includes(basename(path)) });
  symlinkSync(join(source, 'node_modules'), join(home, 'node_modules'));
  const originals = new Map<string, string>();
  return {
    home,
    edit(file, from, to) {
      const path = join(home, file);
      const text = readFileSync(path, 'utf8');
      if (!originals.has(file)) originals.set(file, text);
      const edited = text.replace(from, to);
      if (edited === text) throw new Error(`${file} does not hold ${String(from)}`);
      writeFileSync(path, edited);
    },
    restore(file) {
      writeFileSync(join(home, file), originals.get(file) ?? readFileSync(join(home, file)));
    },
    remove() {
      rmSync(home, { recursive: true, force: true });
    },
  };
}
