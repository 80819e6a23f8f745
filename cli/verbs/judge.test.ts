import { describe, expect, it } from 'vitest';
import type { Outcome } from '#model/verdict.ts';
import { soak } from '../../test/command-line.ts';
import type { JudgedFile } from '../judged-file.ts';

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
    expect((await soak(['judge', 'a', 'b'], { service: judging(...files, fileOf('c', 'fail')) })).code).toBe(1);
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
