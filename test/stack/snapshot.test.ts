import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SeedReport } from '#cli/service.ts';
import { startSystem, type System } from './system.ts';

/** Data that were seeded without a run, kept, used by a run, and brought back. */
const dataSet = { wave: 'smoke', scale: 0.3, seed: 7 } as const;
const words = ['smoke', '--scale', '0.3', '--seed', '7'];

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.down());

it('a run finds what was seeded before it; a snapshot brings back what it has written over or thrown away', async () => {
  const seeded = await system.soak('seed', ...words, '--json');
  expect([seeded.exitCode, seeded.stderr.includes('reconciliation')]).toEqual([0, true]);
  const first = JSON.parse(seeded.stdout) as SeedReport;
  const saved = await system.soak('snapshot', 'save', 'before');
  expect([saved.exitCode, saved.stdout]).toEqual([0, expect.stringMatching(/^saved before, [\d.]+ MB, in /)]);
  expect((await system.soak('snapshot', 'restore', 'befor')).stderr).toContain('there are before');

  const { workflowId } = await system.start('SoakWave', { ...dataSet, users: 10, duration: '15s', keep: 'nothing' });
  const { steps } = await system.until(workflowId, ({ phase }) => phase === 'load');
  expect(steps.find(({ phase }) => phase === 'seed')?.note).toMatch(/rows were there already/);
  for (const command of [
    ['seed', ...words],
    ['snapshot', 'save', 'meanwhile'],
    ['snapshot', 'restore', 'before'],
  ]) {
    const refused = await system.soak(...command);
    expect([refused.exitCode, refused.stderr]).toEqual([69, expect.stringContaining(`${workflowId} has the stack`)]);
  }
  await system.result(workflowId);

  expect((await system.soak('seed', ...words, '--verify')).exitCode).not.toBe(0); // the stack and its data are gone
  const restored = await system.soak('snapshot', 'restore', 'before');
  expect([restored.exitCode, restored.stdout]).toEqual([0, expect.stringContaining('restored before')]);
  expect((await system.soak('seed', ...words, '--verify')).exitCode).toBe(0);
  const again = JSON.parse((await system.soak('seed', ...words, '--json')).stdout) as SeedReport;
  expect([again.wasComplete, again.entities]).toEqual([true, first.entities]);
  expect((await system.soak('snapshot', 'remove', 'before')).exitCode).toBe(0);
  expect((await system.soak('snapshot', 'list')).stdout).toBe('no snapshot was saved');
});
