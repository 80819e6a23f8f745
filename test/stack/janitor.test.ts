import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findBinary } from '#compose/binaries.ts';
import { isSame, readIdentity } from '#compose/identity.ts';
import { planRedis } from '#compose/local/redis.ts';
import { endOrphans, findOrphans, type OrphanSearch } from '#compose/orphans.ts';
import { removeRecord } from '#compose/process-record.ts';
import { createProcessTable, type ProcessTable } from '#compose/process-table.ts';
import type { ProcessSpec } from '#model/stack.ts';
import { freePort } from './free-port.ts';
import { startSystem, type System } from './system.ts';

const sleeper = (role: string, code = 'setInterval(() => {}, 1000)'): ProcessSpec => ({
  ...{ role, command: process.execPath, args: ['-e', code], env: {}, cwd: tmpdir(), ready: { kind: 'alive' } },
  ...{ readyWithinMs: 5_000, stopSignal: 'SIGTERM', stopWithinMs: 1_000 },
});

describe('orphans', () => {
  let folder = '';
  let table: ProcessTable;
  let search: OrphanSearch;
  let children: ChildProcess[] = [];
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'soakwave-orphans-')));
    table = createProcessTable(join(folder, 'workers'));
    search = { folder, servers: [] };
  });
  afterEach(async () => {
    for (const { role } of table.list()) await table.stop(role);
    for (const child of children) child.kill('SIGKILL');
    children = [];
    await endOrphans(findOrphans(search), search);
    rmSync(folder, { recursive: true });
  });

  it('are what carries our mark and has no record; nobody else is touched', async () => {
    const lost = await table.start(sleeper('lost'));
    removeRecord(table.folder, 'lost');
    // Recorded, with a child that has its mark; of another system; and one that only names our folder in its arguments.
    const code = 'require("node:child_process").spawn("sleep", ["60"]); setInterval(() => {}, 1000)';
    const kept = await table.start(sleeper('kept', code));
    const elsewhere = createProcessTable(join(`${folder}-other`, 'workers'));
    const foreign = await elsewhere.start(sleeper('lost'));
    const bystander = spawn('sleep', ['60'], { cwd: folder, argv0: `sleep ${table.folder}|lost|1|x` });
    children.push(bystander);

    const found = findOrphans(search);
    expect(found.map(({ pid, role }) => [pid, role])).toEqual([[lost.pid, 'lost']]);
    expect(await endOrphans(found, search)).toHaveLength(1);
    expect([lost, kept, foreign].map((record) => isSame(record))).toEqual([false, true, true]);
    expect(readIdentity(bystander.pid ?? 0)).toBeDefined();
    await elsewhere.stop('lost');
    rmSync(`${folder}-other`, { recursive: true });
  });

  it('that are recorded before they are ended are left alone', async () => {
    const record = await table.start(sleeper('lost'));
    removeRecord(table.folder, 'lost');
    const found = findOrphans(search);
    await table.start(sleeper('lost'));
    expect(await endOrphans(found, search)).toEqual([]);
    expect(table.adopt('lost')?.pid).toBe(record.pid);
  });

  it('are found by their folder when they have wiped their mark, as Redis does, and never get a twin', async () => {
    const redis = findBinary('redis-server', { searchPath: [], cacheFolder: '' });
    if (redis === undefined) throw new Error('Redis is not installed');
    const cwd = join(folder, 'redis');
    mkdirSync(cwd);
    const spec = planRedis({ redisBytesMax: 2 ** 20 }, { redis, folder: cwd, port: await freePort() });
    const first = await table.start(spec);
    removeRecord(table.folder, 'redis');
    expect(findOrphans(search)).toEqual([]);
    const servers = [{ role: 'redis', command: redis, cwd, table: table.folder }];
    expect(findOrphans({ folder, servers }).map(({ pid }) => pid)).toEqual([first.pid]);
    const second = await table.start(spec);
    expect([isSame(first), isSame(second), second.incarnation]).toEqual([false, true, 2]);
  });
});

describe('a run that was terminated', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  }, 240_000);
  afterAll(async () => {
    await system.down();
  }, 120_000);

  const input = { wave: 'smoke', duration: '90s', window: '10s', users: 10, keep: 'stack' };
  const janitorLines = (text: string): string[] =>
    text.split('\n').filter((line) => /is over|lived without|claimed/.test(line));

  it('is cleared away by the next `soak up`: harm, held processes, spools, claim; and that is said once', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', { ...input });
    await system.until(workflowId, ({ load }) => (load?.users ?? 0) > 0);
    await expect.poll(() => isSame(system.record('gateway-2')), { interval: 50, timeout: 100_000 }).toBe(false);
    const held = ['engine-0', 'sampler', 'watchdog'].map((role) => system.record(role, runKey));
    // Nobody is left who could heal, and Temporal forgets the run: only the janitor is to come.
    for (const role of ['supervisor', 'host', 'load']) system.kill(role);
    system.kill('watchdog', runKey);
    expect(isSame(system.record('gateway-2'))).toBe(false);
    await system.client.workflow.getHandle(workflowId).terminate('the test wants it');

    const up = await system.soak('up');
    expect(up.exitCode).toBe(0);
    const told = janitorLines(up.stdout);
    expect(told.join('\n')).toMatch(/fault kill-gateway-2 was left open \(\w+\): healed/);
    expect(told.join('\n')).toMatch(/engine-0.*went on with nobody to hold them: ended/);
    expect(told.join('\n')).toMatch(/evidence had not been stored: \d+ batches stored/);
    expect(told.join('\n')).toMatch(new RegExp(`still claimed by ${workflowId}.*given back`));
    expect(held.map((record) => isSame(record))).toEqual([false, false, false]);
    expect(isSame(system.record('gateway-2'))).toBe(true);

    const status = JSON.parse((await system.soak('status', '--json')).stdout) as { janitor: { found: string }[] };
    expect(status.janitor.map(({ found }) => found)).toEqual(expect.arrayContaining(told));
    expect((await system.soak('status')).stdout).toContain('Left behind by deaths');
    expect(janitorLines((await system.soak('up')).stdout)).toEqual([]);
  });

  it('gives way to the next run at once, which ends what it held before it does anything', async () => {
    const first = await system.start('SoakWave', { ...input, faults: 'none' });
    await system.until(first.workflowId, ({ load }) => (load?.users ?? 0) > 0);
    const engine = system.record('engine-0', first.runKey);
    await system.client.workflow.getHandle(first.workflowId).terminate('the test wants it');
    const second = await system.start('SoakWave', { ...input, duration: '12s', window: '4s', faults: 'none' });
    const progress = await system.until(second.workflowId, ({ phase }) => phase !== 'plan' && phase !== 'preflight');
    expect(isSame(engine)).toBe(false);
    const note = progress.steps.find(({ phase }) => phase === 'preflight')?.note;
    expect(note).toContain(`took the stack over from ${first.workflowId}, which is over; run ${first.runKey} is over`);
    expect(await system.result(second.workflowId)).toMatchObject({ outcome: 'pass' });
  });

  it('is told from one that goes on: `soak up` in its middle finds nothing and touches nothing', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', { ...input, faults: 'none' });
    await system.until(workflowId, ({ load }) => (load?.users ?? 0) > 0);
    const pids = () => ['engine-0', 'sampler', 'watchdog'].map((role) => system.record(role, runKey).pid);
    const before = pids();
    expect(janitorLines((await system.soak('up')).stdout)).toEqual([]);
    expect(pids()).toEqual(before);
    await system.client.workflow.getHandle(workflowId).executeUpdate('abort', { args: [{ why: 'seen enough' }] });
    await system.result(workflowId);
    // And it was watched like the target: every process of the harness, and what they left.
    const { harness, operatorActions } = system.readResult(runKey);
    const roles = [
      'orchestrator',
      'host',
      'seed',
      'load',
      'supervisor',
      'temporal',
      'evidence',
      'engine-0',
      'sampler',
      'watchdog',
    ];
    expect(harness?.processes.map(({ role }) => role).sort()).toEqual(roles.sort());
    for (const each of harness?.processes ?? []) expect(each.rssMaxBytes, each.role).toBeGreaterThan(1_000_000);
    expect(harness?.footprint?.temporal?.events).toBeGreaterThan(20);
    expect(harness?.footprint?.evidence?.bytes).toBeGreaterThan(1_000);
    expect(operatorActions?.map(({ action }) => action)).toEqual(['abort']);
  });
});
