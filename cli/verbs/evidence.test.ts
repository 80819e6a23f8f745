import { describe, expect, it } from 'vitest';
import { exported, soak } from '../../test/command-line.ts';
import type { EvidenceDesk } from '../evidence-report.ts';

const desk = (replaced: Partial<EvidenceDesk>): { evidence: EvidenceDesk } => ({
  evidence: {
    exportRun: () => Promise.resolve(exported),
    importRun: () => Promise.resolve(exported),
    show: () => Promise.resolve(exported),
    size: () => Promise.reject(new Error('not asked')),
    ...replaced,
  },
});

describe('soak evidence', () => {
  it('exports the latest run, or the one that is named, to the file that is named', async () => {
    expect((await soak(['evidence', 'export'])).asked[0]?.slice(0, 2)).toEqual([
      ...['exportRun', { run: 'latest', force: false }],
    ]);
    const { asked, out, code } = await soak(['evidence', 'export', 'key-1', '--to', 'night.soak', '--force']);
    expect(asked[0]?.[1]).toEqual({ run: 'key-1', to: 'night.soak', force: true });
    expect(out).toMatch(/^soak\/smoke\/1 \(key-1\) exported to \/tmp\/night\.soak\n {2}1 MB, 40 batches/);
    expect(out).toContain('soak judge /tmp/night.soak');
    expect(code).toBe(0);
  });

  it('imports and shows a file, and says size and projection of a run', async () => {
    expect((await soak(['evidence', 'import', 'night.soak'])).out).toContain('imported from');
    expect((await soak(['evidence', 'show', 'night.soak'])).asked[0]?.[0]).toBe('showArchive');
    const { out } = await soak(['evidence', 'size', 'key-1']);
    expect(out).toMatch(/48 h of it +1\.41 GB of 1\.86 GB/);
    expect(out).toMatch(/sample +4,000/);
  });

  it('shows progress to somebody who looks, and to nobody else', async () => {
    const watching = desk({
      exportRun: (_, { onProgress }) => {
        for (let done = 1; done <= 40; done += 1) onProgress(done, 40);
        return Promise.resolve(exported);
      },
    });
    const seen = await soak(['evidence', 'export'], { service: watching, isInteractive: true });
    expect(seen.written).toContain('export: 40 of 40 batches');
    expect((await soak(['evidence', 'export', '--json'], { service: watching, isInteractive: true })).written).toBe('');
    const piped = await soak(['evidence', 'export', '--json'], { service: watching });
    expect(JSON.parse(piped.out)).toEqual(exported);
  });

  it('ends with 130 when it is interrupted, after everything was cleared away', async () => {
    const controller = new AbortController();
    const service = desk({
      importRun: (_, { signal }) => {
        controller.abort();
        return Promise.reject(signal.reason as Error);
      },
    });
    const { code, err } = await soak(['evidence', 'import', 'x'], { service, interrupted: controller.signal });
    expect(code).toBe(130);
    expect(err).toBe('Interrupted: nothing of the run is in the store.');
  });

  it.each([
    [[]],
    [['exprot']],
    [['import']],
    [['show']],
    [['import', 'x', '--force']],
    [['size', 'x', '--to', 'y']],
    [['export', 'a', 'b']],
  ])('refuses %j', async (words) => {
    expect(await soak(['evidence', ...words])).toMatchObject({ code: 64, created: 0 });
  });
});
