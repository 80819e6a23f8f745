import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBinary } from '#compose/binaries.ts';
import { listProcessStats } from '#compose/identity.ts';
import { EvidenceSummary } from '#model/evidence-summary.ts';
import type { Question } from '#model/verdict.ts';
import { readEnvironment } from '#workers/wiring/environment.ts';
import { startSystem, type System } from './system.ts';

const examples = resolve('docs/examples/scenarios');
const short = { wave: 'smoke', duration: '14s', window: '7s', users: 6, faults: 'none', keep: 'stack' };
const environment = readEnvironment();

let system: System;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'soakwave-own-'));
  system = await startSystem();
}, 240_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await system.down();
}, 120_000);

function evidenceOf(runKey: string): EvidenceSummary {
  return EvidenceSummary.parse(JSON.parse(readFileSync(join(system.folder, 'runs', runKey, 'evidence.json'), 'utf8')));
}

function verdictOf(runKey: string) {
  const { verdict } = system.readResult(runKey);
  return {
    verdict,
    answerTo: (question: Question) => verdict.answers.find((answer) => answer.question === question),
    whyNot: (question: Question) => verdict.notCovered.find((gap) => gap.question === question)?.reason,
    open: verdict.answers
      .filter(({ outcome }) => outcome !== 'pass')
      .map(({ question, reason }) => `${question}: ${reason}`)
      .join('; '),
  };
}

async function failureOf(input: object): Promise<{ type: string; message: string }> {
  const { workflowId } = await system.start('SoakWave', { ...short, ...input });
  const error: unknown = await system.client.workflow
    .getHandle(workflowId)
    .result()
    .catch((reason: unknown) => reason);
  if (!(error instanceof WorkflowFailedError)) throw new Error('the workflow did not fail', { cause: error });
  return error.cause as Error & { type: string };
}

/** Nothing of the run's secrets is where somebody could read it. */
function expectNoToken(runKey: string): void {
  const run = join(system.folder, 'runs', runKey);
  for (const name of ['plan.json', 'input.json', 'result.json', 'report.html', 'evidence.json']) {
    expect(readFileSync(join(run, name), 'utf8')).not.toMatch(/eyJ[\w-]+\.[\w-]+\./);
  }
  for (const name of readdirSync(join(run, 'held', 'processes'))) {
    if (name.endsWith('.log'))
      expect(readFileSync(join(run, 'held', 'processes', name), 'utf8')).not.toMatch(/eyJ[\w-]+\./);
  }
  expect(readdirSync(join(run, 'held', 'engine-0'))).not.toContain('identities.ndjson');
}

describe('a scenario of one’s own', () => {
  it('drives a wave to its verdict, by the copy that the plan was made of', async () => {
    const scenario = join(folder, 'browse.ts');
    writeFileSync(scenario, readFileSync(join(examples, 'browse.ts'), 'utf8'));
    const { workflowId, runKey } = await system.start('SoakWave', {
      ...short,
      duration: '30s',
      window: '15s',
      scenario,
    });
    await system.until(workflowId, ({ phase }) => phase !== 'plan');
    writeFileSync(scenario, 'export default 1;\n');
    const { outcome } = await system.result(workflowId);
    const { answerTo, open } = verdictOf(runKey);
    expect(open).toBe('');
    expect(outcome).toBe('pass');
    expect(answerTo('no-lost-write')?.outcome).toBe('pass');
    expect(answerTo('operations-checked')?.reason).toContain('All 4 operations');
    const operations = evidenceOf(runKey).operations.map(({ operation }) => operation);
    const named = ['create-tool', 'list tools of a team', 'search', 'update-tool'];
    expect(operations).toEqual(expect.arrayContaining(named));
  });

  it('that breaks in a task fails its run, and not its engine', async () => {
    const scenario = join(folder, 'broken.ts');
    writeFileSync(
      scenario,
      `export default { classes: [{ name: 'a', weight: 1, thinkTimeMs: [100, 200], tasks: {
        fine: { weight: 1, run: (user) => user.request({ name: 'look', path: '/v1/tools?scope=team:' + user.teamIds[0] + '&limit=5' }) },
        broken: { weight: 1, run: () => { Promise.reject(new Error('nobody waits for this')); throw new Error('no'); } },
      } }] };\n`,
    );
    // At a rate, as the one above is not: iterations that break hold their users for a tenth of a second more.
    const { workflowId, runKey } = await system.start('SoakWave', { ...short, users: 20, arrivalRate: 10, scenario });
    expect((await system.result(workflowId)).outcome).toBe('fail');
    const { verdict, answerTo } = verdictOf(runKey);
    expect(verdict.answers.filter(({ outcome }) => outcome === 'fail').map(({ question }) => question)).toEqual([
      'error-rate',
    ]);
    expect(answerTo('load-delivered')?.outcome).toBe('pass');
    const evidence = evidenceOf(runKey);
    const broken = evidence.operations.find(({ operation }) => operation === 'task broken');
    expect(broken?.failed['task-error']).toBeGreaterThan(10);
    expect(evidence.findings.map(({ detail }) => detail)).toContain('task broken: Error: no');
    expect(system.starts('engine-0', runKey)).toBe(1);
  });

  it('that does not load is bad input, before anything starts', async () => {
    const scenario = join(folder, 'bad.ts');
    writeFileSync(
      scenario,
      `export default { classes: [{ name: 'a', weight: 0, tasks: { b: { weight: 0, run: 1 } } }] };\n`,
    );
    const { type, message } = await failureOf({ scenario });
    expect(type).toBe('InvalidInput');
    expect(message).toContain(`scenario: ${scenario}: classes[0] (a): tasks.b.run: given is 1; it must be a function`);
    const { exitCode, stderr } = await system.soak('run', 'smoke', '--scenario', scenario);
    expect(exitCode).toBe(64);
    expect(stderr).toContain('it must be a function');
  });
});

const toolOf = (name: 'locust' | 'k6'): string | undefined => findBinary(name, environment);

/** The tool's own process, below the driver that holds it. */
function toolPid(runKey: string): number {
  const driver = system.record('engine-0', runKey).pid;
  const child = listProcessStats().find(({ parentPid }) => parentPid === driver);
  if (child === undefined) throw new Error('the driver has no tool');
  return child.pid;
}

describe.skipIf(toolOf('locust') === undefined)('a Locust file of one’s own (skipped where there is no Locust)', () => {
  const locustfile = join(examples, 'locustfile.py');

  it('drives a wave to its verdict', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', { ...short, locustfile });
    const { outcome } = await system.result(workflowId);
    const { answerTo, whyNot, open } = verdictOf(runKey);
    expect(open).toBe('');
    expect(outcome).toBe('pass');
    expect(answerTo('error-rate')?.reason).toContain('requests outside fault windows failed');
    expect(answerTo('load-delivered')?.outcome).toBe('pass');
    expect(whyNot('no-lost-write')).toContain('Locust writes past the durability oracle');
    const { operations, ledger, findings } = evidenceOf(runKey);
    expect(operations.map(({ operation }) => operation)).toEqual(['GET /v1/tools/search', 'GET /v1/tools?scope=team']);
    for (const { ok, failed, latency } of operations) {
      expect(failed).toEqual({});
      expect(ok).toBeGreaterThan(20);
      expect(latency?.count).toBe(ok);
    }
    expect(ledger.totals.requests).toBe(operations.reduce((sum, { ok }) => sum + ok, 0));
    expect(findings).toEqual([]);
    expectNoToken(runKey);
  });

  it('that dies in the load is a recorded gap; it starts again and the run ends with a verdict', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', {
      ...short,
      duration: '24s',
      window: '12s',
      // Two late seconds in twenty are too many for it, and those say what else the machine does.
      without: ['generator-not-saturated'],
      locustfile,
    });
    const { loadStartsAt = 0 } = await system.until(workflowId, (progress) => progress.loadStartsAt !== undefined);
    await sleep(Math.max(0, loadStartsAt + 7_000 - Date.now()));
    process.kill(toolPid(runKey), 'SIGKILL');
    const { outcome } = await system.result(workflowId);
    const { answerTo, open } = verdictOf(runKey);
    const { gaps, outages, ledger } = evidenceOf(runKey);
    expect(open).toBe('');
    expect(outcome).toBe('pass');
    expect(gaps.map(({ reason }) => reason)).toEqual([
      'Locust died (SIGKILL) and was started again; its users spawn anew',
    ]);
    expect(outages.map(({ name }) => name)).toEqual(['engine-0']);
    // Cut off in the second of the death, unknown in those that follow, if it took so long.
    expect(ledger.totals.abandoned + ledger.totals.unknown).toBeGreaterThan(0);
    expect(answerTo('load-delivered')?.reason).toContain('of recorded outage');
    // The driver lived: what was started again is the tool.
    expect(system.starts('engine-0', runKey)).toBe(1);
  });

  it('is paused, scaled and resumed like any load', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', { ...short, duration: '20s', locustfile });
    const { loadStartsAt = 0 } = await system.until(workflowId, (progress) => progress.loadStartsAt !== undefined);
    await sleep(Math.max(0, loadStartsAt + 5_000 - Date.now()));
    const handle = system.client.workflow.getHandle(workflowId);
    await handle.executeUpdate('pause', { args: [{ why: 'to see it stand still' }] });
    await system.until(workflowId, ({ load }) => load?.users === 0, 20_000);
    await handle.executeUpdate('resume', { args: [{ why: 'seen' }] });
    await handle.executeUpdate('scaleLoad', { args: [{ users: 9, why: 'a few more' }] });
    await system.until(workflowId, ({ load }) => load?.users === 9, 20_000);
    await system.result(workflowId);
    expect(verdictOf(runKey).open).toBe('');
  });

  it('that Locust does not load is bad input', async () => {
    const broken = join(folder, 'broken.py');
    writeFileSync(broken, 'from locust import HttpUser\nclass A(HttpUser:\n  pass\n');
    const { type, message } = await failureOf({ locustfile: broken });
    expect(type).toBe('InvalidInput');
    expect(message).toContain(`locustfile: ${broken}: Locust does not load it: `);
  });
});

describe.skipIf(toolOf('k6') === undefined)('a k6 script of one’s own (skipped where there is no k6)', () => {
  it('drives a wave to its verdict, and shows its thresholds', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', { ...short, k6: join(examples, 'script.js') });
    await system.until(
      workflowId,
      ({ phase, loadStartsAt = Infinity }) => phase === 'load' && Date.now() > loadStartsAt,
    );
    const handle = system.client.workflow.getHandle(workflowId);
    await expect(handle.executeUpdate('pause', { args: [{ why: 'it cannot' }] })).rejects.toThrow();
    const { outcome } = await system.result(workflowId);
    const { answerTo, whyNot, open } = verdictOf(runKey);
    expect(open).toBe('');
    expect(outcome).toBe('pass');
    expect(answerTo('load-delivered')?.outcome).toBe('pass');
    expect(whyNot('generator-not-saturated')).toContain('k6 spreads over all cores');
    const { operations, findings } = evidenceOf(runKey);
    expect(operations.map(({ operation }) => operation)).toEqual(['GET /v1/tools?scope=team']);
    expect(findings.map(({ detail }) => detail)).toEqual(['met: http_req_duration p(95)<1000']);
    expectNoToken(runKey);
  });
});
