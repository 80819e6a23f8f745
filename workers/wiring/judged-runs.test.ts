import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ArchiveEntry,
  type ArchiveHeader,
  archiveVersion,
  type EntryOf,
} from '#evidence/archive/archive-entry.ts';
import { writeArchive } from '#evidence/archive/archive-writer.ts';
import { canonicalJson } from '#model/canonical-json.ts';
import type { EvidenceRecord } from '#model/evidence.ts';
import { syntheticMeta, syntheticPlan, syntheticRecords, syntheticRequest } from '../../test/synthetic-run.ts';
import { createContext } from './context.ts';
import { readEnvironment } from './environment.ts';
import { createJudgeDesk } from './judged-runs.ts';
import { judgeHere, verdictText } from './kept-verdict.ts';
import { planHashOf } from './run-plan.ts';
import { reckonFrom } from './verdict-reckoner.ts';

const { runKey, workflowId } = syntheticMeta;
const plan = syntheticPlan();
const planHash = planHashOf(plan);
const request = syntheticRequest(planHash);
const records = [...syntheticRecords(plan)];
async function* stream(list: readonly EvidenceRecord[]): AsyncIterable<EvidenceRecord> {
  for (const record of list) yield await Promise.resolve(record);
}
const environment = readEnvironment({});
const desk = createJudgeDesk(createContext(environment, pino({ level: 'silent' })));

let folder: string;
let told: EntryOf<'verdict'>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-judge-'));
  const { verdict } = await reckonFrom(plan, stream(records), request);
  told = {
    ...{ entry: 'verdict', basis: canonicalJson(request), verdict: verdictText(verdict) },
    ...{ ...judgeHere(environment.home), judgedAt: 2_000 },
  };
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const textOf = (list: readonly EvidenceRecord[]): string =>
  list.map((record) => `${JSON.stringify(record)}\n`).join('');

/** An archive of the synthetic run, with what is to be otherwise in it. */
async function archive(
  changes: {
    run?: Partial<EntryOf<'run'>>;
    verdict?: Partial<EntryOf<'verdict'>> | undefined;
    records?: EvidenceRecord[];
  } = {},
): Promise<string> {
  const path = join(folder, 'run.soak');
  const list: ArchiveEntry[] = [
    {
      ...{ entry: 'run', runKey, workflowId, workflow: 'SoakWave', wave: plan.wave, plan, planHash, startedAt: 1 },
      ...changes.run,
    },
    ...('verdict' in changes && changes.verdict === undefined ? [] : [{ ...told, ...changes.verdict }]),
    {
      ...{ entry: 'batch', producer: 'all', incarnation: 1, sequence: 0, refused: 0 },
      text: textOf(changes.records ?? records),
    },
  ];
  const contents = { records: records.length, checkpoints: 0, audit: 0, files: 0, storedBytes: 0, fileBytes: 0 };
  const header: ArchiveHeader = {
    ...{ archive: 'soakwave evidence', formatVersion: archiveVersion, runKey, workflowId, version: '0.1.0' },
    ...{ exportedAt: '2026-11-23T19:00:00.000Z', contents: { batches: 1, ...contents } },
  };
  async function* entries(): AsyncIterable<ArchiveEntry> {
    for (const entry of list) yield await Promise.resolve(entry);
  }
  const options = { force: true, signal: new AbortController().signal };
  await writeArchive(path, { header, entries: entries() }, options);
  return path;
}

const judge = async (path: string) => (await desk.judgeRuns([path]))[0];

describe('a run that is judged again', () => {
  it('comes to the same verdict, to the byte, from its archive alone', async () => {
    const judged = await judge(await archive());
    expect(judged).toMatchObject({ run: runKey, workflowId, outcome: 'pass', same: true, differences: [] });
    expect(judged === undefined ? '' : verdictText(judged.verdict)).toBe(told.verdict);
  });

  it('that has lost its samples comes to another verdict, and each question is named', async () => {
    const path = await archive({ records: records.filter(({ kind }) => kind !== 'sample') });
    const judged = await judge(path);
    expect(judged).toMatchObject({ same: false, told: { outcome: 'pass' }, isCodeChanged: false });
    expect(judged?.outcome).not.toBe('pass');
    expect(judged?.differences).toContainEqual({
      what: 'outcome',
      told: '"pass"',
      now: JSON.stringify(judged?.outcome),
    });
    expect(judged?.differences.map(({ question }) => question)).toContain('samples-present');
  });

  it('of whose figures one was changed is not the same, though the outcome is', async () => {
    const slower = records.map((record) => (record.kind === 'operation' ? { ...record, ok: record.ok + 1 } : record));
    const judged = await judge(await archive({ records: slower }));
    expect(judged).toMatchObject({ same: false });
    expect(judged?.differences.length).toBeGreaterThan(0);
  });

  it('whose stored verdict, outcome or result was made better is found out', async () => {
    const better = told.verdict.replace('"outcome":"pass"', '"outcome":"fail"');
    expect(await judge(await archive({ verdict: { verdict: better } }))).toMatchObject({ same: false });
    expect((await judge(await archive({ run: { outcome: 'fail' } })))?.differences).toEqual([
      { what: 'outcome, of the run', told: '"fail"', now: '"pass"' },
    ]);
    const result = { verdict: JSON.parse(better) as unknown };
    const named = (await judge(await archive({ run: { result } })))?.differences.map(({ what }) => what);
    expect(named).toContain('outcome, in result.json');
  });

  it('says when the code that judges is another one', async () => {
    expect(await judge(await archive({ verdict: { judgeCode: 'another' } }))).toMatchObject({ isCodeChanged: true });
  });

  it('is refused when its plan is not the one that was agreed on, or is none', async () => {
    const changed = { ...plan, promises: plan.promises.slice(0, 1) };
    await expect(judge(await archive({ run: { plan: changed } }))).rejects.toMatchObject({ name: 'EvidenceRefused' });
    await expect(judge(await archive({ run: { plan: {} } }))).rejects.toMatchObject({ name: 'EvidenceRefused' });
    const basis = canonicalJson({ ...request, planHash: 'another' });
    await expect(judge(await archive({ verdict: { basis } }))).rejects.toMatchObject({ name: 'EvidenceRefused' });
    for (const none of ['{}', 'no JSON', canonicalJson({ ...request, steps: 3 })]) {
      await expect(judge(await archive({ verdict: { basis: none } }))).rejects.toMatchObject({
        name: 'EvidenceRefused',
      });
    }
  });

  it('has to have been judged before', async () => {
    await expect(judge(await archive({ verdict: undefined }))).rejects.toMatchObject({ name: 'NoVerdict' });
  });

  it('from lines that are no records is refused, and names its batch', async () => {
    const odd = [...records, { kind: 'odd', at: 1 } as unknown as EvidenceRecord];
    await expect(judge(await archive({ records: odd }))).rejects.toThrow(
      /batch all 1 0 has 1 lines.*Nothing was taken/,
    );
  });
});

describe('a word', () => {
  it('names a file of series, an archive, or, when there is no such file, a run', async () => {
    const series = join(folder, 'rss.ndjson');
    writeFileSync(series, '{"series":"rss"}\n');
    const kinds = await desk.kindsOf([series, await archive(), 'latest', folder, 'soak/smoke/2026-11-23T18-01']);
    expect(kinds).toEqual(['series', 'archive', 'run', 'run', 'run']);
  });

  it('that ends as a file does and is none is a file that is missing: no store is asked', async () => {
    expect(await desk.kindsOf(['missing.ndjson', 'missing.soak'])).toEqual(['series', 'archive']);
    await expect(desk.judgeRuns(['missing.soak'])).rejects.toThrow(/missing\.soak.*ENOENT/);
  });
});
