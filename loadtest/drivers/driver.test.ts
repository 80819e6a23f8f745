import { describe, it, type TestContext } from 'vitest';
import type { EngineOrders } from '#model/load-plan.ts';
import { memorySink } from '../../test/memory-sink.ts';
import { createDriver } from './driver.ts';
import type { Tool, ToolExit } from './tool.ts';

const users = 2;

function ordersOf(seconds: number): EngineOrders {
  const startsAt = Date.now() + 500;
  const shard = { shard: 0, firstSlot: 0, slots: users };
  const stages = [{ name: 'hold', durationMs: seconds * 1_000, usersFrom: users, usersTo: users }];
  return {
    plan: {
      ...{ model: 'closed', mix: 'enterprise', seed: 1, virtualUsers: users, usersMax: users, spawnRatePerSecond: 50 },
      ...{ thinkTimeMsMin: 0, thinkTimeMsMax: 0, stages, shards: [shard], windowMs: 1_000, drainMs: 500 },
      ...{ requestTimeoutMs: 1_000, liveObjectsMax: 1, growth: false },
    },
    ...{ shard, startsAt, endsAt: startsAt + seconds * 1_000, baseUrl: 'http://127.0.0.1:1', allowedHosts: [] },
    ...{ identitiesFile: '', secretFile: '', spoolFolder: '' },
  };
}

/** A tool that is a few lines of JavaScript, which is told how often it has been started. */
function toolOf(program: (life: number) => string, rest: Partial<Tool> = {}) {
  let lives = 0;
  const exits: ToolExit[] = [];
  const tool: Tool = {
    ...{ name: 'the tool', leadMs: 60_000, steer: () => undefined, hasEnded: () => false },
    launch() {
      lives += 1;
      return {
        ...{ command: process.execPath, args: ['-e', program(lives)], env: {}, cwd: '/' },
        output: 'stdout',
      };
    },
    parse: (line) => (line.startsWith('users ') ? { at: Date.now(), users: Number(line.slice(6)) } : undefined),
    remains(exit) {
      exits.push(exit);
      return [];
    },
    ...rest,
  };
  return { tool, exits, lives: () => lives };
}

const reporting = `setInterval(() => console.log('users ${users}'), 50);`;

function driverOf(tool: Tool, seconds: number) {
  const sink = memorySink();
  const driver = createDriver({
    ...{ orders: ordersOf(seconds), tool, incarnation: 1, backMs: 0 },
    sink,
  });
  const gaps = (): string[] => sink.of('gap').map(({ reason }) => reason);
  return { driver, gaps };
}

describe.concurrent('a driver', { timeout: 30_000 }, () => {
  it('ends the tool when the schedule is over', async ({ expect }: TestContext) => {
    const { tool, exits, lives } = toolOf(() => reporting);
    const { driver, gaps } = driverOf(tool, 2);
    await driver.run();
    expect(lives()).toBe(1);
    expect(exits).toEqual([{ code: null, signal: 'SIGTERM' }]);
    expect(gaps()).toEqual([]);
    expect(driver.totals().load.due).toBe(users * 2);
  });

  it('starts a tool that died again, and tells the gap', async ({ expect }: TestContext) => {
    const { tool, lives } = toolOf((life) =>
      life === 1 ? `${reporting} setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1_500);` : reporting,
    );
    const { driver, gaps } = driverOf(tool, 8);
    await driver.run();
    expect(lives()).toBe(2);
    expect(gaps()).toEqual(['the tool died (SIGKILL) and was started again; its users spawn anew']);
  });

  it('lets a tool be that ended as it wanted to', async ({ expect }: TestContext) => {
    const { tool, lives } = toolOf(() => `console.log('users 0'); process.exitCode = 99;`, {
      hasEnded: ({ code }) => code === 99,
    });
    const { driver } = driverOf(tool, 60);
    await driver.run();
    expect(lives()).toBe(1);
  });

  it('stops when told to, by force where words do not help', async ({ expect }: TestContext) => {
    const { tool, exits } = toolOf(() => `process.on('SIGTERM', () => undefined); ${reporting}`);
    const { driver } = driverOf(tool, 60);
    const running = driver.run();
    await expect.poll(() => driver.totals().load.users, { timeout: 15_000 }).toBe(users);
    await driver.stop();
    await running;
    expect(exits).toEqual([{ code: null, signal: 'SIGKILL' }]);
  });

  it('goes on where its tool cannot even be started, and says so', async ({ expect }: TestContext) => {
    const { tool, lives } = toolOf(() => '');
    const missing: Tool = { ...tool, launch: (...given) => ({ ...tool.launch(...given), command: '/nowhere/tool' }) };
    const { driver, gaps } = driverOf(missing, 2);
    await driver.run();
    expect(lives()).toBeGreaterThan(1);
    expect(gaps()).toEqual([expect.stringContaining('the tool had not begun')]);
  });

  it('refuses a host that is not allowed, before anything is started', ({ expect }: TestContext) => {
    const { tool, lives } = toolOf(() => reporting);
    const orders = { ...ordersOf(1), baseUrl: 'http://gateway.test' };
    const sink = { append: () => undefined, close: () => Promise.resolve() };
    expect(() => createDriver({ orders, tool, sink, incarnation: 1, backMs: 0 })).toThrow('not on the list');
    expect(lives()).toBe(0);
  });
});
