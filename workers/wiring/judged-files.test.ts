import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { JudgedFile } from '#cli/judged-file.ts';
import { families, generate } from '#verdict/leak-bench/families.ts';
import { judgeFiles } from './judged-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'soakwave-judged-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const order = { allowedPerHour: { bytes: 0.1e6, count: 1 }, settlesWithinHours: 8 };

function write(name: string, lines: readonly (object | string)[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  return path;
}

function linesOf(name: string): object[] {
  const family = families.find((each) => each.name === name);
  if (family === undefined) throw new Error(`there is no family ${name}`);
  const [life] = generate(family, { hours: 24, samples: 3_000, seed: 11 });
  const { moments, cut } = life ?? { moments: [], cut: [] };
  const samples = moments.map((moment) => ({ series: 'rss', incarnation: 'gw1#1', ...moment }));
  return [...cut.map((exclude) => ({ exclude: { ...exclude, why: 'fault' } })), ...samples];
}

describe('files of bare series', () => {
  it('are judged each as one run, the worst of its series its outcome', async () => {
    const healthy = write('healthy.ndjson', linesOf('a step after a fault'));
    const counts = linesOf('flat').map((line) => ({ ...line, series: 'sockets', unit: 'count', value: 12 }));
    const leaking = write('leaking.ndjson', [...linesOf('leak of 0.5 MB/h'), ...counts]);
    const judged = await judgeFiles({ ...order, files: [healthy, leaking] });
    expect(judged.map(({ file, outcome }) => [file, outcome])).toEqual([
      [healthy, 'pass'],
      [leaking, 'fail'],
    ]);
    expect(judged[1]?.series.map(({ series, outcome }) => [series, outcome])).toEqual([
      ['rss', 'fail'],
      ['sockets', 'pass'],
    ]);
    for (const each of judged) expect(JudgedFile.parse(JSON.parse(JSON.stringify(each)))).toEqual(each);
  });

  it('say nothing of what is too short, and that they do', async () => {
    const file = write('short.ndjson', [{ series: 'rss', incarnation: 'a', at: 1, value: 1 }]);
    expect(await judgeFiles({ ...order, files: [file] })).toMatchObject([
      {
        outcome: 'inconclusive',
        series: [{ slopePerHour: null, reasons: [expect.stringContaining('too few samples')] }],
      },
    ]);
  });

  it('are refused together, with everything that is wrong with any of them', async () => {
    const wrong = write('wrong.ndjson', ['no', { series: 'rss', incarnation: 'a', at: 1, value: -1 }]);
    const missing = join(folder, 'missing.ndjson');
    const good = write('good.ndjson', linesOf('flat'));
    await expect(judgeFiles({ ...order, files: [wrong, good, missing] })).rejects.toThrow(
      /wrong\.ndjson: line 1: .*\n.*wrong\.ndjson: line 2: .*\n.*missing\.ndjson: ENOENT/,
    );
  });
});
