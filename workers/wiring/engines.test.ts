import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineTotals } from '#loadtest/totals.ts';
import type { Beat } from '#activities/heartbeat.ts';
import type { Context } from './context.ts';
import { createEngineKeeper, foldTotals, totalsFile } from './engines.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-totals-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const nothing = { due: 0, delivered: 0, dropped: 0, abandoned: 0, requests: 0, failed: 0, users: 0 };

function wrote(incarnation: number, load: Partial<EngineTotals['load']>): void {
  const totals: EngineTotals = { shard: 0, incarnation, at: 0, load: { ...nothing, ...load }, inFlight: 0 };
  writeFileSync(totalsFile(folder, incarnation), JSON.stringify(totals));
}

describe('foldTotals', () => {
  it('is nothing before an engine has told of itself', () => {
    expect(foldTotals(folder)).toEqual(nothing);
  });

  it('is what one engine said', () => {
    wrote(1, {
      due: 60,
      delivered: 58,
      dropped: 1,
      abandoned: 1,
      requests: 300,
      failed: 2,
      users: 20,
      latencyMsP95: 12,
    });
    expect(foldTotals(folder)).toEqual({
      ...{ due: 60, delivered: 58, dropped: 1, abandoned: 1, requests: 300, failed: 2 },
      ...{ users: 20, latencyMsP95: 12 },
    });
  });

  it('adds what dead engines did, and takes users and latency of the one that lives: they are not sums', () => {
    wrote(1, { due: 60, delivered: 60, requests: 300, failed: 3, users: 20, latencyMsP95: 900 });
    wrote(2, { due: 40, delivered: 39, requests: 200, failed: 1, users: 20, latencyMsP95: 15 });
    expect(foldTotals(folder)).toEqual({
      ...nothing,
      ...{ due: 100, delivered: 99, requests: 500, failed: 4, users: 20, latencyMsP95: 15 },
    });
  });

  it('knows the newest by number, not by spelling', () => {
    wrote(2, { users: 2 });
    wrote(10, { users: 10 });
    expect(foldTotals(folder).users).toBe(10);
  });

  it('says nothing of latency when the newest engine has no answer yet', () => {
    wrote(1, { latencyMsP95: 900 });
    wrote(2, {});
    expect(foldTotals(folder)).not.toHaveProperty('latencyMsP95');
  });

  it('leaves out what is not totals', () => {
    wrote(1, { due: 60 });
    writeFileSync(join(folder, 'totals-2.json'), '{"shard":0}');
    writeFileSync(join(folder, 'desired.json'), '{}');
    writeFileSync(join(folder, 'totals-3.json.new'), '{"cut');
    expect(foldTotals(folder)).toEqual({ ...nothing, due: 60 });
  });
});

describe('placing a shard on no host in particular', () => {
  const run = { runKey: 'r', workflowId: 'w', planHash: 'h' };
  const schedule = { shard: 0, startsAt: 1, endsAt: 2 };

  /** What is answered where these hosts are known; whoever begins to place wants to know where the stack is, which is nowhere. */
  async function place(hosts: readonly string[] | undefined, driver?: object): Promise<unknown> {
    const context = {
      environment: { host: 'home' },
      runPlaces: () => ({ held: folder }),
      readPlan: () => Promise.resolve({ load: { shards: [{}], driver } }),
      stackAddress: () => {
        throw new Error('it begins');
      },
    } as unknown as Context;
    const beat: Beat = {
      ...{ signal: new AbortController().signal, progress: () => undefined, confirm: () => Promise.resolve() },
    };
    return createEngineKeeper(context, { hosts: () => hosts }).place(run, schedule, beat);
  }

  it('starts nothing where there are several to choose from, and tells which', async () => {
    expect(await place(['guest', 'home'])).toEqual({ hosts: ['guest', 'home'] });
  });

  it.each(['scenario', 'locust', 'k6'])(
    'begins here, whatever hosts are known, with a file of one’s own: %s',
    async (kind) => {
      await expect(place(['guest', 'home'], { kind })).rejects.toThrow('it begins');
    },
  );

  it.each([[['home']], [[]], [undefined]])('begins here when these are known: %j', async (hosts) => {
    await expect(place(hosts)).rejects.toThrow('it begins');
  });
});
