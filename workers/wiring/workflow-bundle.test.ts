import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workflowBundle } from './workflow-bundle.ts';

let home: string;
let folder: string;
let bundled = 0;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'soakwave-bundle-'));
  folder = join(home, 'kept');
  bundled = 0;
  for (const part of ['model', 'workflows', 'activities', 'workers', 'compose', 'targets', 'seeding', 'loadtest', 'mocks', 'telemetry', 'evidence', 'faults', 'verdict', 'reports']) mkdirSync(join(home, part)); // prettier-ignore
  writeFileSync(join(home, 'workflows', 'index.ts'), 'export const one = 1;\n');
  cpSync('package-lock.json', join(home, 'package-lock.json'));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

const bundle = (change: () => void = () => undefined): Promise<string> =>
  workflowBundle({
    home,
    folder,
    bundle: () => {
      bundled += 1;
      change();
      return Promise.resolve(`code ${bundled}`);
    },
  });
const edit = (): void => {
  appendFileSync(join(home, 'workflows', 'index.ts'), '// changed\n');
};

describe('the bundle of the workflows', () => {
  it('is made once for the same code, and anew for other code', async () => {
    expect([await bundle(), await bundle()]).toEqual(['code 1', 'code 1']);
    edit();
    expect([await bundle(), await bundle()]).toEqual(['code 2', 'code 2']);
  });

  it('is not kept when the code changes while it is made', async () => {
    expect(await bundle(edit)).toBe('code 1');
    expect(await bundle()).toBe('code 2');
  });

  it('is made each time where it cannot be kept', async () => {
    writeFileSync(folder, 'a file is in the way');
    expect([await bundle(), await bundle()]).toEqual(['code 1', 'code 2']);
  });

  it('is kept for the last few states of the code only', async () => {
    for (let state = 0; state < 11; state += 1) {
      await bundle();
      for (const name of readdirSync(folder)) utimesSync(join(folder, name), state, state);
      edit();
    }
    expect(readdirSync(folder).length).toBeLessThanOrEqual(8);
  });
});
