import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PlantedDefect } from '#model/defect.ts';
import type { Cache } from '../cache.ts';
import type { Catalog } from '../catalog.ts';
import type { Database } from '../database.ts';
import { GatewayOptions } from '../options.ts';
import type { Tool } from '../tool.ts';
import type { ToolWrites } from '../tool-writes.ts';
import { createHoard } from './hoard.ts';
import { latencyCreep } from './latency-creep.ts';
import { leakPerFault } from './leak-per-fault.ts';
import { plantDefects } from './plant.ts';

const common = { seed: 7, databaseUrl: 'postgres://nobody@127.0.0.1:1/none', instance: 'gateway-1' };

function plant(...planted: PlantedDefect[]) {
  const options = { port: 0, ...common, redisUrl: 'redis://127.0.0.1:1', secretFile: 'none', peers: [], l1BytesMax: 1, databasePoolMax: 1 }; // prettier-ignore
  const { seed, ...rest } = options;
  return plantDefects(GatewayOptions.parse({ ...rest, defects: planted.length === 0 ? {} : { planted, seed } }));
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
  vi.useRealTimers();
});

const toolOf = (id: number, teamId: number | null = null): Tool => ({
  ...{ id, name: `tool ${id}`, description: '', scope: teamId === null ? 'private' : 'team', ownerId: 1, teamId },
  ...{ createdAt: '', updatedAt: '' },
});

/** A database that answers every query with the same rows and notes what it was asked. */
function databaseOf(rows: unknown[] = []): { database: Database; asked: unknown[][] } {
  const asked: unknown[][] = [];
  const database = {
    rows: (name: string, _text: string, values: unknown[]) => {
      asked.push([name, ...values]);
      return Promise.resolve(rows);
    },
  } as unknown as Database;
  return { database, asked };
}

describe('a gateway without defects', () => {
  it('has its parts as they were made', () => {
    const healthy = plant();
    const [cache, catalog, writes] = [{} as Cache, {} as Catalog, {} as ToolWrites];
    const { database } = databaseOf();
    expect(healthy.cache(cache)).toBe(cache);
    expect(healthy.catalog(catalog, database)).toBe(catalog);
    expect(healthy.writes(writes, database)).toBe(writes);
  });

  it('takes no defect that nobody has written', () => {
    expect(() => plant({ name: 'leak-per-thought' as never, amount: 1 })).toThrow();
  });
});

describe('a hoard', () => {
  it('keeps what it is given until its bound, and no more', () => {
    const hoard = createHoard(1_000);
    for (let index = 0; index < 20; index += 1) hoard.keep(90, index % 2 === 0 ? 'on-heap' : 'beside-heap');
    expect(hoard.bytes).toBe(990);
  });
});

describe('leak-per-request', () => {
  it('keeps its bytes of each request of the API, and nothing of probes', async () => {
    const app = fastify();
    plant({ name: 'leak-per-request', amount: 1_000_000 }).prepare(app);
    app.get('/v1/tools', () => 'tools');
    app.get('/metrics', () => 'metrics');
    const grownBy = async (url: string): Promise<number> => {
      const before = process.memoryUsage().arrayBuffers;
      for (let index = 0; index < 30; index += 1) await app.inject({ url });
      return process.memoryUsage().arrayBuffers - before;
    };
    expect(await grownBy('/v1/tools')).toBeGreaterThanOrEqual(29e6);
    expect(await grownBy('/metrics')).toBeLessThan(10e6);
    await app.close();
  });
});

describe('leak-by-timer', () => {
  it('keeps its bytes each second, on the heap', () => {
    vi.useFakeTimers();
    ends.push(plant({ name: 'leak-by-timer', amount: 1_000_000 }).start());
    const before = process.memoryUsage().heapUsed;
    vi.advanceTimersByTime(30_000);
    expect(process.memoryUsage().heapUsed - before).toBeGreaterThan(25e6);
  });
});

describe('leak-per-fault', () => {
  it('keeps its bytes each time that the process was stopped, and none while it is only busy', () => {
    vi.useFakeTimers();
    let at = 0;
    const defect = leakPerFault({ ...common, amount: 5_000_000 }, () => at);
    ends.push(defect.start?.() ?? (() => undefined));
    const goOn = (ms: number): number => {
      const before = process.memoryUsage().arrayBuffers;
      at += ms;
      vi.advanceTimersByTime(200);
      return process.memoryUsage().arrayBuffers - before;
    };
    expect(goOn(700)).toBeLessThan(1e6);
    expect(goOn(2_200)).toBeGreaterThanOrEqual(5e6);
    expect(goOn(200)).toBeLessThan(1e6);
  });
});

describe('descriptor-leak', () => {
  const openFiles = (): number => readdirSync('/proc/self/fd').length;

  it('opens files and leaves them open, five hundred at most, and closes them when its gateway ends', () => {
    vi.useFakeTimers();
    const before = openFiles();
    const end = plant({ name: 'descriptor-leak', amount: 6_000 }).start();
    vi.advanceTimersByTime(1_000);
    expect(openFiles() - before).toBeGreaterThanOrEqual(90);
    vi.advanceTimersByTime(20_000);
    expect(openFiles() - before).toBeLessThanOrEqual(510);
    end();
    expect(openFiles()).toBeLessThanOrEqual(before + 10);
  });
});

describe('connection-leak', () => {
  it('does not end a gateway whose database is away', async () => {
    ends.push(plant({ name: 'connection-leak', amount: 120 }).start());
    await sleep(1_100);
    expect(true).toBe(true);
  });
});

describe('gc-storm', () => {
  it('collects over and over', async () => {
    const collections: string[] = [];
    const observer = new PerformanceObserver((list) => {
      for (const { name } of list.getEntries()) collections.push(name);
    });
    observer.observe({ entryTypes: ['gc'] });
    const end = plant({ name: 'gc-storm', amount: 20 }).start();
    await vi.waitFor(() => {
      expect(collections.length).toBeGreaterThanOrEqual(3);
    }, 10_000);
    end();
    observer.disconnect();
  });
});

describe('cache-never-evicts', () => {
  it('keeps what replaces a value of the same key, and nothing that is new', async () => {
    const value = Buffer.alloc(1_000);
    const cache = { read: ({ load }) => load(), bytes: 5, counts: {} } as Partial<Cache> as Cache;
    const spoiled = plant({ name: 'cache-never-evicts', amount: 3 }).cache(cache);
    const read = { key: 'key', tags: [], load: () => Promise.resolve(value) };
    expect(await spoiled.read(read)).toBe(value);
    expect(spoiled.bytes).toBe(5);
    await spoiled.read(read);
    await spoiled.read(read);
    await spoiled.read({ ...read, key: 'another' });
    expect(await spoiled.read({ ...read, load: () => Promise.resolve(undefined) })).toBeUndefined();
    expect(spoiled.bytes).toBe(5 + 2 * 3 * 1_000);
  });
});

describe('lost-write', () => {
  it('acknowledges one creation in so many that is gone, and the same ones with the same seed', async () => {
    const lostIn = async (): Promise<unknown[][]> => {
      let made = 0;
      const writes = { create: () => Promise.resolve(toolOf((made += 1))) } as Partial<ToolWrites> as ToolWrites;
      const { database, asked } = databaseOf();
      const spoiled = plant({ name: 'lost-write', amount: 4 }).writes(writes, database);
      const principal = { userId: 1, teamIds: new Int32Array(), serverIds: new Int32Array() };
      for (let index = 1; index <= 12; index += 1)
        expect((await spoiled.create(principal, 'name', 'text')).id).toBe(index);
      return asked;
    };
    const lost = await lostIn();
    expect(lost).toHaveLength(3);
    expect(await lostIn()).toEqual(lost);
  });
});

describe('scope-leak', () => {
  it('puts a tool of another team into one list in so many, in its place', async () => {
    const own = Buffer.from(JSON.stringify({ tools: [toolOf(3, 9), toolOf(8, 9)] }));
    const catalog = { teamTools: () => Promise.resolve(own) } as Partial<Catalog> as Catalog;
    const { database } = databaseOf([toolOf(5, 2)]);
    const spoiled = plant({ name: 'scope-leak', amount: 3 }).catalog(catalog, database);
    const lists: number[][] = [];
    for (let index = 0; index < 6; index += 1) {
      const { tools } = JSON.parse((await spoiled.teamTools(9, 50, true)).toString()) as { tools: Tool[] };
      lists.push(tools.map(({ id }) => id));
    }
    expect(lists.filter((ids) => ids.includes(5))).toEqual([
      [3, 5, 8],
      [3, 5, 8],
    ]);
    expect(lists.filter((ids) => !ids.includes(5))).toHaveLength(4);
  });

  it('answers as it should where there is no other team’s tool', async () => {
    const own = Buffer.from(JSON.stringify({ tools: [] }));
    const catalog = { teamTools: () => Promise.resolve(own) } as Partial<Catalog> as Catalog;
    const spoiled = plant({ name: 'scope-leak', amount: 1 }).catalog(catalog, databaseOf([]).database);
    expect(await spoiled.teamTools(9, 50, true)).toBe(own);
  });
});

describe('latency-creep', () => {
  it('answers later and later, half a second at most, and probes at once', async () => {
    let at = 0;
    const app = fastify();
    latencyCreep({ ...common, amount: 60 }, () => at).prepare?.(app);
    app.get('/v1/tools', () => 'tools');
    app.get('/ready', () => 'ready');
    const delays: number[] = [];
    const timer = vi.spyOn(globalThis, 'setTimeout');
    const ask = async (url: string, minutes: number): Promise<void> => {
      at = minutes * 60_000;
      await app.ready();
      timer.mockClear();
      await app.inject({ url });
      delays.push(timer.mock.calls.findLast(([, ms]) => ms !== undefined && ms <= 500)?.[1] ?? 0);
    };
    await ask('/v1/tools', 1);
    await ask('/v1/tools', 3);
    await ask('/v1/tools', 100);
    await ask('/ready', 100);
    expect(delays.slice(0, 3)).toEqual([0, 120, 500]);
    expect(delays[3]).toBe(0);
    await app.close();
  });
});

describe('several defects', () => {
  it('are planted together', async () => {
    const both = plant({ name: 'lost-write', amount: 1 }, { name: 'scope-leak', amount: 1 });
    const { database, asked } = databaseOf();
    const writes = { create: () => Promise.resolve(toolOf(1)) } as Partial<ToolWrites> as ToolWrites;
    await both.writes(writes, database).create({ userId: 1, teamIds: new Int32Array(), serverIds: new Int32Array() }, 'a', ''); // prettier-ignore
    const catalog = { teamTools: () => Promise.resolve(Buffer.from('{"tools":[]}')) } as Partial<Catalog> as Catalog;
    await both.catalog(catalog, database).teamTools(1, 1, true);
    expect(asked.map(([name]) => name)).toEqual(['lost-write', 'scope-leak']);
  });
});
