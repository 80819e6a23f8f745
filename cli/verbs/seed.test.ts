import { describe, expect, it } from 'vitest';
import { soak } from '../../test/command-line.ts';
import type { SeedReport } from '../service.ts';

const report: SeedReport = {
  ...{ wave: 'small', seed: 7, profile: 'distribution', scale: 1, seconds: 12.3, wasComplete: false, differences: [] },
  entities: [{ entity: 'usageMetrics', rows: 270_000, checksum: '00ff00ff00ff00ff', seconds: 2, bytes: 14_000_000 }],
  times: {
    entities: [{ entity: 'usageMetrics', generateSeconds: 0.2, copySeconds: 1.4, indexSeconds: 0.6 }],
    stages: [{ stage: 'statistics', seconds: 0.5 }],
  },
};

function failing(name: string): { seed: () => Promise<never> } {
  return { seed: () => Promise.reject(Object.assign(new Error('what to do'), { name })) };
}

describe('soak seed', () => {
  it('asks for the wave and what differs from it', async () => {
    const words = ['seed', 'medium', '--scale=0.1', '--seed=7', '--profile', 'rule-of-thumb', '--parallel-workers=3'];
    const { asked } = await soak([...words, '--batch-size', '500', '--reset']);
    expect(asked[0]).toMatchObject([
      'seed',
      {
        input: { wave: 'medium', scale: 0.1, seed: 7, profile: 'rule-of-thumb' },
        ...{ parallelWorkers: 3, batchRows: 500, reset: true, verifyOnly: false },
      },
      {},
    ]);
  });

  it('tells every mistake at once, and starts nothing', async () => {
    const words = ['seed', 'smal', '--scale=2', '--parallel-workers=0', '--batch-size=1', '--database=db', '--verify'];
    const { code, err, created } = await soak([...words, '--reset']);
    expect(code).toBe(64);
    expect(created).toBe(0);
    for (const part of [
      'did you mean small',
      '--scale',
      '--parallel-workers',
      '--batch-size',
      '--database',
      '--verify',
    ]) {
      expect(err).toContain(part);
    }
  });

  it('shows how far it is, what came of it, and where the time went', async () => {
    const { code, out } = await soak(['seed', 'small'], {
      service: {
        seed: (_, watch) => {
          watch.onStage('rows', { planned: { usageMetrics: 270_000 }, landed: { usageMetrics: 70_000 } });
          watch.onRows('usageMetrics', 200_000);
          watch.onStage('finish');
          return Promise.resolve(report);
        },
      },
    });
    expect(code).toBe(0);
    expect(out).toContain('270,000 of 270,000 rows (100 %)');
    expect(out).toContain('00ff00ff00ff00ff');
    expect(out).toMatch(/usage metrics +200 ms +1.4 s +600 ms/);
    expect(out).toContain('statistics');
  });

  it('draws a bar for each entity on a terminal', async () => {
    const { written } = await soak(['seed', 'small'], {
      isInteractive: true,
      service: {
        seed: (_, watch) => {
          watch.onStage('rows', { planned: { users: 100 }, landed: { users: 50 } });
          watch.onStage('finish');
          return Promise.resolve(report);
        },
      },
    });
    expect(written).not.toContain('NaN');
  });

  it('prints the published shape as the last line', async () => {
    const { out } = await soak(['seed', 'small', '--json'], { service: { seed: () => Promise.resolve(report) } });
    const told = JSON.parse(out) as Record<string, unknown>;
    expect(told).toMatchObject({ wave: 'small', seed: 7, profile: 'distribution', scale: 1, seconds: 12.3 });
    expect(told['entities']).toMatchObject([{ entity: 'usageMetrics', rows: 270_000, checksum: '00ff00ff00ff00ff' }]);
  });

  it('exits 1 when what is there is not as planned, and names each difference', async () => {
    const differences = ['users: 9 rows are stored, the ledger has 10'];
    const { code, out } = await soak(['seed', 'small', '--verify'], {
      service: { seed: () => Promise.resolve({ ...report, differences }) },
    });
    expect([code, out.includes(differences[0] ?? '')]).toEqual([1, true]);
  });

  it('says what to do without a trace when the database is not what it should be, or breaks', async () => {
    expect(await soak(['seed', 'small'], { service: failing('ForeignData') })).toMatchObject({
      ...{ code: 64, err: 'what to do' },
    });
    expect(await soak(['seed', 'small'], { service: failing('SeedFailed') })).toMatchObject({
      ...{ code: 1, err: 'what to do' },
    });
    expect((await soak(['seed', 'small'], { service: failing('TypeError') })).code).toBe(70);
  });

  it('says that what was complete is kept when it is interrupted', async () => {
    const interrupted = AbortSignal.abort();
    const { code, err } = await soak(['seed', 'small'], { interrupted, service: failing('AbortError') });
    expect(code).toBe(130);
    expect(err).toContain('goes on from there');
  });

  it('warns of a password that everybody could read in the list of processes', async () => {
    const { err } = await soak(['seed', 'small', '--database', 'postgres://me:secret@127.0.0.1/x']);
    expect(err).toContain('PGPASSWORD');
    expect(err).not.toContain('secret');
  });
});
