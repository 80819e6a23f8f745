import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';

/** The rules of the house that no linter has. */

const home = fileURLToPath(new URL('..', import.meta.url));

const ignored = /^(node_modules|\.git|\.soak.*)$/;
function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (ignored.test(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [relative(home, path)];
  });
}

const files = walk(home);
const read = (file: string): string => readFileSync(join(home, file), 'utf8');
const textFiles = files.filter((file) => !/\.(png|log|tsbuildinfo)$/.test(file) && file !== 'package-lock.json');
const markdown = files.filter((file) => extname(file) === '.md');
const decisions = files.filter((file) => dirname(file) === join('docs', 'decisions')).sort();

/** `file:line: text` of every line that matches. */
function linesThatMatch(pattern: RegExp): string[] {
  return textFiles.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
}

describe('files', () => {
  const shouted = new Set(['README.md', 'LICENSE', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'Makefile']);

  it('are named in kebab-case', () => {
    const kebab = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
    expect(files.filter((file) => !kebab.test(basename(file)) && !shouted.has(basename(file)))).toEqual([]);
  });

  it('are named for the thing that they hold, not for being left over', () => {
    const vague = /^(utils?|helpers?|commons?|misc|shared|managers?|lib)\./;
    expect(files.filter((file) => vague.test(basename(file)))).toEqual([]);
  });

  it('are in a folder that docs/architecture.md explains', () => {
    const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0] ?? ''));
    const architecture = read('docs/architecture.md');
    expect([...folders].filter((folder) => !architecture.includes(`\`${folder}/\``))).toEqual([]);
  });

  it('put nothing off without an issue to find it by', () => {
    const words = ['TO' + 'DO', 'FIX' + 'ME', 'X'.repeat(3)].join('|');
    expect(linesThatMatch(new RegExp(`\\b(${words})\\b(?!\\(#\\d+\\))`))).toEqual([]);
  });

  it('name no folder of one machine and no package registry', () => {
    const folders = ['home', 'root', 'work', 'Users'].map((folder) => `/${folder}/`).join('|');
    expect(linesThatMatch(new RegExp(`(^|[\\s"'\`(=:])(file://)?(${folders})`))).toEqual([]);
    expect(linesThatMatch(/https?:\/\/[\w.-]*(registry|artifactory|nexus|verdaccio)[\w.-]*/)).toEqual([]);
  });
});

describe('documents', () => {
  it('link to files that are there', () => {
    const broken = markdown.flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(home, dirname(file), target)))
        .map((target) => `${file} → ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('number the decisions without a gap', () => {
    expect(decisions.map((file) => basename(file).slice(0, 5))).toEqual(
      decisions.map((_, index) => `${String(index + 1).padStart(4, '0')}-`),
    );
  });

  it('keep a decision to a page', () => {
    const lengths = decisions.map((file) => ({ file, words: read(file).split(/\s+/).length }));
    // The table of dependencies grows with what it lists.
    expect(lengths.filter(({ file, words }) => words > 700 && !file.includes('dependencies'))).toEqual([]);
  });
});

describe('packages', () => {
  const versions = z.record(z.string(), z.string()).default({});
  const Manifest = z.object({ dependencies: versions, devDependencies: versions });
  const LockedPackage = z.object({
    dependencies: versions,
    optionalDependencies: versions,
    resolved: z.string().optional(),
    link: z.boolean().optional(),
  });
  const Lock = z.object({ packages: z.record(z.string(), LockedPackage) });

  const { dependencies, devDependencies } = Manifest.parse(JSON.parse(read('package.json')));
  const direct = { ...dependencies, ...devDependencies };
  const { packages } = Lock.parse(JSON.parse(read('package-lock.json')));

  it('have each a sentence in docs/decisions/ that says why they are here', () => {
    const reasons = decisions.map(read).join('\n');
    expect(Object.keys(direct).filter((name) => !reasons.includes(`\`${name}\``))).toEqual([]);
  });

  it('are pinned to one version each, and those of Temporal to the same', () => {
    expect(Object.entries(direct).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    const temporal = Object.entries(direct).filter(([name]) => name.startsWith('@temporalio/'));
    expect(new Set(temporal.map(([, version]) => version)).size).toBe(1);
  });

  it('bring the major version of Node that .nvmrc names', () => {
    expect(dependencies['node']?.split('.')[0]).toBe(read('.nvmrc').trim());
  });

  it('come in the lock file from no registry in particular', () => {
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved?.includes('://'))).toEqual([]);
  });

  it('are all in the lock file, those of other platforms too: `npm ci` refuses one with holes', () => {
    const holes = Object.entries(packages).flatMap(([from, { dependencies: needed, optionalDependencies }]) =>
      Object.keys({ ...needed, ...optionalDependencies })
        .filter((name) => !resolves(from, name))
        .map((name) => `${from} → ${name}`),
    );
    expect(holes).toEqual([]);
  });

  /** As Node resolves: in the package's own node_modules, then in each one above. */
  function resolves(from: string, name: string): boolean {
    for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
      if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true;
      if (folder === '') return false;
    }
  }
});

describe('scripts', () => {
  it.each(['scripts/setup', 'scripts/soak', 'scripts/test', '.ci/run'])('%s can be executed', (file) => {
    expect(statSync(join(home, file)).mode & 0o111).not.toBe(0);
  });
});
