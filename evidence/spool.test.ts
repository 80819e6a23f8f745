import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EvidenceRecord, GapRecord } from '#model/evidence.ts';
import { createSpool } from './spool.ts';
import { createSpoolReader } from '../test/spool-reader.ts';
import { uploadSpool } from './upload.ts';
import { type Batch, unpackBody } from './batch.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spool-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const sample = (at: number, pad = ''): EvidenceRecord => ({
  kind: 'sample',
  at,
  role: `gateway-1${pad}`,
  incarnation: 1,
  values: { rss_bytes: at },
});

async function readAll(): Promise<EvidenceRecord[]> {
  const records: EvidenceRecord[] = [];
  for await (const record of createSpoolReader(() => folder).records('run')) records.push(record);
  return records;
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 4_000;
  while (!holds() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
}

/** A store in memory; `fail` makes the next calls reject. */
function memoryStore() {
  const batches = new Map<string, Batch>();
  const state = { fail: 0 };
  return {
    batches,
    state,
    saveBatch(batch: Batch): Promise<void> {
      if (state.fail > 0) {
        state.fail -= 1;
        return Promise.reject(Object.assign(new Error('down'), { name: 'StoreUnavailable' }));
      }
      batches.set(`${batch.producer}.${batch.incarnation}.${batch.sequence}`, batch);
      return Promise.resolve();
    },
  };
}
const upload = (store: ReturnType<typeof memoryStore>, more: { includeOpen?: boolean; doneBytesMax?: number } = {}) =>
  uploadSpool({
    folder,
    store,
    runKey: 'run',
    includeOpen: false,
    isAlive: () => false,
    signal: new AbortController().signal,
    ...more,
  });

describe('createSpool', () => {
  it('gives back what was appended, in order', async () => {
    const spool = createSpool({ folder, producer: 'sampler', incarnation: 1 });
    for (let at = 1; at <= 500; at += 1) spool.append(sample(at));
    await spool.close();
    expect(readdirSync(folder)).toEqual(['sampler.1.0.ndjson']);
    expect((await readAll()).map(({ at }) => at)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  });

  it('is on disk within a second, without being closed', async () => {
    const spool = createSpool({ folder, producer: 'sampler', incarnation: 1 });
    spool.append(sample(1));
    await until(() => existsSync(join(folder, 'sampler.1.0.ndjson.part')));
    await until(() => readFileSync(join(folder, 'sampler.1.0.ndjson.part'), 'utf8').endsWith('}\n'));
    expect(await readAll()).toEqual([sample(1)]);
    await spool.close();
  });

  it('goes on with the next number, after a restart under the same name and after an upload too', async () => {
    for (const at of [1, 2]) {
      const spool = createSpool({ folder, producer: 'host', incarnation: 1 });
      spool.append(sample(at));
      await spool.close();
    }
    await upload(memoryStore(), { doneBytesMax: 0 });
    const spool = createSpool({ folder, producer: 'host', incarnation: 1 });
    spool.append(sample(3));
    await spool.close();
    expect(readdirSync(folder).sort()).toEqual(['host.1.1.ndjson.done', 'host.1.2.ndjson']);
  });

  it('begins a new segment after a megabyte', async () => {
    const spool = createSpool({ folder, producer: 'engine-0', incarnation: 1 });
    const pad = 'x'.repeat(10_000);
    for (let at = 1; at <= 150; at += 1) spool.append(sample(at, pad));
    await spool.close();
    expect(readdirSync(folder).sort()).toEqual(['engine-0.1.0.ndjson', 'engine-0.1.1.ndjson']);
    expect(await readAll()).toHaveLength(150);
  });

  it('drops what does not fit, and records one gap when there is room again', async () => {
    const gaps: GapRecord[] = [];
    const bytesMax = 200_000;
    writeFileSync(join(folder, 'other.1.0.ndjson'), 'x'.repeat(bytesMax));
    const spool = createSpool({ folder, producer: 'engine-0', incarnation: 1, bytesMax, onGap: (gap) => void gaps.push(gap) }); // prettier-ignore
    const pad = 'x'.repeat(100_000);
    for (let at = 1; at <= 60; at += 1) spool.append(sample(at, pad));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(gaps).toEqual([]);
    expect(readdirSync(folder)).toEqual(['other.1.0.ndjson']);
    rmSync(join(folder, 'other.1.0.ndjson'));
    await until(() => gaps.length > 0);
    await spool.close();
    const records = await readAll();
    const kept = records.filter(({ kind }) => kind === 'sample').length;
    expect(kept).toBeLessThan(60);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ source: 'spool-engine-0', at: kept + 1 });
    expect(gaps[0]?.reason).toContain(`${60 - kept} records lost: the spool is full`);
    expect(records.filter(({ kind }) => kind === 'gap')).toEqual(gaps);
  });

  it('loses nothing but the torn last line when its process is killed', async () => {
    const file = join(import.meta.dirname, 'spool.ts');
    const program = `
      import { createSpool } from ${JSON.stringify(file)};
      const spool = createSpool({ folder: ${JSON.stringify(folder)}, producer: 'engine-0', incarnation: 1 });
      let at = 0;
      setInterval(() => { for (let i = 0; i < 50; i += 1) spool.append({ kind: 'sample', at: at += 1, role: 'a', incarnation: 1, values: {} }); }, 5);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
    const part = join(folder, 'engine-0.1.0.ndjson.part');
    await until(() => existsSync(part) && readFileSync(part).length > 2_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const whole = readFileSync(part, 'utf8');
    writeFileSync(part, `${whole}{"kind":"sample","at":9`);
    const times = (await readAll()).map(({ at }) => at);
    expect(times.length).toBe(whole.split('\n').length - 1);
    expect(times).toEqual(times.map((_, index) => index + 1));
  });

  it('refuses a name under which its segments would not be found', () => {
    expect(() => createSpool({ folder, producer: 'Engine.0', incarnation: 1 })).toThrow('not a name of a producer');
  });
});

describe('uploadSpool', () => {
  async function spoolOf(producer: string, records: number): Promise<void> {
    const spool = createSpool({ folder, producer, incarnation: 1 });
    for (let at = 1; at <= records; at += 1) spool.append(sample(at));
    await spool.close();
  }

  it('uploads each segment once, with its counts and times', async () => {
    await spoolOf('sampler', 30);
    const store = memoryStore();
    expect(await upload(store)).toEqual({ batches: 1, records: 30, refused: 0 });
    expect(await upload(store)).toEqual({ batches: 0, records: 0, refused: 0 });
    expect(store.batches.get('sampler.1.0')).toMatchObject({
      runKey: 'run',
      kinds: { sample: 30 },
      fromAt: 1,
      toAt: 30,
    });
    expect(await readAll()).toHaveLength(30);
  });

  it('loses nothing when the store goes away in between', async () => {
    await spoolOf('engine-0', 3);
    await spoolOf('engine-1', 4);
    const store = memoryStore();
    store.state.fail = 1;
    await expect(upload(store)).rejects.toMatchObject({ name: 'StoreUnavailable' });
    expect(await upload(store)).toMatchObject({ batches: 2, records: 7 });
  });

  it('leaves an open segment alone unless its producer is dead', async () => {
    writeFileSync(join(folder, 'engine-0.1.4.ndjson.part'), `${JSON.stringify(sample(7))}\n{"kind":"sam`);
    const store = memoryStore();
    expect(await upload(store)).toMatchObject({ batches: 0 });
    const base = { folder, store, runKey: 'run', includeOpen: true, signal: new AbortController().signal };
    expect(await uploadSpool({ ...base, isAlive: () => true })).toMatchObject({ batches: 0 });
    expect(await upload(store, { includeOpen: true })).toEqual({ batches: 1, records: 1, refused: 0 });
    expect(readdirSync(folder)).toEqual(['engine-0.1.4.ndjson.done']);
  });

  it('stores what is left of a damaged segment with a gap that says so, and keeps the segment as it was found', async () => {
    const text = ['{"kind":"sample"}', 'nonsense', JSON.stringify(sample(1)), JSON.stringify(sample(9)), ''].join('\n');
    writeFileSync(join(folder, 'engine-0.1.0.ndjson'), text);
    const store = memoryStore();
    expect(await upload(store, { doneBytesMax: 0 })).toEqual({ batches: 1, records: 3, refused: 2 });
    const [batch] = store.batches.values();
    const [, , gap] = await unpackBody(batch?.body ?? Buffer.alloc(0));
    expect(gap).toMatchObject({ kind: 'gap', at: 1, until: 9, source: 'spool-engine-0' });
    expect(gap?.kind === 'gap' && gap.reason).toBe(
      '2 damaged lines; what is left of them is in engine-0.1.0.ndjson.damaged',
    );
    expect(readFileSync(join(folder, 'engine-0.1.0.ndjson.damaged'), 'utf8')).toBe(text);
    expect(await upload(store)).toMatchObject({ batches: 0 });
  });

  it('takes a folder that is not there for an empty spool', async () => {
    rmSync(folder, { recursive: true });
    expect(await upload(memoryStore())).toMatchObject({ batches: 0 });
  });
});
