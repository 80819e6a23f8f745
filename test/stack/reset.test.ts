import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSystem, type System } from './system.ts';

/** Not what these tests are about: a machine that is busy with other things drops load and answers late. */
const without = ['load-delivered', 'generator-not-saturated', 'latency-local-reads', 'samples-present'];
const short = { wave: 'smoke', duration: '12s', window: '4s', users: 6, faults: 'none', keep: 'stack', without };

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.down();
});

/** `temporal workflow reset` to the last workflow task before an activity of this name was first scheduled. */
async function reset(workflowId: string, before: string): Promise<void> {
  const { events } = await system.client.workflow.getHandle(workflowId).fetchHistory();
  const at = (events ?? []).findIndex(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === before,
  );
  const task = (events ?? []).slice(0, at).findLast((event) => Boolean(event.workflowTaskCompletedEventAttributes));
  await system.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    reason: 'somebody did not read the docs',
    ...(task?.eventId ? { workflowTaskFinishEventId: task.eventId } : {}),
    requestId: `reset-${Date.now()}`,
  });
}

const isHeld = (role: string, runKey: string): boolean =>
  existsSync(join(system.folder, 'runs', runKey, 'held', 'processes', `${role}.json`));

describe('workflow reset', () => {
  it('in the middle of the load is refused with the way out: the branch only ends what the run held', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', { ...short, duration: '5m' });
    await system.until(workflowId, ({ loadStartsAt = Infinity }) => Date.now() > loadStartsAt + 3_000);
    await reset(workflowId, 'holdLoad');

    const { outcome, reasons } = await system.result(workflowId);
    expect(outcome).toBe('inconclusive');
    const said = system.readResult(runKey).verdict.headline + reasons.join();
    expect(said).toContain('BranchedRun');
    const described = await system.client.workflow.getHandle(workflowId).describe();
    expect(described.raw.workflowExecutionInfo?.firstRunId).toBe(runKey);
    expect(described.runId).not.toBe(runKey);
    const failures = await failuresOf(workflowId);
    expect(failures.some((failure) => failure.includes('resolveStep') && failure.includes('start a new run'))).toBe(
      true,
    );
    for (const role of ['engine-0', 'sampler', 'watchdog']) expect(isHeld(role, runKey)).toBe(false);
    expect(existsSync(join(system.folder, 'stack', 'claim.json'))).toBe(false);
  });

  it('leaves the stack to the next run, which passes', async () => {
    const { workflowId } = await system.start('SoakWave', short);
    expect(await system.result(workflowId)).toMatchObject({ outcome: 'pass', reasons: [] });
  });

  it('of a run that has its verdict leaves that verdict as it was', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', short);
    expect(await system.result(workflowId)).toMatchObject({ outcome: 'pass' });
    const file = join(system.folder, 'runs', runKey, 'result.json');
    const before = readFileSync(file, 'utf8');
    await reset(workflowId, 'holdLoad');
    expect(await system.result(workflowId)).toMatchObject({ outcome: 'inconclusive' });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('in a step before the load does not wait for anybody', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', { ...short, duration: '5m' });
    await system.until(workflowId, ({ loadStartsAt = Infinity }) => Date.now() > loadStartsAt);
    await reset(workflowId, 'prepareSeed');
    expect(await system.result(workflowId)).toMatchObject({ outcome: 'inconclusive' });
    for (const role of ['sampler', 'watchdog']) expect(isHeld(role, runKey)).toBe(false);
    expect(existsSync(join(system.folder, 'stack', 'claim.json'))).toBe(false);
  });
});

async function failuresOf(workflowId: string): Promise<string[]> {
  const { events } = await system.client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap((event) => event.activityTaskFailedEventAttributes?.failure?.message ?? []);
}
