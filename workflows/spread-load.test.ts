import { ActivityFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ShardSchedule } from '#model/activities.ts';
import { leaseMs, placedAnewAfterMs } from '#model/held.ts';
import type { CarriedRun } from '#model/run-state.ts';
import type { Run } from './run.ts';

/**
 * Hosts as a workflow meets them: each answers, or takes no task. Time stands still but for what is waited, so that each test
 * sees how long after a host's last word its shard was placed elsewhere.
 */
const world = vi.hoisted(() => ({
  now: 0,
  dead: new Set<string>(),
  broken: new Set<string>(),
  asked: [] as { at: number; host: string; what: string; shard?: number; placing?: number | undefined }[],
}));

vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original<object>()),
  log: { warn: () => undefined },
  sleep: (ms: number) => {
    world.now += ms;
    return Promise.resolve();
  },
}));

vi.mock('./activity-proxies.ts', () => {
  const ask =
    (host: string, what: string, withinMs = 8_000) =>
    (request: { shard?: number; placing?: number }) => {
      world.asked.push({ at: world.now, host, what, ...request });
      if (world.dead.has(host)) {
        world.now += withinMs;
        return Promise.reject(failure(new TimeoutFailure('nobody', undefined, 'SCHEDULE_TO_START')));
      }
      if (world.broken.has(host) && what === 'place') return Promise.reject(failure(new Error('no identities')));
      return Promise.resolve({ host, batches: 1, journals: 1, stopped: true, steered: true });
    };
  return {
    takenWithinMs: 8_000,
    onLoadHost: (host: string) => ({ stopLoad: ask(host, 'stop'), holdLoad: ask(host, 'hold') }),
    placeOnLoadHost: (host: string, { withinMs }: { withinMs: number }) => ({
      placeShard: ask(host, 'place', withinMs),
    }),
    gatherOnLoadHost: (host: string) => ({ handOverLoad: ask(host, 'hand-over') }),
  };
});

function failure(cause: Error): ActivityFailure {
  return new ActivityFailure(undefined, 'a', '1', 'TIMEOUT', undefined, cause);
}

const { beginSpread, gather, gatherFromLeaving, hearOfHosts, isUntaken, moveShard, movesOf, replaceShard } =
  await import('./spread-load.ts');

beforeEach(() => {
  Object.assign(world, { now: 1_000_000, dead: new Set(), broken: new Set(), asked: [] });
});

function runOf(shardHosts: string[]): Run {
  const state: Partial<CarriedRun> = {
    ...{ host: 'home', shardHosts, startsAt: 1, endsAt: 2, revision: 0 },
    plan: { shards: shardHosts.length } as CarriedRun['plan'],
  };
  return { ref: { runKey: 'r', workflowId: 'w', planHash: 'h' }, state } as unknown as Run;
}

function spreadRun(shardHosts: string[], hosts: string[]): Run {
  const run = runOf(shardHosts);
  const spread = beginSpread(run, hosts);
  spread.fenced = spread.fenced.map(() => true);
  return run;
}

const placed = () => world.asked.filter(({ what }) => what === 'place').map(({ host }) => host);
const told = () => world.asked.map(({ what, host }) => `${what} ${host}`);

describe('a load on one host', () => {
  it('stays one while nobody else is heard of, and so does its schedule', () => {
    const run = runOf(['home', 'home']);
    hearOfHosts(run, [{}, {}]);
    expect(run.state.spread).toBeUndefined();
    expect(movesOf(run).size).toBe(0);
  });

  it('is spread when a second one is: shards stay until the next window, and some move then', () => {
    const run = runOf(['home', 'home']);
    hearOfHosts(run, [{ hosts: ['b', 'home'] }, {}]);
    expect(run.state.spread).toMatchObject({ placings: [1, 1], fenced: [false, false], everPlaced: ['home'] });
    expect([...movesOf(run)]).toEqual([[1, 'b']]);
  });
});

describe('a shard that moves', () => {
  it('is stopped where it is before it is placed elsewhere, under a new number', async () => {
    const run = spreadRun(['home', 'home'], ['b', 'home']);
    await moveShard(run, 1, 'b');
    expect(told()).toEqual(['stop home', 'place b']);
    expect(world.asked[1]).toMatchObject({ shard: 1, placing: 2 });
    expect(run.state.shardHosts).toEqual(['home', 'b']);
    expect(run.state.spread).toMatchObject({ everPlaced: ['home', 'b'], placings: [1, 2] });
    expect(movesOf(run).size).toBe(0);
  });

  it('from a host that is gone waits for the end of its engine', async () => {
    world.dead.add('b');
    const run = spreadRun(['home', 'b'], ['home']);
    await moveShard(run, 1, 'home');
    expect(told()).toEqual(['stop b', 'place b', 'place home']);
    expect(world.now - 1_000_000).toBe(placedAnewAfterMs);
  });

  it('to a host that cannot start it comes back, and that host gets none any more', async () => {
    world.broken.add('b');
    const run = spreadRun(['home', 'home'], ['b', 'home']);
    await moveShard(run, 1, 'b');
    expect(run.state.shardHosts).toEqual(['home', 'home']);
    expect(run.state.spread?.unfit).toEqual(['b']);
    expect(movesOf(run).size).toBe(0);
  });
});

describe('a host that dies', () => {
  /** Nobody took the task of the window: eight seconds of the twenty-five are over. */
  const lose = async (run: Run, shard: number): Promise<number> => {
    const heardLast = world.now;
    world.now += 8_000;
    await replaceShard(run, shard);
    return heardLast;
  };

  it('gives its shard to another no sooner than its engine has ended', async () => {
    world.dead.add('b');
    const run = spreadRun(['home', 'b'], ['b', 'home']);
    const heardLast = await lose(run, 1);
    expect(placed()).toEqual(['b', 'home']);
    expect((world.asked.at(-1)?.at ?? 0) - heardLast).toBe(placedAnewAfterMs);
    expect(run.state.shardHosts).toEqual(['home', 'home']);
  });

  it('keeps its shard when it is back in time', async () => {
    const run = spreadRun(['home', 'b'], ['b', 'home']);
    await lose(run, 1);
    expect(placed()).toEqual(['b']);
    expect(run.state.shardHosts).toEqual(['home', 'b']);
  });

  it('is waited for as long as its engine may live that was started before the load was spread', async () => {
    world.dead.add('home');
    const run = runOf(['home']);
    beginSpread(run, ['b', 'home']);
    const heardLast = await lose(run, 0);
    expect(placed()).toEqual(['home', 'b']);
    expect((world.asked.at(-1)?.at ?? 0) - heardLast).toBeGreaterThan(leaseMs);
  });

  it('with another gives its shard to the one that is left', async () => {
    for (const host of ['b', 'c']) world.dead.add(host);
    const run = spreadRun(['b', 'home', 'home'], ['b', 'c', 'home']);
    await lose(run, 0);
    expect(placed()).toEqual(['b', 'c', 'c', 'home']);
  });

  it('alone blocks the run in the end, when it does not come back', async () => {
    world.dead.add('home');
    const run = spreadRun(['home'], ['home']);
    await expect(replaceShard(run, 0)).rejects.toSatisfy(isUntaken);
    expect(placed()).toHaveLength(20);
    expect(run.state.spread?.unfit).toEqual([]);
  });
});

it('never are two hosts given one shard within the time that an engine may live', async () => {
  const hosts = ['home', 'b', 'c'];
  const deaths = fc.array(fc.subarray(hosts.slice(1)), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(deaths, async (rounds) => {
      Object.assign(world, { now: 1_000_000, asked: [], broken: new Set() });
      const run = spreadRun(['home', 'b', 'c'], hosts);
      for (const dead of rounds) {
        world.dead = new Set(dead);
        for (const [shard, host] of run.state.shardHosts.entries()) {
          if (!world.dead.has(host)) continue;
          world.now += 8_000;
          await replaceShard(run, shard);
        }
        for (const [shard, to] of movesOf(run)) await moveShard(run, shard, to);
      }
      const taken = world.asked.filter(({ what }) => what === 'place');
      for (const [index, { shard, placing }] of taken.entries()) {
        const earlier = taken.slice(0, index).filter((each) => each.shard === shard);
        expect(earlier.every((each) => (each.placing ?? 0) < (placing ?? 0))).toBe(true);
      }
      expect(run.state.shardHosts.every((host) => !world.dead.has(host))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

describe('what engines wrote elsewhere', () => {
  it('is taken from each host, and those that do not answer are named', async () => {
    world.dead.add('c');
    const run = spreadRun(['home', 'b', 'c'], ['b', 'home']);
    const gathered = await gather(run, { hosts: ['b', 'c'], journals: true });
    expect(gathered).toEqual({ batches: 1, unheard: ['c'] });
  });

  it('is taken from a host that leaves, when its shards have moved and beside the windows', async () => {
    const run = spreadRun(['home', 'b', 'c'], ['c', 'home']);
    const pending = new Map<string, Promise<void>>();
    const scope = { run: (work: () => unknown) => work() } as never;
    const moved = moveShard(run, 1, 'home');
    gatherFromLeaving(run, { scope, pending }, { froms: ['b', 'c'], moved });
    expect([...pending.keys()]).toEqual(['hand-over of b']);
    await Promise.all(pending.values());
    expect(told()).toEqual(['stop b', 'place home', 'hand-over b']);
    expect(pending.size).toBe(0);
  });
});

it('whoever is cancelled places nothing', async () => {
  const run = spreadRun(['home', 'b'], ['b', 'home']);
  const proxies = await import('./activity-proxies.ts');
  vi.spyOn(proxies, 'onLoadHost').mockReturnValue({
    stopLoad: () => Promise.reject(new CancelledFailure('over')),
  } as never);
  await expect(moveShard(run, 1, 'home')).rejects.toBeInstanceOf(CancelledFailure);
  expect(placed()).toEqual([]);
  expect((world.asked[0] as ShardSchedule | undefined)?.shard).toBeUndefined();
});
