import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { isAtLeast, parseVersion } from './binaries.ts';
import { findListeners, parseListeningSockets } from './listeners.ts';
import { parseOpenFilesMax } from './machine.ts';
import { checkSizes, checkTool } from './preflight.ts';
import { parsePasswd } from './system-user.ts';
import { parseSeconds } from './base/temporal.ts';

const gibibyte = 1024 ** 3;
const needs = { diskBytes: 10 * gibibyte, evidenceBytes: 1, memoryBytes: 4 * gibibyte, rows: {}, secondsEstimated: 60 };
const load = { virtualUsers: 2_000 } as Parameters<typeof checkSizes>[0]['load'];
const machine = {
  cores: 2,
  memoryBytes: 8 * gibibyte,
  memoryFreeBytes: 6 * gibibyte,
  diskFreeBytes: 20 * gibibyte,
  openFilesMax: 65_536,
};
const nothing = { memoryBytes: 0, diskBytes: 0 };

describe('checkSizes', () => {
  it('has nothing to say of a machine that holds the plan', () => {
    expect(checkSizes({ needs, load }, machine, nothing)).toEqual([]);
  });

  it('lists every problem at once, each with what to do', () => {
    const small = { ...machine, memoryFreeBytes: gibibyte, diskFreeBytes: gibibyte, openFilesMax: 1_024 };
    const problems = checkSizes({ needs, load }, small, nothing);
    expect(problems.map(({ problem }) => problem)).toEqual([
      'the run needs 10.0 GiB of disk and 2.0 GiB in reserve; 1.0 GiB are free',
      'the run needs 4.0 GiB of memory; 1.0 GiB are free',
      '2000 virtual users need 5024 open files in one process; the limit is 1024',
    ]);
    expect(problems.every(({ whatToDo }) => whatToDo.length > 0)).toBe(true);
  });

  it('does not ask twice for what an adopted stack has already', () => {
    const full = { ...machine, memoryFreeBytes: gibibyte, diskFreeBytes: 3 * gibibyte };
    expect(checkSizes({ needs, load }, full, { memoryBytes: 4 * gibibyte, diskBytes: 10 * gibibyte })).toEqual([]);
  });
});

describe('checkTool', () => {
  const driven = (kind: 'scenario' | 'locust' | 'k6') => ({
    load: { driver: { kind, file: '/x/y', sha256: '' } } as Parameters<typeof checkTool>[0]['load'],
  });
  const nowhere = { searchPath: [], cacheFolder: '/nowhere/bin' };

  it.each(['locust', 'k6'] as const)('says how %s is installed where it is missing', (kind) => {
    const [found, ...more] = checkTool(driven(kind), nowhere);
    // One that is installed in a system folder is found there, wherever this test runs.
    if (found === undefined) return;
    expect(found.problem).toBe(`${kind} is not installed, and /x/y is to be driven by it`);
    expect(found.whatToDo).toContain(`scripts/setup --with ${kind}`);
    expect(more).toEqual([]);
  });

  it('needs nothing for a scenario, or for a mix', () => {
    expect(checkTool(driven('scenario'), nowhere)).toEqual([]);
    expect(checkTool({ load }, nowhere)).toEqual([]);
  });
});

describe('findListeners', () => {
  it('names the process that listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(findListeners(new Set([port]))).toMatchObject([{ port, pid: process.pid }]);
    await new Promise((resolve) => server.close(resolve));
    expect(findListeners(new Set([port]))).toEqual([]);
  });

  it('reads only rows that listen', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:115C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 x',
      '   1: 0100007F:115D 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 222 1 x',
    ].join('\n');
    expect(parseListeningSockets(table)).toEqual([{ port: 4_444, inode: '111' }]);
  });
});

describe('what programs and files say', () => {
  it.each([
    ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0', '7.0.15'],
    ['nginx version: nginx/1.22.1', '1.22.1'],
    ['postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', '15.18'],
    ['no digits', undefined],
  ])('the version in %j is %j', (text, version) => {
    expect(parseVersion(text)).toBe(version);
  });

  it.each([
    ['15.18', '14', true],
    ['1.9.0', '1.19.5', false],
    ['1.19.5', '1.19.5', true],
    ['2', '2.30', false],
  ])('%s is at least %s: %s', (version, minimum, expected) => {
    expect(isAtLeast(version, minimum)).toBe(expected);
  });

  it('the hard limit of open files counts', () => {
    const line = 'Max open files            1024                 65536                files     \n';
    expect(parseOpenFilesMax(line)).toBe(65_536);
    expect(parseOpenFilesMax(line.replace('65536', 'unlimited'))).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('a retention is the same in hours and in seconds', () => {
    expect([parseSeconds('720h0m0s'), parseSeconds('2592000s'), parseSeconds('')]).toEqual([2_592_000, 2_592_000, 0]);
  });

  it('users of /etc/passwd have numbers', () => {
    const text = 'root:x:0:0:root:/root:/bin/bash\n\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n';
    expect(parsePasswd(text)).toEqual([
      { name: 'root', uid: 0, gid: 0 },
      { name: 'postgres', uid: 101, gid: 104 },
    ]);
  });
});
