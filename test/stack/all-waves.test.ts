import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type WorkflowHandle, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messages } from '#model/messages.ts';
import type { Comparison } from '#reports/comparison.ts';
import { startSystem, type System } from './system.ts';

/** Not what these tests are about: a machine that is busy with other things drops load and answers late. */
const without = ['load-delivered', 'generator-not-saturated', 'latency-local-reads', 'samples-present'];
/** Small, so that the second wave is seeded in seconds; the stack stays, so that a re-run finds what was seeded. */
const shared = { scale: 0.1, users: 6, duration: '10s', window: '5s', faults: 'none', keep: 'stack', without };
const cycle = { ...shared, waves: ['smoke', 'small'] };

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.down();
});

const handleOf = (workflowId: string): WorkflowHandle => system.client.workflow.getHandle(workflowId);

const readComparison = (runKey: string): Comparison =>
  JSON.parse(readFileSync(join(system.folder, 'runs', runKey, 'result.json'), 'utf8')) as Comparison;

/** Comes back when the wave's load has begun. */
async function underLoad(workflowId: string): Promise<void> {
  await system.until(workflowId, ({ loadStartsAt = Infinity }) => Date.now() > loadStartsAt + 1_000);
}

async function statusOf(workflowId: string): Promise<string> {
  const described = await handleOf(workflowId)
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
  return described?.status.name ?? 'never started';
}

let first: { workflowId: string; runKey: string };

describe('a cycle of waves', () => {
  it('goes on with the next wave when one was aborted, and its comparison has both', async () => {
    first = await system.start('AllWaves', cycle);
    await underLoad(`${first.workflowId}/smoke`);
    await handleOf(`${first.workflowId}/smoke`).executeUpdate(messages.abort, { args: [{ why: 'the test wants to' }] });
    const { outcome, reasons } = await system.result(first.workflowId);
    expect(outcome).toBe('inconclusive');
    expect(reasons.join()).toContain('the test wants to');
    expect(readComparison(first.runKey).waves).toMatchObject([
      { wave: 'smoke', outcome: 'inconclusive', isTakenOver: false },
      { wave: 'small', outcome: 'pass', isTakenOver: false },
    ]);
  });

  it('is run again from a chosen wave: what was before is taken over, and nothing that was seeded is seeded again', async () => {
    const before = readComparison(first.runKey).waves;
    const again = await system.start('AllWaves', { ...cycle, from: 'small', previous: first.runKey });
    expect(await system.result(again.workflowId)).toMatchObject({ outcome: 'inconclusive' });
    const [smoke, small] = readComparison(again.runKey).waves;
    expect(smoke).toMatchObject({ runId: before[0]?.runId, endedAt: before[0]?.endedAt, isTakenOver: true });
    expect(small).toMatchObject({ outcome: 'pass', isTakenOver: false });
    expect(small?.runId).not.toBe(before[1]?.runId);
    expect(await statusOf(`${again.workflowId}/smoke`)).toBe('never started');

    const steps = (await system.progress(`${again.workflowId}/small`))?.steps ?? [];
    expect(steps.find(({ phase }) => phase === 'seed')?.note).toMatch(/rows were there already/);
    const [then, now] = [before[1], small].map((wave) => system.readResult(wave?.runId ?? '').seeded);
    // The ledger's own seconds are part of it: not one shard was written again.
    expect(now).toEqual(then);
    const page = readFileSync(join(system.folder, 'runs', again.runKey, 'report.html'), 'utf8');
    expect(page).toContain('an earlier cycle');
  });

  it('refuses to take over what was planned otherwise, naming the difference, before any wave starts', async () => {
    const input = { ...cycle, users: 5, from: 'small', previous: first.workflowId };
    const { workflowId } = await system.start('AllWaves', input);
    const error: unknown = await handleOf(workflowId)
      .result()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    const cause = (error as WorkflowFailedError).cause as Error & { type: string };
    expect(cause.type).toBe('InvalidInput');
    expect(cause.message).toMatch(/virtualUsers was 6, is 5/);
    expect(await statusOf(`${workflowId}/small`)).toBe('never started');
  });
});

describe('a cycle that is ended', () => {
  const long = { ...cycle, duration: '5m' };

  it('by cancelling waits until the running wave has cleaned up, and starts no other', async () => {
    const { workflowId } = await system.start('AllWaves', long);
    await underLoad(`${workflowId}/smoke`);
    await handleOf(workflowId).cancel();
    await handleOf(workflowId)
      .result()
      .catch(() => undefined);
    expect(await statusOf(workflowId)).toBe('CANCELLED');
    expect(await statusOf(`${workflowId}/smoke`)).toBe('CANCELLED');
    expect(await statusOf(`${workflowId}/small`)).toBe('never started');
    await expectCleanedUp(`${workflowId}/smoke`);
  });

  it('by terminating asks the running wave to cancel: it cleans up all the same', async () => {
    const { workflowId } = await system.start('AllWaves', long);
    await underLoad(`${workflowId}/smoke`);
    await handleOf(workflowId).terminate('the test wants to');
    await handleOf(`${workflowId}/smoke`)
      .result()
      .catch(() => undefined);
    expect(await statusOf(`${workflowId}/smoke`)).toBe('CANCELLED');
    expect(await statusOf(`${workflowId}/small`)).toBe('never started');
    await expectCleanedUp(`${workflowId}/smoke`);
  });

  it('in one wave by terminating that wave goes on with the next, and says that the wave has no verdict', async () => {
    const { workflowId, runKey } = await system.start('AllWaves', cycle);
    await underLoad(`${workflowId}/smoke`);
    await handleOf(`${workflowId}/smoke`).terminate('the test wants to');
    const { outcome } = await system.result(workflowId);
    expect(outcome).toBe('inconclusive');
    const comparison = readComparison(runKey);
    expect(comparison.withoutVerdict).toMatchObject([{ wave: 'smoke' }]);
    expect(comparison.waves).toMatchObject([{ wave: 'small', outcome: 'pass' }]);
  });
});

/** Judged, reported, and nothing of it held any more. */
async function expectCleanedUp(workflowId: string): Promise<void> {
  const progress = await system.progress(workflowId);
  const ended = progress?.steps.filter(({ outcome }) => outcome === 'done').map(({ phase }) => phase) ?? [];
  expect(ended).toEqual(expect.arrayContaining(['heal', 'collect', 'judge', 'report', 'release']));
  const runKey = progress?.runKey ?? '';
  for (const role of ['engine-0', 'sampler', 'watchdog']) expect(() => system.record(role, runKey)).toThrow();
}
