import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundLogs } from './log-bound.ts';
import { openLog } from './log-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-logs-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const bound = { bytesMax: 1_000, keptBytes: 400 };
const log = () => join(folder, 'gateway-1.log');

describe('boundLogs', () => {
  it('leaves alone what is within its bound, what is no log, and a folder that is not there', () => {
    writeFileSync(log(), 'x'.repeat(1_000));
    writeFileSync(join(folder, 'gateway-1.json'), 'x'.repeat(5_000));
    expect(boundLogs(folder, bound)).toEqual([]);
    expect(boundLogs(join(folder, 'none'), bound)).toEqual([]);
    expect(statSync(log()).size).toBe(1_000);
  });

  it('keeps the end of what it cuts beside the log, and says in the log how much is gone', () => {
    writeFileSync(log(), `${'a'.repeat(900)}${'b'.repeat(400)}`);
    expect(boundLogs(folder, bound)).toEqual(['gateway-1.log']);
    expect(readFileSync(`${log()}.1`, 'utf8')).toBe('b'.repeat(400));
    expect(readFileSync(log(), 'utf8')).toMatch(
      /^-- .* was cut: its bytes 900 to 1300 are in .*\.1; what was before them is gone/,
    );
    expect(existsSync(`${log()}.1.partial`)).toBe(false);
  });

  it('bounds the log of a process that writes fast and goes on writing', async () => {
    const lines = 40_000;
    const output = openLog(log());
    const writer = spawn(
      process.execPath,
      // Twenty lines a write, a pause after each hundred writes: about 2 MB in some 200 ms, and one line much later.
      [
        '-e',
        `const fs=require('node:fs');let n=0;
         const turn=()=>{for(let i=0;i<100&&n<${lines};i++){let t='';for(let j=0;j<20;j++)t+='line '+String(n++).padStart(8,'0')+' '+'.'.repeat(40)+'\\n';fs.writeSync(1,t);}
         if(n<${lines})setTimeout(turn,5);else setTimeout(()=>fs.writeSync(1,'the end\\n'),400);};turn();`,
      ],
      { stdio: ['ignore', output, 'ignore'] },
    );
    const ended = once(writer, 'exit');
    const limit = { bytesMax: 100_000, keptBytes: 100_000 };
    let cuts = 0;
    let largest = 0;
    while (writer.exitCode === null) {
      await sleep(2);
      largest = Math.max(largest, statSync(log()).size);
      cuts += boundLogs(folder, limit).length;
    }
    await ended;
    expect(cuts).toBeGreaterThan(2);
    // Without a cut it would be 40,000 × 55 bytes; with them it never outgrows what is written between two looks.
    expect(largest).toBeLessThan((lines * 55) / 2);
    boundLogs(folder, limit);
    const left = `${readFileSync(`${log()}.1`, 'utf8')}${readFileSync(log(), 'utf8')}`;
    expect(left).toContain('the end');
    // No gap of NUL bytes: the writer went on at the new end, not at its old offset.
    expect(left).not.toContain('\0');
  });
});
