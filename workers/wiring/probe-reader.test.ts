import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSpool } from '#evidence/spool.ts';
import { probeRecords } from '../../test/synthetic-probes.ts';
import { syntheticPlan } from '../../test/synthetic-run.ts';
import { foldSpool } from './probe-reader.ts';

const plan = syntheticPlan({ duration: 900_000, capacity: {} });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-probe-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Spools a probe that has just been, as engine number `shard`. */
async function spool(probe: { from: number; to: number }, shard: number): Promise<void> {
  const sink = createSpool({ folder, producer: `engine-${shard}`, incarnation: 1 });
  for (const record of probeRecords(probe, { ratePerSecond: 20, latencyMs: 5 }, shard)) sink.append(record);
  await sink.close();
}

describe('a probe that is read from the spool', () => {
  const to = Math.floor(Date.now() / 1_000) * 1_000;
  const probe = { from: to - 10_000, to };

  it('is what every engine of this host wrote down, uploaded or not', async () => {
    await spool(probe, 0);
    await spool(probe, 1);
    const [first = ''] = readdirSync(folder);
    renameSync(join(folder, first), join(folder, `${first}.done`));
    expect(await foldSpool(folder, plan, probe)).toMatchObject({ recorded: 20, due: 400, reads: 400, requests: 800 });
  });

  it('is nothing where nobody wrote, and not what others wrote', async () => {
    const sampler = createSpool({ folder, producer: 'sampler', incarnation: 1 });
    for (const record of probeRecords(probe, { ratePerSecond: 20, latencyMs: 5 })) sampler.append(record);
    await sampler.close();
    expect(await foldSpool(folder, plan, probe)).toMatchObject({ recorded: 0, due: 0, reads: 0 });
  });

  it('is asked of a capacity search only', async () => {
    await expect(foldSpool(folder, syntheticPlan(), probe)).rejects.toThrow('has no capacity search');
  });
});
