import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyOf } from './driver-copy.ts';
import { type DriverReading, inspectDriver, readDriver } from './driver-file.ts';
import { identityLines } from './driver-identities.ts';
import { readEnvironment } from './environment.ts';
import { loopbackIdentities } from '../../test/loopback-target.ts';

const environment = readEnvironment();
/** Nothing is installed here. */
const bare = { ...environment, searchPath: [], cacheFolder: '/nowhere/bin' };
const timeout = 60_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-driver-file-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const problemsOf = (reading: DriverReading): string[] =>
  'problems' in reading ? reading.problems.map((problem) => problem.replaceAll(`${folder}/`, '')) : [];

const good = `
  import type { Scenario } from 'soakwave/scenario';
  const weight: number = 1;
  console.log('whatever it says while it loads');
  export default {
    operations: ['look'],
    classes: [{ name: 'a', weight, tasks: { one: { weight, run: (user) => user.request({ name: 'look', path: '/' }) } } }],
  } satisfies Scenario;
`;

describe('the file of a scenario', () => {
  it('is TypeScript as it is, needs nothing installed, and is kept as it was', { timeout }, async () => {
    const scenario = write('good.ts', good);
    const run = join(folder, 'run');
    const reading = await readDriver(environment, { scenario }, run);
    if ('problems' in reading || reading.driver === undefined) throw new Error(JSON.stringify(reading));
    expect(reading.driver).toMatchObject({
      ...{ kind: 'scenario', file: scenario },
      scenario: { operations: ['look'], requests: 'any', classes: [{ name: 'a', weight: 1, tasks: { one: 1 } }] },
    });
    writeFileSync(scenario, 'export default 1;');
    const { driver } = reading;
    expect(() => copyOf(run, driver)).not.toThrow();
    writeFileSync(copyOf(run, driver), 'export default 2;');
    expect(() => copyOf(run, driver)).toThrow('is not the file that the plan was made of');
  });

  it.each([
    ['unfinished.ts', 'export default {\n  classes: [\n};\n', 'it does not compile: line 3: '],
    [
      'enum.ts',
      'enum Kind { One }\nexport default {};\n',
      'it does not compile: line 1: TypeScript enum is not supported in strip-only mode',
    ],
    ['script.js', 'export default {\n  classes: [\n};\n', 'it does not compile: line 3: '],
    [
      'empty.ts',
      'export const classes = [];\n',
      'it has no default export; a scenario is `export default { classes: [ … ] }`',
    ],
    [
      'throws.ts',
      '\nconst limit: number = nowhere.limit;\nexport default {};\n',
      'line 2: it threw when it was loaded: ReferenceError: nowhere is not defined',
    ],
    ['throws-seven.ts', 'throw 7;\n', 'it threw 7 when it was loaded'],
    [
      'imports.ts',
      "import { n } from './lib.ts';\nexport default { n };\n",
      'it imports ./lib.ts, which is not there; a scenario is one file, because a copy of it is what runs',
    ],
    ['exits.ts', 'process.exit(0);\n', 'it ended the process that loaded it: it said nothing'],
    [
      'weights.ts',
      "export default { classes: [{ name: 'a', weight: 0, tasks: { b: { weight: 0, run() {} } } }] };\n",
      'classes: the weights sum to 0, so nobody would be of any class',
    ],
  ])('%s is refused', { timeout }, async (name, text, problem) => {
    const [said] = problemsOf(await inspectDriver(environment, { scenario: write(name, text) }));
    expect(said).toContain(`scenario: ${name}: ${problem}`);
  });

  it('that is not there, not a file, or too large is refused', async () => {
    expect(problemsOf(await inspectDriver(environment, { scenario: join(folder, 'none.ts') }))).toEqual([
      'scenario: none.ts is not there',
    ]);
    const [relative] = problemsOf(await inspectDriver(environment, { scenario: 'none.ts' }));
    expect(relative).toContain(
      `none.ts is not there; a path that is not absolute is looked up in ${environment.home} here`,
    );
    expect(problemsOf(await inspectDriver(environment, { k6: folder }))).toEqual([`k6: ${folder} is not a file`]);
    const large = write('large.py', ' '.repeat(1_048_577));
    expect(problemsOf(await inspectDriver(environment, { locustfile: large }))).toEqual([
      'locustfile: large.py has 1048577 bytes; at most 1048576 are taken',
    ]);
  });
});

describe('a file for a tool', () => {
  it('is taken unseen where the tool is not installed: preflight says so', async () => {
    const locustfile = write('any.py', 'this is not Python');
    expect(await inspectDriver(bare, { locustfile })).toMatchObject({ driver: { kind: 'locust', file: locustfile } });
  });

  it('finds who its users are in a line each', () => {
    const [first] = loopbackIdentities(1);
    if (first === undefined) throw new Error('nobody');
    const lines = identityLines([first], { headers: () => ({ authorization: 'Bearer abc' }) });
    expect(lines).toBe('{"userId":1,"token":"abc","teams":[1,1000,1001]}\n');
  });
});
