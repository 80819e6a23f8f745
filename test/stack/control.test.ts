import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ScheduleListing } from '#cli/service.ts';
import type { Progress } from '#model/progress.ts';
import { startSystem, type System } from './system.ts';

/** What `soak` is told on its command line, on a system of its own: one run, started by a schedule, is all it takes. */
const input = ['--wave', 'smoke', '--duration', '10m', '--users', '6', '--faults', 'none', '--keep', 'stack'];
const why = ['--why', 'the test says so'];

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.down();
}, 300_000);

const schedules = async (): Promise<ScheduleListing[]> => {
  const { stdout } = await system.soak('schedule', 'list', '--json');
  return JSON.parse(stdout) as ScheduleListing[];
};
const schedule = async (name: string): Promise<ScheduleListing | undefined> =>
  (await schedules()).find((each) => each.name === name);

/** What was told to a run, as it shows it itself. */
const told = ({ operatorActions = [] }: Progress): string[] => operatorActions.map(({ action }) => action);

describe('a run that does not exist', () => {
  it('is named, with the namespace that was asked', async () => {
    const unknown = await system.soak('abort', 'nope', ...why);
    expect(unknown.exitCode).toBe(64);
    expect(unknown.stderr).toContain('No run is called "nope" in namespace default at 127.0.0.1');
    const latest = await system.soak('pause', ...why);
    expect(latest).toMatchObject({ exitCode: 64 });
    expect(latest.stderr).toContain('No run is going on in namespace default');
    expect((await system.soak('attach', '01234567-89ab-cdef-0123-456789abcdef')).exitCode).toBe(64);
  });

  it('is not looked for in a namespace that is not there either', async () => {
    vi.stubEnv('TEMPORAL_NAMESPACE', 'elsewhere');
    const { exitCode, stderr } = await system.soak('abort', ...why);
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(/^127\.0\.0\.1:\d+ has no namespace elsewhere: set TEMPORAL_NAMESPACE/);
  });

  it('is no workflow of somebody else’s', async () => {
    const options = { taskQueue: 'theirs', workflowId: 'their-job', args: [] };
    const theirs = await system.client.workflow.start('Payroll', options);
    const { exitCode, stderr } = await system.soak('abort', 'their-job', ...why);
    await theirs.terminate();
    expect(exitCode).toBe(64);
    expect(stderr).toContain('"their-job" is a workflow Payroll');
  });
});

describe('a schedule', () => {
  it.each([
    [['--cron', '0 2 * * 9'], 'cron "0 2 * * 9" in UTC: DayOfWeek is not in range'],
    [['--cron', '0 2 31 2 *'], 'there is no such time'],
    [['--cron', '0 2 * * 0', '--users', '0'], '--users: given 0'],
  ])('with %j is refused and leaves nothing behind', async (words, problem) => {
    const { exitCode, stderr } = await system.soak('schedule', 'create', 'wrong', '--wave', 'smoke', ...words);
    expect(exitCode).toBe(64);
    expect(stderr).toContain(problem);
    expect(stderr).not.toContain('    at ');
    await expect(system.client.schedule.getHandle('soak/wrong').describe()).rejects.toThrow();
  });

  it('is a Temporal schedule that skips, catches up minutes and pauses on failure', async () => {
    const created = await system.soak('schedule', 'create', 'nightly', ...input, '--cron', '0 2 * * 0', '--json');
    expect(created.exitCode, created.stderr).toBe(0);
    const { policies, action, spec } = await system.client.schedule.getHandle('soak/nightly').describe();
    expect(policies).toEqual({ overlap: 'SKIP', catchupWindow: 600_000, pauseOnFailure: true });
    expect(action).toMatchObject({ workflowType: 'SoakWave', taskQueue: 'soak', workflowId: 'soak/scheduled/nightly' });
    expect(action.args).toEqual([expect.objectContaining({ wave: 'smoke', users: 6, onBlocked: 'abort' })]);
    expect(spec.timezone ?? 'UTC').toMatch(/^(UTC)?$/);
    const { next } = JSON.parse(created.stdout) as ScheduleListing;
    expect(next).toHaveLength(5);
    for (const time of next) expect(new Date(time).toUTCString()).toMatch(/^Sun, .* 02:00:00 GMT$/);
    const again = await system.soak('schedule', 'create', 'nightly', ...input, '--every', '24h');
    expect(again).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('nightly already') as string });
  });

  it('is triggered once: what still goes on is not started a second time', async () => {
    const first = await system.soak('schedule', 'trigger', 'nightly', '--json');
    expect(JSON.parse(first.stdout)).toMatchObject({ kind: 'started' });
    const second = await system.soak('schedule', 'trigger', 'nightly');
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain('still goes on');
    expect(await schedule('nightly')).toMatchObject({ started: 1, skipped: 1, last: { state: 'running' } });
  });

  it('that is paused says why and has no next time, until it is resumed', async () => {
    await system.soak('schedule', 'pause', 'nightly', '--why', 'a new disk');
    expect(await schedule('nightly')).toMatchObject({ paused: true, note: 'a new disk', next: [] });
    await system.soak('schedule', 'resume', 'nightly');
    expect(await schedule('nightly')).toMatchObject({ paused: false });
    expect((await schedule('nightly'))?.next).toHaveLength(5);
  });

  it('whose run fails without a verdict is paused by it, and says so', async () => {
    const runs = (await schedule('nightly'))?.last?.workflowId ?? '';
    await system.until(runs, ({ phase }) => phase !== 'plan' && phase !== 'preflight');
    await system.soak('schedule', 'create', 'busy', ...input, '--every', '24h');
    await system.soak('schedule', 'trigger', 'busy');
    await vi.waitFor(
      async () => {
        const busy = await schedule('busy');
        expect(busy).toMatchObject({ paused: true, last: { state: 'failed' } });
        expect(busy?.note).toContain('the stack of test-host is held by');
      },
      { timeout: 60_000, interval: 1_000 },
    );
  });
});

describe('a run that goes on', () => {
  let workflowId: string;
  let runKey: string;
  beforeAll(async () => {
    const last = (await schedule('nightly'))?.last;
    workflowId = last?.workflowId ?? '';
    runKey = last?.runId ?? '';
    await system.until(workflowId, ({ loadStartsAt = Infinity }) => Date.now() > loadStartsAt + 2_000);
  }, 180_000);

  it('is told by latest, run key and workflow id, and answers with a sentence', async () => {
    const paused = await system.soak('pause', ...why, '--json');
    expect(JSON.parse(paused.stdout)).toMatchObject({ runId: runKey, workflowId, accepted: true });
    expect((await system.progress(workflowId))?.paused).toBe(true);
    expect(await system.soak('resume', runKey, ...why)).toMatchObject({ exitCode: 0 });
    const scaled = await system.soak('scale', workflowId, '--users', '8', ...why);
    expect(scaled.stdout).toContain('8 virtual users');
  });

  it('refuses what makes no sense with a sentence, and keeps no trace of it', async () => {
    const before = told((await system.progress(workflowId)) ?? ({} as Progress));
    for (const words of [
      ['resume'],
      ['resolve', 'retry'],
      ['inject', '--kind', 'kill-gateway', '--victim', 'nobody'],
    ]) {
      const { exitCode, stderr } = await system.soak(...words, ...why);
      expect(exitCode).toBe(64);
      expect(stderr).toContain(`${workflowId} did not take this ${words[0] ?? ''}: `);
      expect(stderr).not.toContain('    at ');
    }
    const after = (await system.progress(workflowId)) ?? ({} as Progress);
    expect(told(after)).toEqual(before);
    expect(before).toEqual(['pause', 'resume', 'scaleLoad']);
    expect(after.operatorActions?.[0]).toMatchObject({
      why: 'the test says so',
      who: expect.stringContaining('@') as string,
    });
  });

  it('that no worker carries is not waited for, and is told once by whoever repeats it', async () => {
    system.kill('supervisor');
    system.kill('orchestrator');
    const asked = ['extend', runKey, '--by', '1m', ...why];
    const startedAt = Date.now();
    const { exitCode, stderr } = await system.soak(...asked);
    expect(Date.now() - startedAt).toBeLessThan(60_000);
    expect(exitCode).toBe(69);
    expect(stderr).toContain('No worker answered within 30 s');
    const updateId = /--update-id (\S+)$/.exec(stderr)?.[1] ?? '';
    expect((await system.soak('up')).exitCode).toBe(0);
    for (let times = 0; times < 2; times += 1) {
      const repeated = await system.soak(...asked, '--update-id', updateId);
      expect(repeated.exitCode, repeated.stderr).toBe(0);
    }
    const { operatorActions = [] } = (await system.progress(workflowId)) ?? {};
    expect(operatorActions.filter(({ action }) => action === 'extend')).toHaveLength(1);
  });

  it('ends when it is aborted, and then can be told nothing more', async () => {
    const aborted = await system.soak('abort', runKey, '--why', 'the test has seen enough');
    expect(aborted.exitCode, aborted.stderr).toBe(0);
    expect((await system.result(workflowId)).outcome).toBe('inconclusive');
    expect(JSON.stringify(system.readResult(runKey))).toContain('the test has seen enough');
    for (const run of [runKey, workflowId]) {
      const { exitCode, stderr } = await system.soak('pause', run, ...why);
      expect(exitCode).toBe(64);
      expect(stderr).toContain(`${workflowId} has ended (completed, inconclusive)`);
      expect(stderr).toContain(`soak report ${runKey}`);
    }
  });

  it('and ended with a verdict leaves its schedule as it was, which is then deleted', async () => {
    expect(await schedule('nightly')).toMatchObject({
      paused: false,
      last: { runId: runKey, state: 'completed', outcome: 'inconclusive' },
    });
    for (const name of ['nightly', 'busy']) {
      expect((await system.soak('schedule', 'delete', name)).exitCode).toBe(0);
      await expect(system.client.schedule.getHandle(`soak/${name}`).describe()).rejects.toThrow();
    }
    const { exitCode, stderr } = await system.soak('schedule', 'trigger', 'nightly');
    expect(exitCode).toBe(64);
    expect(stderr).toContain('has no schedule nightly');
  });
});
