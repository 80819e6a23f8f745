import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { Client as PostgresClient } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresUrl } from '#compose/postgres.ts';
import type { EngineTotals } from '#loadtest/totals.ts';
import type { EvidenceSummary, LoadPoint } from '#model/evidence-summary.ts';
import { heldPollMs } from '#model/held.ts';
import { EngineOrders } from '#model/load-plan.ts';
import type { OperatorAction } from '#model/operator.ts';
import type { Progress } from '#model/progress.ts';
import { startSystem, type System } from './system.ts';

/** Every window is an execution of its own: whatever operators change has to survive continue-as-new. */
const input = {
  ...{ wave: 'smoke', duration: '24s', window: '6s', users: 10, faults: 'none', keep: 'stack' },
  ...{ windowsPerExecution: 1, onBlocked: 'wait' },
};
/** From asking to the engine's following: what design §2 allows. */
const withinMs = 2_000;

let system: System;
let portOffset = 0;
beforeAll(async () => {
  system = await startSystem();
  const { stdout } = await system.soak('status', '--json');
  const { temporal } = JSON.parse(stdout) as { temporal: { address: string } };
  portOffset = Number(temporal.address.split(':')[1]) - 7_233;
});
afterAll(async () => {
  await system.down();
});

const why = 'the test wants it';

async function tell(workflowId: string, action: OperatorAction, request: object = {}): Promise<string> {
  const handle = system.client.workflow.getHandle(workflowId);
  return handle.executeUpdate<string, [object]>(action, { args: [{ why, who: 'tester', ...request }] });
}

/** What the run says to a request that makes no sense. */
async function refusalOf(workflowId: string, action: OperatorAction, request: object = {}): Promise<string> {
  try {
    return `accepted: ${await tell(workflowId, action, request)}`;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? error.message;
    throw error;
  }
}

const until = (workflowId: string, wanted: (progress: Progress) => boolean): Promise<Progress> =>
  system.until(workflowId, wanted);

/** Waits until the load has run for `seconds`. */
async function intoLoad(workflowId: string, seconds: number): Promise<void> {
  const { loadStartsAt = 0 } = await until(
    workflowId,
    ({ phase, loadStartsAt: at }) => phase === 'load' && at !== undefined,
  );
  await sleep(Math.max(0, loadStartsAt + seconds * 1_000 - Date.now()));
}

/** Waits until the engine has asked something: one that is still beginning needs the plan that the tests take away. */
async function untilDriving(runKey: string): Promise<void> {
  const file = join(system.folder, 'runs', runKey, 'held', 'engine-0', 'totals-1.json');
  const deadline = Date.now() + 60_000;
  const requests = (): number =>
    existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as EngineTotals).load.requests : 0;
  while (requests() === 0) {
    if (Date.now() > deadline) throw new Error('the engine drove nothing');
    await sleep(100);
  }
}

/** What the engine follows now, by its own file. */
function ordersOf(runKey: string): EngineOrders {
  const file = join(system.folder, 'runs', runKey, 'held', 'engine-0', 'desired.json');
  return EngineOrders.parse((JSON.parse(readFileSync(file, 'utf8')) as { payload: unknown }).payload);
}

/** Does it, and resolves to how long it took until the engine's orders were changed and read. */
async function msUntilSteered(runKey: string, act: () => Promise<unknown>): Promise<number> {
  const { revision = 0 } = ordersOf(runKey);
  const askedAt = Date.now();
  await act();
  while ((ordersOf(runKey).revision ?? 0) <= revision) {
    if (Date.now() > askedAt + 20_000) throw new Error('the engine was never steered');
    await sleep(20);
  }
  return Date.now() - askedAt + heldPollMs;
}

const steerable = ({ paused, users, loadEndsAt, faults, operatorActions, blocked }: Progress) => ({
  ...{ paused, users, loadEndsAt, faults, operatorActions, blocked },
});

async function auditOf(runKey: string): Promise<{ who: string; what: string; why: string }[]> {
  return asking(15_432, 'select who, what, why from audit where run_key = $1 order by at', [runKey]);
}

async function asking<Row>(port: number, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new PostgresClient({ connectionString: postgresUrl(port + portOffset) });
  await client.connect();
  try {
    return (await client.query(text, values)).rows as Row[];
  } finally {
    await client.end();
  }
}

const evidenceOf = (runKey: string): EvidenceSummary =>
  JSON.parse(readFileSync(join(system.folder, 'runs', runKey, 'evidence.json'), 'utf8')) as EvidenceSummary;
const pointsBetween = (evidence: EvidenceSummary, from: number, to: number): LoadPoint[] =>
  evidence.ledger.points.filter(({ at }) => at >= from && at + 1_000 <= to);

describe('a run that is steered while it goes on', () => {
  it('pauses, goes on, scales, is extended and takes a fault; refuses what makes no sense; and passes', async () => {
    const { workflowId, runKey } = await system.start('SoakWave', input);
    await until(workflowId, ({ phase }) => phase === 'seed' || phase === 'provision');
    expect(await refusalOf(workflowId, 'pause')).toMatch(/^the load is not running: the run is in phase /);

    await intoLoad(workflowId, 3);
    const before = await until(workflowId, () => true);
    const handle = system.client.workflow.getHandle(workflowId);
    expect(await refusalOf(workflowId, 'resume')).toBe('the load is not paused');
    expect(await refusalOf(workflowId, 'resolveStep', { choice: 'retry' })).toBe('no step is blocked');
    expect(await refusalOf(workflowId, 'scaleLoad', { users: 21 })).toMatch(/more than this plan has .*: 20, where 10/);
    expect(await refusalOf(workflowId, 'scaleLoad', { users: 0 })).toContain('users: ');
    expect(await refusalOf(workflowId, 'pause', { why: ' ' })).toContain('say why');
    expect(await refusalOf(workflowId, 'injectFault', { kind: 'kill-gateway', victim: 'gateway-9' })).toContain(
      'there is no gateway-9',
    );
    expect(steerable(await until(workflowId, () => true))).toEqual(steerable(before));

    const pausedAt = Date.now();
    const pauseMs = await msUntilSteered(runKey, () => tell(workflowId, 'pause'));
    expect(await refusalOf(workflowId, 'pause')).toBe('the load is paused already');
    expect(await refusalOf(workflowId, 'injectFault', { kind: 'kill-gateway' })).toContain('the load is paused');
    expect(await until(workflowId, () => true)).toMatchObject({ paused: true, users: 0 });
    await sleep(8_000);
    const resumedAt = Date.now();
    const resumeMs = await msUntilSteered(runKey, () => tell(workflowId, 'resume'));
    expect(await until(workflowId, () => true)).toMatchObject({ paused: false });
    // Two seconds may go until the load is back, two more are left out below, and a whole second has to be there.
    await sleep(7_000);

    const upAt = Date.now();
    const upMs = await msUntilSteered(runKey, () => tell(workflowId, 'scaleLoad', { users: 20 }));
    // The same update again, as a client sends it that never heard the answer: after a seam, too, it is one.
    const extension = { args: [{ why, who: 'tester', by: '12s' }] as [object], updateId: 'extend-once' };
    const extend = () => handle.executeUpdate<string, [object]>('extend', extension);
    const extendMs = await msUntilSteered(runKey, extend);
    await sleep(6_000);
    const downAt = Date.now();
    const downMs = await msUntilSteered(runKey, () => tell(workflowId, 'scaleLoad', { users: 5 }));
    await extend();
    expect(await tell(workflowId, 'injectFault', { kind: 'kill-gateway', hold: '2s' })).toContain(
      'kill-gateway-2-asked-1',
    );
    expect(await refusalOf(workflowId, 'injectFault', { kind: 'kill-gateway', victim: 'gateway-1' })).toContain(
      'no gateway instance would be left',
    );
    const { faults } = await until(workflowId, ({ faults: all }) => all.some(({ state }) => state.startsWith('bit')));
    expect(faults).toEqual([{ fault: 'kill-gateway-2-asked-1', state: 'bit, healed by injection' }]);

    const { outcome, reasons } = await system.result(workflowId);
    expect({ outcome, reasons }).toEqual({ outcome: 'pass', reasons: [] });
    // More than one execution had a part in this.
    expect((await handle.describe()).runId).not.toBe(runKey);
    for (const took of [pauseMs, resumeMs, upMs, downMs, extendMs]) expect(took).toBeLessThan(withinMs);

    const evidence = evidenceOf(runKey);
    const { loadStartsAt = 0, loadEndsAt = 0, pauses = [] } = evidence;
    expect(pauses).toHaveLength(1);
    const [pause = { from: 0, to: 0 }] = pauses;
    expect(pause.from - pausedAt).toBeLessThan(withinMs);
    expect(pause.to - resumedAt).toBeLessThan(withinMs);
    // The run is longer by the pause, by a second in which the users come back, and by the extension, once.
    expect(loadEndsAt - loadStartsAt).toBe(24_000 + (pause.to - pause.from) + 1_000 + 12_000);
    const paused = pointsBetween(evidence, pause.from, pause.to);
    expect(paused.length).toBeGreaterThan(6);
    expect(paused.map(({ due }) => due)).toEqual(paused.map(() => 0));
    // In the first second of a pause, iterations may still end.
    expect(paused.slice(2).map(({ requests }) => requests)).toEqual(paused.slice(2).map(() => 0));
    expect(pointsBetween(evidence, pause.to + 2_000, upAt).map(({ due }) => due)).toContain(10);
    expect(pointsBetween(evidence, upAt + withinMs + 1_000, downAt).map(({ due }) => due)).toContain(20);
    const after = pointsBetween(evidence, downAt + withinMs + 1_000, loadEndsAt);
    expect(after.length).toBeGreaterThan(5);
    expect(new Set(after.map(({ due }) => due))).toEqual(new Set([5]));
    const { due, delivered } = evidence.ledger.totals;
    expect(delivered / due).toBeGreaterThan(0.99);
    // One engine, from the first window to the last: nothing of it was restarted.
    expect(system.starts('engine-0', runKey)).toBe(1);

    expect(await auditOf(runKey)).toEqual(
      [
        'pause the load',
        'resume the load',
        'scale the load to 20 virtual users',
        'extend the load by 12 s',
        'scale the load to 5 virtual users',
        'inject kill-gateway on gateway-2 for 2 s',
      ].map((what) => ({ who: 'tester', what, why })),
    );
    expect(await refusalOf(workflowId, 'pause').catch(() => 'over')).toBe('over');
  }, 300_000);
});

/** The database says that it was seeded for another plan, as one that somebody else uses would. */
const tamperSeed = async (fingerprint: string): Promise<string> => {
  const [row] = await asking<{ plan_fingerprint: string }>(25_432, 'select plan_fingerprint from soakwave.seeding');
  await asking(25_432, 'update soakwave.seeding set plan_fingerprint = $1', [fingerprint]);
  return row?.plan_fingerprint ?? '';
};

/** Takes the run's plan away, on disk, and puts another one into the store: nothing can be held or placed by that. */
async function hidePlan(runKey: string): Promise<() => Promise<void>> {
  const file = join(system.folder, 'runs', runKey, 'plan.json');
  const { seed } = JSON.parse(readFileSync(file, 'utf8')) as { seed: number };
  const plant = (planned: number): Promise<unknown> =>
    asking(15_432, "update runs set plan = jsonb_set(plan, '{seed}', $2::jsonb) where run_key = $1", [
      runKey,
      String(planned),
    ]);
  // In this order: whoever finds no file asks the store, and makes the file anew from what is right there.
  await plant(seed + 1);
  renameSync(file, `${file}.hidden`);
  return async () => {
    renameSync(`${file}.hidden`, file);
    await plant(seed);
  };
}

describe('a run that is blocked', () => {
  it('waits, in seeding and in the middle of its load, keeps its engine, and passes when it is told to try again', async () => {
    const held = await tamperSeed('of another plan');
    const { workflowId, runKey } = await system.start('SoakWave', { ...input, windowsPerExecution: 100 });
    const { blocked } = await until(workflowId, (progress) => progress.blocked !== undefined);
    expect(blocked).toMatch(/^seed: ForeignData: /);
    await tamperSeed(held);
    await tell(workflowId, 'resolveStep', { choice: 'retry' });

    await untilDriving(runKey);
    const restore = await hidePlan(runKey);
    const inLoad = await until(workflowId, (progress) => progress.blocked !== undefined);
    expect(inLoad.blocked).toMatch(/^load: PlanMissing: /);
    expect(await refusalOf(workflowId, 'pause')).toContain('a step is blocked');
    const { pid } = system.record('engine-0', runKey);
    await restore();
    await tell(workflowId, 'resolveStep', { choice: 'retry' });
    await until(workflowId, (progress) => progress.blocked === undefined);
    expect(system.record('engine-0', runKey).pid).toBe(pid);
    const { outcome, reasons } = await system.result(workflowId);
    expect({ outcome, reasons }).toEqual({ outcome: 'pass', reasons: [] });
    expect((await auditOf(runKey)).map(({ what }) => what.slice(0, 28))).toEqual([
      'retry the blocked step (seed',
      'retry the blocked step (load',
    ]);
  }, 300_000);

  it('goes on without the step that is skipped, and ends when the next one is aborted: neither passes', async () => {
    const held = await tamperSeed('of another plan');
    const { workflowId, runKey } = await system.start('SoakWave', input);
    await until(workflowId, (progress) => progress.blocked !== undefined);
    await tamperSeed(held);
    await tell(workflowId, 'resolveStep', { choice: 'skip' });
    await until(workflowId, ({ phase }) => phase === 'warm-cache');
    const restore = await hidePlan(runKey);
    const { blocked } = await until(workflowId, (progress) => progress.blocked !== undefined);
    expect(blocked).toMatch(/^(warm-cache|load): PlanMissing: /);
    await tell(workflowId, 'resolveStep', { choice: 'abort' });
    await restore();
    const { outcome, reasons } = await system.result(workflowId);
    expect(outcome).toBe('inconclusive');
    expect(reasons.join()).toContain('seeding');
    expect(existsSync(join(system.folder, 'stack', 'claim.json'))).toBe(false);
  }, 300_000);
});
