import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { WorkflowFailedError } from '@temporalio/client';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Judged, type JudgedRun } from '#cli/judged-run.ts';
import { postgresUrl } from '#compose/postgres.ts';
import { createEvidenceStore } from '#evidence/store.ts';
import { canonicalJson } from '#model/canonical-json.ts';
import { RunResult } from '#model/progress.ts';
import { RunResultFile } from '#reports/result.ts';
import { createContext } from '#workers/wiring/context.ts';
import { readEnvironment } from '#workers/wiring/environment.ts';
import { createEvidenceDesk } from '#workers/wiring/evidence-desk.ts';
import { createJudgeDesk } from '#workers/wiring/judged-runs.ts';
import { startSystem, type System } from './system.ts';

/** Short loads: what these runs show does not need longer ones. */
const short = { duration: '12s', window: '4s', users: 6, faults: 'none', keep: 'stack' };

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(async () => {
  await system.down();
});

/** How a workflow that must not work out failed. */
async function failureOf(
  workflow: string,
  input: unknown,
): Promise<{ type: string; message: string; seconds: number }> {
  const startedAt = Date.now();
  const { workflowId } = await system.start(workflow, input);
  const error: unknown = await system.client.workflow
    .getHandle(workflowId)
    .result()
    .catch((reason: unknown) => reason);
  if (!(error instanceof WorkflowFailedError)) throw new Error('the workflow did not fail', { cause: error });
  const { type, message } = error.cause as Error & { type: string };
  return { type, message, seconds: (Date.now() - startedAt) / 1_000 };
}

describe('bad input', () => {
  it('fails a workflow at once with InvalidInput and every problem in one message', async () => {
    const input = { wave: 'smal', duration: '-5m', usres: 3, spawnRate: 'fast' };
    const { type, message, seconds } = await failureOf('SoakWave', input);
    expect(type).toBe('InvalidInput');
    expect(message.split('\n')).toHaveLength(4);
    for (const named of ['wave', 'duration', 'usres', 'spawnRate']) expect(message).toContain(named);
    expect(message).toContain('small');
    expect(seconds).toBeLessThan(10);
  });

  it.each([
    ['SoakWave', undefined],
    ['StabilityRun', 'small'],
    ['FederationLoad', { waves: ['small'] }],
    ['AllWaves', { waves: ['tiny'] }],
  ])('fails %s started with %j', async (workflow, input) => {
    expect((await failureOf(workflow, input)).type).toBe('InvalidInput');
  });

  it('ends the command with 64 and one message, before anything starts', async () => {
    const { exitCode, stderr } = await system.soak('run', 'smal', '--users', 'many', '--durration', '5m');
    expect(exitCode).toBe(64);
    expect(stderr).toContain('smal');
    expect(stderr).toContain('--users');
    expect(stderr).toContain('--durration');
    expect(stderr).not.toContain('    at ');
  });

  it('finds a taken port in preflight, names it, and gives the stack back', async () => {
    const port = 4_444 + system.portOffset;
    const other = createServer().listen(port, '127.0.0.1');
    try {
      const { type, message } = await failureOf('SoakWave', { wave: 'smoke', ...short });
      expect(type).toBe('PreflightFailed');
      expect(message).toContain(`port ${port} for nginx is taken`);
    } finally {
      other.close();
    }
  });
});

/** Into an empty store: another database of the same server, and a state folder of its own. */
async function importElsewhere(archive: string): Promise<JudgedRun | undefined> {
  const url = new URL(postgresUrl(15_432 + system.portOffset));
  const client = new Client({ connectionString: url.href });
  await client.connect();
  await client.query('create database elsewhere').finally(() => client.end());
  url.pathname = '/elsewhere';
  const store = createEvidenceStore({ databaseUrl: url.href });
  const environment = { ...readEnvironment({}), stateFolder: join(system.folder, 'elsewhere') };
  const context = { ...createContext(environment, pino({ level: 'silent' })), store };
  try {
    const desk = createEvidenceDesk(context, () => Promise.reject(new Error('there is no Temporal there')));
    const watch = { signal: new AbortController().signal, onProgress: () => undefined };
    const { run } = await desk.evidence.importRun(archive, watch);
    const [judged] = await createJudgeDesk(context).judgeRuns([run]);
    return judged;
  } finally {
    await store.close();
  }
}

describe('soak run smoke', () => {
  let runId: string;
  it('passes, with a report and a result whose shapes are published', async () => {
    const { exitCode, stdout } = await system.soak(
      ...['run', 'smoke', '--json', '--keep', 'stack', '--objective', 'p95Ms=30000'],
    );
    const result = RunResult.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
    expect(result).toMatchObject({ outcome: 'pass', reasons: [] });
    expect(exitCode).toBe(0);
    ({ runId } = result);
    const file = RunResultFile.parse(system.readResult(result.runId));
    expect(file.faults.map(({ fault }) => fault)).toEqual(['kill-gateway-2']);
    expect(file.verdict.answers.every(({ outcome }) => outcome === 'pass')).toBe(true);
    expect(file.verdict.answers.map(({ question }) => question)).toContain('faults-healed');
    // An objective that is stated binds on this machine too, and the machine was watched.
    expect(file.overridden).toEqual([{ objective: 'p95Ms', own: 250 }]);
    expect(file.verdict.answers).toContainEqual(expect.objectContaining({ question: 'latency-local-reads', limit: 30_000 })); // prettier-ignore
    expect(file.surroundings?.watchedMs).toBeGreaterThan(30_000);
    const { due, delivered, dropped, abandoned, unknown, inFlight } = file.load;
    expect(due).toBe(delivered + dropped + abandoned + unknown + inFlight);
  });

  it('is judged again from its evidence alone, to the byte, as is the archive of it, which holds no secret', async () => {
    const told = canonicalJson(system.readResult(runId).verdict);
    const judged = await system.soak('judge', runId, '--json');
    expect(judged).toMatchObject({ exitCode: 0 });
    const archive = join(system.folder, 'run.soak');
    const exported = await system.soak('evidence', 'export', runId, '--to', archive, '--json');
    expect(exported).toMatchObject({ exitCode: 0 });
    // Without a server: what is judged is in the file.
    const ofArchive = await system.soak('judge', archive, '--json');
    for (const { stdout } of [judged, ofArchive]) {
      const [run] = Judged.parse(JSON.parse(stdout));
      expect(run).toMatchObject({ run: runId, same: true, isCodeChanged: false });
      expect(run !== undefined && 'verdict' in run ? canonicalJson(run.verdict) : '').toBe(told);
    }
    const text = gunzipSync(readFileSync(archive)).toString();
    expect(text).toContain('"kind":"sample"');
    expect(text).not.toContain(readFileSync(join(system.folder, 'stack', 'secret'), 'utf8').trim());
    expect((await system.soak('evidence', 'import', archive, '--json')).stdout).toContain('"came":"present"');
    const second = await importElsewhere(archive);
    expect(second === undefined ? '' : canonicalJson(second.verdict)).toBe(told);
  });

  it('finds what was planted in its target, and says that it was', async () => {
    const planted = [
      '--defect',
      'lost-write=2,scope-leak=5',
      '--duration',
      '12s',
      '--warm-up',
      '1s',
      '--faults',
      'none',
    ];
    const { exitCode, stdout } = await system.soak('run', 'smoke', '--json', '--keep', 'stack', ...planted);
    const { runId } = RunResult.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
    expect(exitCode).toBe(1);
    const { verdict } = RunResultFile.parse(system.readResult(runId));
    const failed = verdict.answers.filter(({ outcome }) => outcome === 'fail').map(({ question }) => question);
    expect(failed).toEqual(expect.arrayContaining(['no-lost-write', 'no-scope-leak']));
    expect(verdict.headline).toContain('planted by intent: lost-write, scope-leak');
  });

  it('is found by search attributes, and is listed', async () => {
    const found = system.client.workflow.list({
      query: `SoakWave='smoke' AND SoakVerdict='pass' AND SoakPhase='done'`,
    });
    const ids: string[] = [];
    for await (const { workflowId } of found) ids.push(workflowId);
    expect(ids.some((id) => id.startsWith('soak/smoke/'))).toBe(true);
    const { stdout } = await system.soak('list', '--json');
    expect(stdout).toContain(ids[0]);
  });
});

describe('a run that goes on', () => {
  it('holds its stack against a second one, ends when told to, and leaves nothing held', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', { wave: 'smoke', ...short, duration: '5m' });
    await system.until(
      workflowId,
      ({ phase, loadStartsAt = Infinity }) => phase === 'load' && Date.now() > loadStartsAt,
    );
    const second = await failureOf('SoakWave', { wave: 'smoke', ...short });
    expect(second.type).toBe('StackBusy');
    expect(second.message).toContain(workflowId);

    const handle = system.client.workflow.getHandle(workflowId);
    await expect(handle.executeUpdate('abort', { args: [{}] })).rejects.toThrow();
    await handle.executeUpdate('abort', { args: [{ why: 'the test has seen enough' }] });
    const { outcome, reasons } = await system.result(workflowId);
    expect(outcome).toBe('inconclusive');
    expect(system.readResult(runKey).verdict.headline + reasons.join()).toContain('the test has seen enough');
    expect(() => system.record('engine-0', runKey)).toThrow();
    expect(() => system.record('sampler', runKey)).toThrow();
  });
});

describe('the federation mix alone', () => {
  it('FederationLoad asks what goes out to the gateways', async () => {
    const { workflowId, runKey } = await system.start('FederationLoad', { wave: 'smoke', ...short });
    expect(await system.result(workflowId)).toMatchObject({ outcome: 'pass', reasons: [] });
    const operations = system.readResult(runKey).operations.map(({ operation }) => operation);
    expect(operations.sort()).toEqual(['federated-tools', 'federation-aggregate', 'list-team-tools']);
  });
});
