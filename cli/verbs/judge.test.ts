import { describe, expect, it } from 'vitest';
import type { Outcome } from '#model/verdict.ts';
import { soak } from '../../test/command-line.ts';
import type { JudgedFile } from '../judged-file.ts';
import type { JudgedRun } from '../judged-run.ts';

const series = {
  ...{ series: 'rss', incarnation: 'gw1#1', slopePerHour: 502_000, low: 490_000, high: 510_000 },
  ...{ detectablePerHour: 160_000, needHours: 12, warmUpEnds: 1, reasons: ['it rises'] },
};
const fileOf = (file: string, outcome: Outcome): JudgedFile => ({
  file,
  outcome,
  series: [{ ...series, outcome }],
});
const judging = (...judged: JudgedFile[]) => ({ judgeFiles: () => Promise.resolve(judged) });

const by = { judgeCode: 'aaa', version: '0.1.0' };
const runOf = (run: string, changes: Partial<JudgedRun> = {}): JudgedRun => ({
  ...{ run, workflowId: `soak/${run}`, outcome: 'pass', same: true, differences: [], isCodeChanged: false },
  ...{ told: { outcome: 'pass', at: '2026-11-23T18:00:00Z', ...by }, here: by },
  verdict: { outcome: 'pass', headline: 'all 3 promises held', answers: [], notCovered: [] },
  ...changes,
});
const differing = runOf('tampered', {
  ...{ same: false, differences: [{ question: 'error-rate', what: 'measured', told: '0.1', now: '0.2' }] },
});
const judgingRuns = (...judged: JudgedRun[]) => ({
  kindsOf: (names: readonly string[]) =>
    Promise.resolve(names.map((name) => (name.endsWith('.ndjson') ? ('series' as const) : ('run' as const)))),
  judgeRuns: () => Promise.resolve(judged),
});

describe('soak judge', () => {
  it('asks for what is allowed unless it is told otherwise', async () => {
    const { asked } = await soak(['judge', 'a.ndjson']);
    const allowedPerHour = { bytes: 100_000, count: 1 };
    expect(asked[0]).toEqual(['judgeFiles', { files: ['a.ndjson'], allowedPerHour, settlesWithinHours: 8 }]);
    const told = await soak(['judge', 'a', 'b', '--allow', '0.5MB/h,2/h', '--settles-within', '30m']);
    expect(told.asked[0]?.[1]).toEqual({
      files: ['a', 'b'],
      allowedPerHour: { bytes: 500_000, count: 2 },
      settlesWithinHours: 0.5,
    });
  });

  it('exits with the worst of its files', async () => {
    const files = [fileOf('a', 'pass'), fileOf('b', 'inconclusive')];
    expect((await soak(['judge', 'a', 'b'], { service: judging(...files) })).code).toBe(2);
    expect((await soak(['judge', 'a', 'b', 'c'], { service: judging(...files, fileOf('c', 'fail')) })).code).toBe(1);
    expect((await soak(['judge', 'a'], { service: judging(fileOf('a', 'pass')) })).code).toBe(0);
  });

  it('shows a table with the reasons of what did not pass, or JSON', async () => {
    const service = judging(fileOf('a.ndjson', 'fail'));
    const { out } = await soak(['judge', 'a.ndjson'], { service });
    expect(out).toMatch(/^a\.ndjson: fail\n {2}series .*\n {2}rss {5}gw1#1 .* 502,000/);
    expect(out).toContain('rss of gw1#1: it rises.');
    expect(JSON.parse((await soak(['judge', 'a.ndjson', '--json'], { service })).out)).toEqual([
      fileOf('a.ndjson', 'fail'),
    ]);
  });

  it.each([[[]], [['a', '--allow', '1']], [['a', '--allow', '0MB/h']], [['a', '--settles-within', 'soon']]])(
    'refuses %j',
    async (words) => {
      expect(await soak(['judge', ...words])).toMatchObject({ code: 64, created: 0 });
    },
  );
});

describe('soak judge of a run', () => {
  it('exits as the run did when its verdict is the same, and says so', async () => {
    const { code, out } = await soak(['judge', 'latest'], { service: judgingRuns(runOf('key-1')) });
    expect(code).toBe(0);
    expect(out).toBe('soak/key-1 (key-1): pass, the same as was told at 2026-11-23 18:00:00\n  all 3 promises held');
    const failed = runOf('key-1', { outcome: 'fail' });
    expect((await soak(['judge', 'latest'], { service: judgingRuns(failed) })).code).toBe(1);
  });

  it('exits with 65 when it is not, whatever the outcome and whatever the others', async () => {
    const { code, out } = await soak(['judge', 'tampered'], { service: judgingRuns(differing) });
    expect(code).toBe(65);
    expect(out).toContain('NOT THE SAME: pass was told');
    expect(out).toContain('error-rate: measured: told 0.1, now 0.2');
    expect(out).toContain('The code that judges is the same as then');
    const failed = runOf('b', { outcome: 'fail' });
    expect((await soak(['judge', 'b', 'a'], { service: judgingRuns(failed, differing) })).code).toBe(65);
  });

  it('says beside a difference when the judge is another one than then', async () => {
    const service = judgingRuns({ ...differing, isCodeChanged: true, here: { judgeCode: 'bbb', version: '0.2.0' } });
    expect((await soak(['judge', 'x'], { service })).out).toContain('0.1.0 (aaa) then, 0.2.0 (bbb) now');
  });

  it('judges runs beside files, an element each, in the order of the words', async () => {
    const service = { ...judgingRuns(runOf('key-1')), ...judging(fileOf('a.ndjson', 'inconclusive')) };
    const { code, out } = await soak(['judge', 'a.ndjson', 'key-1', '--json'], { service });
    expect(JSON.parse(out)).toMatchObject([{ file: 'a.ndjson' }, { run: 'key-1', same: true }]);
    expect(code).toBe(2);
  });

  it('refuses what is said of series alone', async () => {
    const { code, err } = await soak(['judge', 'key-1', '--allow', '1/h'], { service: judgingRuns(runOf('key-1')) });
    expect(code).toBe(64);
    expect(err).toContain('key-1');
  });

  it.each([
    ['NoVerdict', 2],
    ['EvidenceRefused', 65],
    ['NotUp', 69],
    ['UsageError', 64],
  ])('ends with a sentence and no trace for %s', async (name, code) => {
    const judgeRuns = () => Promise.reject(Object.assign(new Error('because of that'), { name }));
    const ended = await soak(['judge', 'x'], { service: { ...judgingRuns(), judgeRuns } });
    expect(ended).toMatchObject({ code, err: 'because of that', out: '' });
  });
});
