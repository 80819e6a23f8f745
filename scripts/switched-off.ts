import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import * as z from 'zod';
import { createProcessTable } from '#compose/process-table.ts';
import { copyTree } from '../test/stack/copied-tree.ts';
import { isShown, type Outcome, renderSwitchedOff } from '../test/switched-off/page.ts';
import { type Switch, switches } from '../test/switched-off/switches.ts';

/** Shows that the tests of the durability promises see when a mechanism is off: each fails then, and passes otherwise. */

const usage = `make switched-off [PROMISE='janitor']   or   scripts/switched-off.ts [flags]
  --only <text>   switches of the promise that begins with this; the page is written when all were asked for
  --list          name the switches, and end
`;

const home = fileURLToPath(new URL('..', import.meta.url));
process.chdir(home);
const page = 'docs/testing/switched-off.md';
/** A test that waits for what never comes is ended after this. */
const testWithinMs = 900_000;

const Results = z.object({
  testResults: z.array(z.object({ assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })) })),
});

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string', default: '' }, list: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const asked = switches.filter(({ promise }) => promise.startsWith(values.only));
  if (values.help || asked.length === 0) {
    process.stdout.write(usage);
    return values.help ? 0 : 64;
  }
  if (values.list) {
    for (const { promise, without } of asked) process.stdout.write(`${promise}: ${without}\n`);
    return 0;
  }
  const outcomes: Outcome[] = [];
  for (const each of asked) {
    const outcome = await carryOut(each);
    outcomes.push(outcome);
    const told = `passed with it ${outcome.passedWith}, failed without it ${outcome.failedWithout.length}`;
    process.stdout.write(`${isShown(outcome) ? '✓' : '✗'} ${each.promise}: ${each.without}: ${told}\n`);
  }
  if (asked.length === switches.length) {
    const { stdout: commit } = await execa('git', ['rev-parse', '--short', 'HEAD']);
    writeFileSync(page, renderSwitchedOff(outcomes, { at: new Date(), commit }));
    await execa('prettier', ['--write', page], { preferLocal: true });
    process.stdout.write(`${page} is written\n`);
  }
  return outcomes.every(isShown) ? 0 : 1;
}

async function carryOut(each: Switch): Promise<Outcome> {
  const begun = Date.now();
  const tree = copyTree();
  try {
    const before = await runTest(tree.home, each);
    tree.edit(each.file, each.from, each.to);
    const after = await runTest(tree.home, each);
    const passedWith = before.failed.length === 0 ? before.passed : 0;
    return { switch: each, passedWith, failedWithout: after.failed, elapsedMs: Date.now() - begun };
  } finally {
    tree.remove();
  }
}

async function runTest(cwd: string, { test }: Switch): Promise<{ passed: number; failed: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'soakwave-switch-'));
  const results = join(folder, 'results.json');
  const named = test.name === undefined ? [] : ['-t', `^${escapeRegExp(test.name)}`];
  const args = ['run', '--project', test.project, test.file, ...named, '--reporter=json', `--outputFile=${results}`];
  try {
    const ended = await execa('vitest', args, {
      ...{ cwd, reject: false, timeout: testWithinMs, forceKillAfterDelay: 60_000 },
      ...{ preferLocal: true, localDir: home, env: { TMPDIR: folder } },
    });
    await takeDown(folder);
    if (ended.timedOut) return { passed: 0, failed: [`${test.file} did not end`] };
    const { testResults } = Results.parse(JSON.parse(readFileSync(results, 'utf8')));
    const all = testResults.flatMap(({ assertionResults }) => assertionResults);
    return {
      passed: all.filter(({ status }) => status === 'passed').length,
      failed: all.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Without its mechanism, a system may not even come down: what a test leaves is taken down by the code of this tree. */
async function takeDown(folder: string): Promise<void> {
  for (const workers of globSync(join(folder, 'soakwave-system-*', 'workers'))) {
    const supervisor = createProcessTable(workers)
      .list()
      .find(({ role }) => role === 'supervisor');
    if (supervisor === undefined) continue;
    const env = { ...supervisor.spec.env, NO_COLOR: '1' };
    // Whoever is to abort its runs has to be there.
    for (const args of [['up'], ['down', '--abort', '--purge']]) {
      const { all } = await execa('scripts/soak', args, { cwd: home, env, all: true, reject: false, timeout: 400_000 });
      process.stdout.write(`${all}\n`);
    }
  }
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

process.exitCode = await main();
