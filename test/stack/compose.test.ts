import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followHeld } from '#compose/held/follow.ts';
import { type HeldStart, startHeld } from '#compose/held/start.ts';
import { isSame } from '#compose/identity.ts';
import { openStackTable, provisionLocal, releaseLocal } from '#compose/local/provision.ts';
import { checkMachine } from '#compose/preflight.ts';
import { dataFolderOf } from '#compose/postgres.ts';
import { readStarts, specHash, writeStarts } from '#compose/process-record.ts';
import { type ProcessTable, createProcessTable } from '#compose/process-table.ts';
import { canConnect } from '#compose/readiness.ts';
import { listMarked } from '#compose/marks.ts';
import { spawnDetached } from '#compose/spawn.ts';
import { serverUser } from '#compose/system-user.ts';
import { steer } from '#compose/held/place.ts';
import type { ProcessSpec, StackPlan } from '#model/stack.ts';
import type { Target } from '#model/target.ts';
import { freePort } from './free-port.ts';

const home = resolve(import.meta.dirname, '../..');
const search = {
  searchPath: ['/usr/local/bin', '/usr/bin', '/bin'],
  cacheFolder: join(tmpdir(), 'no-such-cache'),
};

let folder = '';
let tables: ProcessTable[] = [];
let children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-compose-'));
  // The server's user has to get to its data.
  chmodSync(folder, 0o755);
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const table of tables) for (const { role } of table.list()) await table.stop(role);
  // Recorded or not, nothing of ours may outlive its test.
  const left = listMarked(folder)[0];
  if (left !== undefined) process.kill(left.pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  children = [];
  tables = [];
  expect(left).toBeUndefined();
});

function openTable(): ProcessTable {
  const table = createProcessTable(join(folder, 'table'));
  tables.push(table);
  return table;
}

/** A process that says `hello` and then waits to be ended. */
function sleeper(overrides: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    role: 'sleeper',
    command: process.execPath,
    args: ['-e', 'console.log("hello"); setInterval(() => {}, 1000)'],
    env: {},
    cwd: folder,
    ready: { kind: 'alive' },
    readyWithinMs: 5_000,
    stopSignal: 'SIGTERM',
    stopWithinMs: 1_000,
    ...overrides,
  };
}

/** A process that starts a spec at a moment and then stays; resolves with the pid of what it started. */
function startElsewhere(spec: ProcessSpec, atMs = 0): { child: ChildProcess; pid: Promise<number> } {
  const code = `
    import { createProcessTable } from '#compose/process-table.ts';
    const table = createProcessTable(${JSON.stringify(join(folder, 'table'))});
    while (Date.now() < ${atMs}) {}
    const record = await table.start(${JSON.stringify(spec)});
    console.log(record.pid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const pid = new Promise<number>((resolvePid, reject) => {
    child.stdout.once('data', (chunk: Buffer) => {
      resolvePid(Number(chunk.toString()));
    });
    child.once('exit', () => {
      reject(new Error('the starter ended'));
    });
  });
  return { child, pid };
}

describe('a process table', () => {
  it('adopts what a killed starter left, in a session of its own', async () => {
    const { child, pid } = startElsewhere(sleeper());
    const started = await pid;
    const gone = new Promise((ended) => child.once('exit', ended));
    child.kill('SIGKILL');
    await gone;
    const table = openTable();
    expect(table.adopt('sleeper')?.pid).toBe(started);
    expect(await table.start(sleeper())).toMatchObject({ pid: started, incarnation: 1 });
  });

  it('never starts twins, however many start at once and from wherever', async () => {
    const table = openTable();
    const port = await freePort();
    const code = `require('node:net').createServer().listen(${port}, '127.0.0.1')`;
    const spec = sleeper({ args: ['-e', code], ready: { kind: 'tcp', port } });
    const atMs = Date.now() + 1_500;
    const elsewhere = Array.from({ length: 3 }, () => startElsewhere(spec, atMs).pid);
    await new Promise((begun) => setTimeout(begun, atMs - Date.now()));
    const here = [table.start(spec), table.start(spec)].map(async (record) => (await record).pid);
    const pids = await Promise.all([...elsewhere, ...here]);
    expect(new Set(pids).size).toBe(1);
    expect(readStarts(table.folder, 'sleeper')).toBe(1);
  });

  it('finds a process whose starter died before it was recorded', async () => {
    const table = openTable();
    const spec = sleeper();
    writeStarts(table.folder, 'sleeper', 1);
    const mark = `${table.folder}|sleeper|1|${specHash(spec)}`;
    const identity = await spawnDetached(spec, join(table.folder, 'sleeper.log'), mark);
    expect(await table.start(spec)).toMatchObject({ ...identity, incarnation: 1 });
  });

  it('replaces a process whose spec has changed, unrecorded or not', async () => {
    const table = openTable();
    writeStarts(table.folder, 'sleeper', 1);
    const mark = `${table.folder}|sleeper|1|another`;
    const lost = await spawnDetached(sleeper(), join(table.folder, 'sleeper.log'), mark);
    const second = await table.start(sleeper());
    expect([isSame(lost), second.incarnation]).toEqual([false, 2]);
    const third = await table.start(sleeper({ env: { NEW: '1' } }));
    expect([isSame(second), isSame(third), third.incarnation]).toEqual([false, true, 3]);
  });

  it('counts incarnations over deaths and over stops', async () => {
    const table = openTable();
    const first = await table.start(sleeper());
    table.signal('sleeper', 'SIGKILL');
    await expect.poll(() => isSame(first)).toBe(false);
    expect(table.list()).toMatchObject([{ role: 'sleeper', isAlive: false, incarnation: 1 }]);
    expect((await table.start(sleeper())).incarnation).toBe(2);
    expect(await table.stop('sleeper')).toBe(true);
    expect([table.list(), await table.stop('sleeper')]).toEqual([[], false]);
    expect((await table.start(sleeper())).incarnation).toBe(3);
  });

  it('kills what does not end when asked, and its children', async () => {
    const table = openTable();
    const code = `
      process.on('SIGTERM', () => {});
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'process.on("SIGTERM",()=>{});setInterval(()=>{},1000)']);
      console.log('child', child.pid);
      setInterval(() => {}, 1000);`;
    const record = await table.start(sleeper({ args: ['-e', code], stopWithinMs: 200 }));
    const log = join(table.folder, 'sleeper.log');
    await expect.poll(() => readFileSync(log, 'utf8')).toMatch(/child \d+/);
    const childPid = Number(/child (\d+)/.exec(readFileSync(log, 'utf8'))?.[1]);
    await table.stop('sleeper');
    expect([isSame(record), isRunning(childPid)]).toEqual([false, false]);
  });

  it('says what a process said before it died', async () => {
    const table = openTable();
    const spec = sleeper({
      args: ['-e', 'console.error("no such file: x"); process.exit(3)'],
      ready: { kind: 'tcp', port: await freePort() },
    });
    await expect(table.start(spec)).rejects.toThrow(/sleeper died before there was a listener[^]*no such file: x/);
    await expect(table.start(sleeper({ command: '/no/such/program' }))).rejects.toThrow('/no/such/program');
  });

  it('takes nobody else’s port for its own process being ready', async () => {
    const table = openTable();
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as AddressInfo;
    await expect(table.start(sleeper({ ready: { kind: 'tcp', port } }))).rejects.toThrow('another has its port');
    server.close();
  });

  it('lets only the owner read what holds environments', async () => {
    const table = openTable();
    await table.start(sleeper({ env: { SECRET: 'x' } }));
    expect(statSync(join(table.folder, 'sleeper.json')).mode & 0o077).toBe(0);
  });
});

describe('a held process', () => {
  const held = (runKey: string, payload: unknown): HeldStart => ({
    folder: join(folder, 'held'),
    table: openTable(),
    spec: (epoch) => sleeper({ env: { EPOCH: `${epoch}`, RUN: runKey } }),
    runKey,
    payload,
  });

  it('is started once by two holders at once, with one epoch', async () => {
    const [one, two] = await Promise.all([startHeld(held('a', 1)), startHeld(held('a', 1))]);
    expect(one.record.pid).toBe(two.record.pid);
    expect([one.epoch, two.epoch, one.adopted !== two.adopted]).toEqual([1, 1, true]);
  });

  it('comes back in a new epoch with the orders that were steered last', async () => {
    const start = held('a', { users: 1 });
    const first = await startHeld(start);
    await steer({ folder: start.folder, runKey: 'a', payload: { users: 0 } });
    start.table.signal('sleeper', 'SIGKILL');
    await expect.poll(() => isSame(first.record)).toBe(false);
    const second = await startHeld(start);
    expect([second.epoch, second.adopted, second.record.incarnation]).toEqual([2, false, 2]);
    const orders: unknown[] = [];
    const end = followHeld({
      ...start,
      epoch: 2,
      parse: (payload) => payload,
      onOrders: (each) => void orders.push(each),
    });
    await steer({ folder: start.folder, runKey: 'a', stop: true });
    expect(await end).toBe('stop');
    expect(orders).toEqual([{ users: 0 }]);
  });

  it('makes way for another run', async () => {
    const first = await startHeld(held('a', 1));
    const second = await startHeld(held('b', 2));
    expect([isSame(first.record), second.epoch, second.adopted]).toEqual([false, 2, false]);
  });
});

/** A gateway that answers with its role, and mocks that answer at all: what is tested is what stands around them. */
const answering = (role: string, port: number): ProcessSpec => ({
  role,
  command: process.execPath,
  args: ['-e', `require('node:http').createServer((q, a) => a.end('${role}')).listen(${port}, '127.0.0.1')`],
  env: {},
  cwd: home,
  ready: { kind: 'http', url: `http://127.0.0.1:${port}/ready`, status: 200 },
  readyWithinMs: 10_000,
  stopSignal: 'SIGTERM',
  stopWithinMs: 2_000,
});

const target: Target = {
  name: 'answering',
  processes: (plan, { ports }) =>
    Array.from({ length: plan.gatewayInstances }, (_, index) =>
      answering(`gateway-${index + 1}`, ports.gatewayFirst + index),
    ),
  schema: { prepare: [], tables: [], finish: [] },
  speech: () => {
    throw new Error('nobody speaks here');
  },
  probes: () => [],
  cacheBoundMs: 0,
  forget: () => Promise.resolve(),
};

const plan: StackPlan = {
  provisioner: 'local',
  target: 'reference',
  gatewayInstances: 2,
  l1BytesMax: 1_048_576,
  redisBytesMax: 16_777_216,
  databasePoolMax: 5,
  databaseSharedBuffersBytes: 33_554_432,
  mockGateways: 1,
  mockSeed: 1,
  mockFailureRate: 0,
  cores: 2,
  placement: 'co-located',
};

async function stackOptions() {
  const ports = {
    nginx: await freePort(),
    postgres: await freePort(),
    redis: await freePort(),
    prometheus: await freePort(),
    mockAdmin: await freePort(),
    mockFirst: await freePort(),
    gatewayFirst: await freePort(),
  };
  const stackFolder = join(folder, 'stack');
  tables.push(openStackTable(stackFolder));
  return {
    ...search,
    plan,
    stackFolder,
    ports,
    target,
    mockProcess: answering('mocks', ports.mockAdmin),
    mockUrls: [],
    home,
    node: process.execPath,
    memoryBytes: 4 * 1024 ** 3,
  };
}

describe('the local stack', () => {
  it('comes up, is adopted, survives its parts’ deaths, and goes down', async () => {
    const options = await stackOptions();
    const { stackFolder } = options;
    const table = openStackTable(stackFolder);
    const address = await provisionLocal(options);
    const pids = () => Object.fromEntries(table.list().map(({ role, pid }) => [role, pid]));
    const first = pids();
    expect(Object.keys(first)).toEqual(['gateway-1', 'gateway-2', 'mocks', 'nginx', 'postgres', 'prometheus', 'redis']);
    expect(await query(address.databaseUrl, 'show listen_addresses')).toBe('127.0.0.1');
    expect(statSync(address.secretFile).mode & 0o777).toBe(0o600);
    expect((await request(address.nginxStatusUrl)).statusCode).toBe(200);

    // Nothing is to be done the second time, and ports that our own processes hold are no problem.
    const secret = readFileSync(address.secretFile, 'utf8');
    expect(await provisionLocal(options)).toEqual(address);
    expect([pids(), readFileSync(address.secretFile, 'utf8')]).toEqual([first, secret]);
    expect(checkMachine({ ...options, plan: preflightPlan })).toEqual([]);

    // A dead gateway is passed over, for writes too: they had not been sent.
    table.signal('gateway-1', 'SIGKILL');
    for (const method of ['GET', 'POST', 'GET', 'POST', 'GET', 'DELETE'] as const) {
      const answer = await request(`${address.baseUrl}/v1/tools`, { method });
      expect([answer.statusCode, await answer.body.text()]).toEqual([200, 'gateway-2']);
    }

    // A killed database leaves a busy backend behind, a killed nginx its workers: neither keeps the next one out.
    const busy = query(address.databaseUrl, 'select count(*) from generate_series(1, 1000000000)').catch(
      () => 'cut off',
    );
    await new Promise((started) => setTimeout(started, 300));
    killOnly(first['postgres']);
    killOnly(first['nginx']);
    await provisionLocal(options);
    expect(await busy).toBe('cut off');
    expect(await query(address.databaseUrl, 'select 1')).toBe(1);
    expect(
      openStackTable(stackFolder)
        .list()
        .map(({ role, incarnation, isAlive }) => [role, incarnation, isAlive]),
    ).toEqual([
      ['gateway-1', 2, true],
      ['gateway-2', 1, true],
      ['mocks', 1, true],
      ['nginx', 2, true],
      ['postgres', 2, true],
      ['prometheus', 1, true],
      ['redis', 1, true],
    ]);

    // A smaller plan ends what it does not have, and nginx learns of it.
    await provisionLocal({ ...options, plan: { ...plan, gatewayInstances: 1 } });
    expect(pids()['gateway-2']).toBeUndefined();
    expect(await (await request(address.baseUrl)).body.text()).toBe('gateway-1');

    const released = await releaseLocal(stackFolder);
    expect([released.at(0), released.at(-1)]).toEqual(['prometheus', 'postgres']);
    const listening = await Promise.all(Object.values(options.ports).map(canConnect));
    expect(listening.some(Boolean)).toBe(false);
    expect(await releaseLocal(stackFolder)).toEqual([]);
  });

  it('says all that is in its way at once', async () => {
    const options = await stackOptions();
    const server = createServer().listen(options.ports.nginx, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const needs = { ...preflightPlan.needs, diskBytes: 1e15, memoryBytes: 1e15 };
    const problems = checkMachine({ ...options, plan: { ...preflightPlan, needs } });
    expect(problems.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(`port ${options.ports.nginx} for nginx is taken by pid ${process.pid} `),
      expect.stringContaining('of disk'),
      expect.stringContaining('of memory'),
    ]);
    server.close();
  });

  it.runIf(serverUser() !== undefined)(
    'keeps the database where its user can get to, below a closed home too',
    async () => {
      chmodSync(folder, 0o700);
      const options = await stackOptions();
      const dataFolder = dataFolderOf({ folder: options.stackFolder, runAs: serverUser() });
      expect(dataFolder.startsWith(folder)).toBe(false);
      try {
        const address = await provisionLocal(options);
        expect(await query(address.databaseUrl, 'select 1')).toBe(1);
        await releaseLocal(options.stackFolder);
      } finally {
        rmSync(dirname(dataFolder), { recursive: true, force: true });
      }
    },
  );
});

const preflightPlan = {
  stack: plan,
  needs: { diskBytes: 1e6, memoryBytes: 1e6, rows: {}, secondsEstimated: 1 },
  load: { virtualUsers: 20 },
} as Parameters<typeof checkMachine>[0]['plan'];

async function query(databaseUrl: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return Object.values(rows[0] ?? {})[0];
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Not the group: what an out-of-memory killer does. */
function killOnly(pid: number | undefined): void {
  if (pid === undefined) throw new Error('not running');
  process.kill(pid, 'SIGKILL');
}

const isRunning = (pid: number): boolean =>
  readdirSync('/proc').includes(`${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
