import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArchiveWatch } from '#cli/evidence-report.ts';
import { packBatch } from '#evidence/batch.ts';
import { createEvidenceStore } from '#evidence/store.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import { type Context, createContext } from '#workers/wiring/context.ts';
import { readEnvironment } from '#workers/wiring/environment.ts';
import { createEvidenceDesk } from '#workers/wiring/evidence-desk.ts';
import { createJudgeDesk } from '#workers/wiring/judged-runs.ts';
import { keepVerdict, verdictText } from '#workers/wiring/kept-verdict.ts';
import { planHashOf, writePlanFile } from '#workers/wiring/run-plan.ts';
import { reckonVerdict } from '#workers/wiring/verdict-reckoner.ts';
import { syntheticMeta, syntheticPlan, syntheticRecords, syntheticRequest } from '../synthetic-run.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './temporary-postgres.ts';

const { runKey, workflowId } = syntheticMeta;
const plan = syntheticPlan();
const planHash = planHashOf(plan);
const request = syntheticRequest(planHash);
const linesABatch = 400;

let postgres: TemporaryPostgres;
let folder: string;
let here: Machine;
let elsewhere: Machine;

/** One machine with a store and a state folder of its own, as far as evidence is concerned; Temporal knows of no run. */
interface Machine extends ReturnType<typeof createJudgeDesk>, ReturnType<typeof createEvidenceDesk> {
  readonly context: Context;
  readonly inStore: (statement: string, values?: unknown[]) => Promise<unknown[]>;
}

async function createMachine(name: string): Promise<Machine> {
  const url = new URL(postgres.databaseUrl);
  await statement(postgres.databaseUrl, `create database ${name}`);
  url.pathname = `/${name}`;
  const environment = { ...readEnvironment({}), stateFolder: join(folder, name) };
  const store = createEvidenceStore({ databaseUrl: url.href });
  await store.migrate();
  const context: Context = { ...createContext(environment, pino({ level: 'silent' })), store };
  const connect = () => Promise.reject(new Error('there is no Temporal here'));
  return {
    ...{ context, ...createJudgeDesk(context), ...createEvidenceDesk(context, connect) },
    inStore: (text, values = []) => statement(url.href, text, values),
  };
}

async function statement(url: string, text: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<object>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** As a run leaves it: plan, batches, a checkpoint, an order, the verdict, the result. */
async function storeRun(context: Context): Promise<string> {
  const { store } = context;
  await store.saveRun({ runKey, workflowId, plan, planHash, startedAt: 1_000 });
  writePlanFile(context.runPlaces(request), plan);
  writeFileSync(join(context.runPlaces(request).folder, 'report.html'), '<p>ü</p>');
  const records = [...syntheticRecords(plan)];
  for (let sequence = 0; sequence * linesABatch < records.length; sequence += 1) {
    const part = records.slice(sequence * linesABatch, (sequence + 1) * linesABatch);
    const lines = part.map((record) => JSON.stringify(record));
    const identity = { runKey, producer: 'all', incarnation: 1, sequence };
    await store.saveBatch(await packBatch(identity, { records: part, lines, refused: 0 }));
  }
  await store.saveCheckpoint(runKey, {
    ...{ number: 1, upTo: 1_500, outcome: 'pass', headline: 'so far', reasons: ['none'], seconds: 0.25, records: 10 },
  });
  await store.appendAudit({ runKey, entry: 'update-1', at: 1_200, who: 'ada', what: 'pause', why: 'looking' });
  const { verdict } = await reckonVerdict(context, request);
  await keepVerdict(context, request, verdict);
  await store.finishRun({ runKey, endedAt: 9_000, outcome: verdict.outcome, result: { runId: runKey, verdict } });
  return verdictText(verdict);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-archives-'));
  postgres = await startTemporaryPostgres();
  here = await createMachine('here');
  elsewhere = await createMachine('elsewhere');
});
afterAll(async () => {
  for (const { context } of [here, elsewhere]) await context.store.close();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const watch = (signal = new AbortController().signal, onProgress: ArchiveWatch['onProgress'] = () => undefined) => ({
  signal,
  onProgress,
});
const file = (): string => join(folder, 'run.soak');
const tables = ['runs', 'batches', 'checkpoints', 'audit', 'verdicts'];
const countRows = async ({ inStore }: Machine): Promise<string[]> => {
  const counts = tables.map((table) => inStore(`select '${table}' as name, count(*) from ${table}`));
  return (await Promise.all(counts)).flat().map((row) => Object.values(row as object).join(' '));
};

describe('a run’s evidence', () => {
  let told: string;
  it('gives the verdict that was told, to the byte, here and on a machine that it was exported to', async () => {
    told = await storeRun(here.context);
    const [judged] = await here.judgeRuns([runKey]);
    expect(judged).toMatchObject({ outcome: 'pass', same: true, differences: [] });

    const seen: number[] = [];
    const exported = await here.evidence.exportRun(
      { run: 'latest', to: file(), force: false },
      watch(undefined, (done) => seen.push(done)),
    );
    expect(exported).toMatchObject({ run: runKey, workflowId, came: 'exported', outcome: 'pass' });
    expect(seen.at(-1)).toBe(exported.batches);
    // Whole on the other machine, where nothing was before.
    expect(await elsewhere.evidence.importRun(file(), watch())).toMatchObject({ came: 'imported' });
    expect(await countRows(elsewhere)).toEqual(await countRows(here));
    const [judgedThere] = await elsewhere.judgeRuns([workflowId]);
    expect(judgedThere).toMatchObject({ same: true });
    expect(judgedThere === undefined ? '' : verdictText(judgedThere.verdict)).toBe(told);
    const [ofArchive] = await elsewhere.judgeRuns([file()]);
    expect(ofArchive === undefined ? '' : verdictText(ofArchive.verdict)).toBe(told);
    expect(readFileSync(join(elsewhere.context.runPlaces(request).folder, 'report.html'), 'utf8')).toBe('<p>ü</p>');
    const [listed] = await elsewhere.context.store.listImported(10);
    expect(listed).toMatchObject({ runKey, workflowId, outcome: 'pass', importedAt: expect.any(Number) as number });
    expect(await here.context.store.listImported(10)).toEqual([]);
  });

  it('is the same when it is imported again, exported from there, or imported where it came from', async () => {
    const before = await countRows(elsewhere);
    rmSync(join(elsewhere.context.runPlaces(request).folder, 'report.html'));
    expect(await elsewhere.evidence.importRun(file(), watch())).toMatchObject({ came: 'present' });
    expect(existsSync(join(elsewhere.context.runPlaces(request).folder, 'report.html'))).toBe(true);
    expect(await countRows(elsewhere)).toEqual(before);
    const onward = join(folder, 'onward.soak');
    await elsewhere.evidence.exportRun({ run: runKey, to: onward, force: false }, watch());
    expect(await here.evidence.importRun(onward, watch())).toMatchObject({ came: 'present' });
  });

  it('is not there in part when an import is interrupted, and a second one does it', async () => {
    const third = await createMachine('third');
    const controller = new AbortController();
    const interrupted = third.evidence.importRun(
      file(),
      watch(controller.signal, () => {
        controller.abort();
      }),
    );
    await expect(interrupted).rejects.toMatchObject({ name: 'AbortError' });
    expect(await countRows(third)).toEqual(tables.map((table) => `${table} 0`));
    expect(existsSync(third.context.runPlaces(request).folder)).toBe(false);
    expect(await third.evidence.importRun(file(), watch())).toMatchObject({ came: 'imported' });
    await third.context.store.close();
  });

  it('that is bad in a file changes nothing, and the file is named with what is wrong', async () => {
    const bad = join(folder, 'bad.soak');
    const whole = readFileSync(file());
    writeFileSync(bad, whole.subarray(0, whole.length - 20));
    const before = await countRows(elsewhere);
    const importing = elsewhere.evidence.importRun(bad, watch());
    await expect(importing).rejects.toMatchObject({ name: 'UsageError' });
    await expect(importing).rejects.toThrow(/bad\.soak: it is cut off.*Nothing was taken from it/);
    expect(await countRows(elsewhere)).toEqual(before);
  });

  it('leaves nothing when an export is interrupted, and replaces a file only when told to', async () => {
    const controller = new AbortController();
    const order = { run: runKey, to: join(folder, 'part.soak'), force: false };
    const before = readdirSync(folder);
    const exporting = here.evidence.exportRun(
      order,
      watch(controller.signal, () => {
        controller.abort();
      }),
    );
    await expect(exporting).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(folder)).toEqual(before);
    await expect(here.evidence.exportRun({ ...order, to: file() }, watch())).rejects.toThrow('--force');
    await here.evidence.exportRun({ ...order, to: file(), force: true }, watch());
  });

  it('says its size, and what 48 hours would take', async () => {
    const size = await here.evidence.size('latest');
    expect(size).toMatchObject({ run: runKey, bytesIn48HoursMax: 2e9 });
    const { bytes, spanMs, bytesIn48Hours } = size;
    expect(bytesIn48Hours).toBeCloseTo((bytes / spanMs) * 48 * 3_600_000);
    await expect(here.evidence.size('nothing')).rejects.toMatchObject({ name: 'UsageError' });
  });

  it('of which one stored sample was changed gives another verdict, which names the question', async () => {
    const rows = await elsewhere.inStore('select sequence, body from batches order by sequence');
    const isLedger = (record: EvidenceRecord): boolean => record.kind === 'ledger';
    const victim = (rows as { sequence: number; body: Buffer }[]).find(({ body }) => recordsIn(body).some(isLedger));
    if (victim === undefined) throw new Error('there is no ledger');
    const changed = recordsIn(victim.body).map((record) =>
      record.kind === 'ledger' ? { ...record, iterationsFailed: record.iterationsFailed + 1_000 } : record,
    );
    const body = gzipSync(changed.map((record) => `${JSON.stringify(record)}\n`).join(''));
    await elsewhere.inStore('update batches set body = $1 where sequence = $2', [body, victim.sequence]);
    const [judged] = await elsewhere.judgeRuns([runKey]);
    expect(judged).toMatchObject({ same: false, outcome: 'fail', told: { outcome: 'pass' }, isCodeChanged: false });
    expect(judged?.differences).toContainEqual(
      expect.objectContaining({ question: 'error-rate', what: 'outcome', told: '"pass"', now: '"fail"' }),
    );
    const again = elsewhere.evidence.importRun(file(), watch());
    await expect(again).rejects.toMatchObject({ name: 'UsageError' });
    await expect(again).rejects.toThrow(
      new RegExp(`run ${runKey} is in the evidence store here already.*batch differ`),
    );
  });
});

const recordsIn = (body: Buffer): EvidenceRecord[] =>
  gunzipSync(body)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as EvidenceRecord);
