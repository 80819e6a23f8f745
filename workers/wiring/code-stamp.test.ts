import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeStamp, judgeStamp } from './code-stamp.ts';

const folders = [
  ...['model', 'workflows', 'activities', 'workers', 'compose', 'targets', 'seeding', 'loadtest', 'mocks'],
  ...['telemetry', 'evidence', 'faults', 'verdict', 'reports'],
];

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'soakwave-code-'));
  for (const folder of folders) mkdirSync(join(home, folder, 'deeper'), { recursive: true });
  writeFileSync(join(home, 'workflows', 'deeper', 'run.ts'), 'export const a = 1;\n');
  mkdirSync(join(home, 'workers', 'wiring'));
  writeFileSync(join(home, 'workers', 'wiring', 'verdict-reckoner.ts'), '');
  writeFileSync(join(home, 'package-lock.json'), '{}');
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

describe('codeStamp', () => {
  it('is the same for the same code, wherever it lies', () => {
    const before = codeStamp(home);
    const elsewhere = `${home}-moved`;
    cpSync(home, elsewhere, { recursive: true });
    expect(codeStamp(elsewhere)).toBe(before);
    rmSync(elsewhere, { recursive: true });
  });

  it.each(['workflows/deeper/run.ts', 'evidence/deeper/2.sql', 'package-lock.json'])('changes with %s', (file) => {
    const before = codeStamp(home);
    appendFileSync(join(home, file), '\n');
    expect(codeStamp(home)).not.toBe(before);
  });

  it('does not change with a test, which no worker runs', () => {
    const before = codeStamp(home);
    writeFileSync(join(home, 'model', 'wave.test.ts'), 'it');
    expect(codeStamp(home)).toBe(before);
  });
});

describe('judgeStamp', () => {
  it.each(['verdict/rule.ts', 'model/wave.ts', 'evidence/batch.ts', 'workers/wiring/verdict-reckoner.ts'])(
    'changes with %s, from which verdicts come',
    (file) => {
      const before = judgeStamp(home);
      appendFileSync(join(home, file), '\n');
      expect(judgeStamp(home)).not.toBe(before);
    },
  );

  it('does not change with code that no verdict comes from', () => {
    const before = judgeStamp(home);
    for (const file of ['workflows/deeper/run.ts', 'reports/page.ts']) appendFileSync(join(home, file), '\n');
    expect(judgeStamp(home)).toBe(before);
  });
});
