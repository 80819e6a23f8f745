import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Batch, packBatch } from '#evidence/batch.ts';
import { createSpool } from '#evidence/spool.ts';
import { createEvidenceStore, type EvidenceStore } from '#evidence/store.ts';
import { type BatchStore, uploadSpool } from '#evidence/upload.ts';
import type { EvidenceReader, EvidenceRecord } from '#model/evidence.ts';
import { planRun } from '#model/plan-run.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './temporary-postgres.ts';

const machine = { cores: 2, memoryBytes: 8 * 2 ** 30, diskFreeBytes: 59e9 };
const plan = planRun({ workflow: 'SoakWave', input: { wave: 'smoke' }, machine });

let postgres: TemporaryPostgres;
let store: EvidenceStore;
let folder: string;

beforeAll(async () => {
  postgres = await startTemporaryPostgres();
  store = createEvidenceStore({ databaseUrl: postgres.databaseUrl });
  await Promise.all([store.migrate(), createMigrated()]);
  await store.migrate();
});

afterAll(async () => {
  await store.close();
  await postgres.stop();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-spool-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function createMigrated(): Promise<void> {
  const other = createEvidenceStore({ databaseUrl: postgres.databaseUrl });
  await other.migrate();
  await other.close();
}

async function inStore(statement: string): Promise<void> {
  const client = new Client({ connectionString: postgres.databaseUrl });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

const sample = (at: number): EvidenceRecord => ({
  kind: 'sample',
  at,
  role: 'gateway-1',
  incarnation: 1,
  values: { rss_bytes: at * 4_096 },
});

/** `segments` closed segments of `each` records from each of two producers. */
async function fillSpool(segments: number, each: number): Promise<void> {
  for (const producer of ['engine-0', 'sampler']) {
    for (let segment = 0; segment < segments; segment += 1) {
      const spool = createSpool({ folder, producer, incarnation: 1 });
      for (let index = 0; index < each; index += 1) spool.append(sample(1_000 + segment * each + index));
      await spool.close();
    }
  }
}

const upload = (runKey: string, into: BatchStore = store) =>
  uploadSpool({ folder, store: into, runKey, includeOpen: false, signal: new AbortController().signal });

async function readAll(reader: EvidenceReader, runKey: string): Promise<EvidenceRecord[]> {
  const records: EvidenceRecord[] = [];
  for await (const record of reader.records(runKey)) records.push(record);
  return records;
}

describe('the evidence store', () => {
  it('gives back what was spooled, in order, and no more after a second upload of the same segments', async () => {
    await fillSpool(20, 5);
    const saved: Batch[] = [];
    const recording: BatchStore = {
      async saveBatch(batch) {
        saved.push(batch);
        await store.saveBatch(batch);
      },
    };
    expect(await upload('round-trip', recording)).toMatchObject({ batches: 40, records: 200 });
    const totals = await store.totals('round-trip');
    expect(totals).toMatchObject({ batches: 40, records: 200, kinds: { sample: 200 } });
    // An uploader that died after the commit and before it marked its segments sends all of them again.
    for (const batch of saved) await store.saveBatch(batch);
    expect(await store.totals('round-trip')).toEqual(totals);
    const records = await readAll(store.reader(), 'round-trip');
    const once = Array.from({ length: 100 }, (_, index) => sample(1_000 + index));
    expect(records).toEqual([...once, ...once]);
    expect(await readAll(store.reader(), 'another-run')).toEqual([]);
  });

  it('takes the longer one of two uploads of a segment that was still open', async () => {
    const batch = { runKey: 'grown', producer: 'engine-0', incarnation: 1, sequence: 0 };
    const pack = (count: number) => {
      const records = Array.from({ length: count }, (_, index) => sample(index));
      return packBatch(batch, { records, lines: records.map((record) => JSON.stringify(record)), refused: 0 });
    };
    for (const count of [2, 5, 3]) await store.saveBatch(await pack(count));
    expect(await store.totals('grown')).toMatchObject({ batches: 1, records: 5 });
    expect(await readAll(store.reader(), 'grown')).toHaveLength(5);
  });

  it('loses and doubles nothing when its server is killed in the middle of an upload', async () => {
    await fillSpool(10, 10);
    let saves = 0;
    const dying: BatchStore = {
      async saveBatch(batch) {
        saves += 1;
        if (saves === 7) await postgres.crash();
        await store.saveBatch(batch);
      },
    };
    await expect(upload('killed', dying)).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await expect(upload('killed')).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await expect(store.listRuns(1)).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await postgres.restart();
    await upload('killed');
    expect(await store.totals('killed')).toMatchObject({ batches: 20, records: 200 });
    expect(await readAll(store.reader(), 'killed')).toHaveLength(200);
  });

  it('holds producers up in nothing while it is away: they append, and all of it arrives', async () => {
    const spool = createSpool({ folder, producer: 'sampler', incarnation: 2 });
    await postgres.crash();
    for (let at = 1; at <= 50; at += 1) {
      spool.append(sample(at));
      await setTimeout(5);
    }
    await spool.close();
    await postgres.restart();
    expect(await upload('outage')).toMatchObject({ records: 50 });
  });

  it('refuses a damaged batch with what to do, and deletes nothing', async () => {
    await fillSpool(2, 5);
    await upload('damaged');
    await inStore(`update batches set body = substring(body for 20) where run_key = 'damaged' and producer = 'sampler'
                   and sequence = 1`);
    const reading = readAll(store.reader(), 'damaged');
    await expect(reading).rejects.toMatchObject({ name: 'EvidenceRefused' });
    await expect(reading).rejects.toThrow(
      /sampler 1 1 of run damaged.*sampler\.1\.1\.ndjson\.done.*Nothing was deleted/,
    );
    expect(await store.totals('damaged')).toMatchObject({ batches: 4, records: 20 });
  });

  it('that a newer version made is refused with what to do, and left as it is', async () => {
    await fillSpool(1, 5);
    await upload('newer');
    await inStore(`insert into soakwave_migrations (version, name) values (9999, 'from-the-future')`);
    const migrating = store.migrate();
    await expect(migrating).rejects.toMatchObject({ name: 'EvidenceRefused' });
    await expect(migrating).rejects.toThrow(/newer soakwave: migration 9999.*SOAK_HOME.*Nothing was deleted/);
    expect(await store.totals('newer')).toMatchObject({ batches: 2, records: 10 });
    await inStore('delete from soakwave_migrations where version = 9999');
    await store.migrate();
  });

  it('calls a wrong statement a defect, not an outage', async () => {
    const broken = { runKey: 'x', producer: 'p', incarnation: 1, sequence: 2 ** 40, records: 0, refused: 0, kinds: {}, fromAt: undefined, toAt: undefined, body: Buffer.alloc(0) }; // prettier-ignore
    await expect(store.saveBatch(broken)).rejects.not.toMatchObject({ name: 'StoreUnavailable' });
  });
});

describe('runs in the evidence store', () => {
  const run = (runKey: string, workflowId: string, startedAt: number) => ({ runKey, workflowId, plan, planHash: `hash of ${runKey}`, startedAt }); // prettier-ignore

  it('keeps the plan that was stored first, and finds a run by key, by workflow id and as the latest', async () => {
    const first = await store.saveRun(run('run-1', 'soak/smoke/1', 1_000));
    expect(first).toEqual(run('run-1', 'soak/smoke/1', 1_000));
    const again = await store.saveRun({ ...run('run-1', 'soak/smoke/1', 2_000), planHash: 'another' });
    expect(again).toEqual(first);
    await store.saveRun(run('run-2', 'soak/smoke/1', 3_000));
    await store.saveRun(run('run-3', 'soak/small/1', 2_000));
    expect(await store.readPlan('run-1')).toEqual(first);
    expect(await store.readPlan('run-9')).toBeUndefined();
    expect(await store.resolveRun('run-1')).toBe('run-1');
    expect(await store.resolveRun('soak/smoke/1')).toBe('run-2');
    expect(await store.resolveRun('latest')).toBe('run-2');
    expect(await store.resolveRun('run-9')).toBeUndefined();
  });

  it('lists runs with their outcome, and takes a new one when a run is judged again', async () => {
    expect(await store.readResult('run-1')).toBeUndefined();
    await store.finishRun({ runKey: 'run-1', endedAt: 9_000, outcome: 'fail', result: { outcome: 'fail' } });
    await store.finishRun({ runKey: 'run-1', endedAt: 9_500, outcome: 'pass', result: { outcome: 'pass' } });
    const [latest, , oldest] = await store.listRuns(3);
    expect(latest).toEqual({ runKey: 'run-2', workflowId: 'soak/smoke/1', workflow: 'SoakWave', wave: 'smoke', startedAt: 3_000 }); // prettier-ignore
    expect(oldest).toMatchObject({ runKey: 'run-1', endedAt: 9_500, outcome: 'pass' });
    expect(await store.readResult('run-1')).toEqual({ outcome: 'pass' });
    await expect(store.finishRun({ runKey: 'run-9', endedAt: 1, outcome: 'pass', result: {} })).rejects.toThrow(
      'run-9',
    );
  });

  it('keeps one audit entry an update, however often it is delivered', async () => {
    const entry = { runKey: 'run-1', entry: 'update-1', at: 5_000, who: 'ada', what: 'pause', why: 'looking' };
    await store.appendAudit(entry);
    await store.appendAudit({ ...entry, at: 6_000 });
    expect(await store.readAudit('run-1')).toEqual([entry]);
  });
});
